#include "tests/unit/server/store_fixture.h"

#include "server/store/assignees.h"
#include "server/store/issues.h"
#include "server/store/labels.h"
#include "server/store/milestones.h"
#include "server/store/timeline.h"

static int64_t
add_issue(struct txn *t, struct fixture *f, struct err *e)
{
	const struct issue_new n = {
		.project_id = f->project,
		.author_id = f->alice,
		.title = "t",
		.body = "b",
		.now = FIXTURE_NOW,
	};
	int64_t number = 0;

	return issues_insert(t, &n, &number, e) == -1 ? -1 : number;
}

static int64_t
add_label(struct txn *t, struct fixture *f, const char *name, struct err *e)
{
	struct label l = { .project_id = f->project, .color = "ff0000" };
	int64_t id = 0;
	int rc;

	l.name = xstrdup(name);
	rc = labels_insert(t, &l, &id, e);
	label_release(&l);
	return rc == -1 ? -1 : id;
}

static int64_t
add_milestone(
    struct txn *t, struct fixture *f, const char *title, struct err *e)
{
	struct milestone m = { .project_id = f->project };
	int64_t id = 0;
	int rc;

	m.title = xstrdup(title);
	rc = milestones_insert(t, &m, &id, e);
	milestone_release(&m);
	return rc == -1 ? -1 : id;
}

/* "5 3": the numbers of a list, and its total. */
static bool
lists(struct txn *t, const struct issue_filter *f, const char *want,
    int64_t total, struct err *e)
{
	struct issue_list l;
	char got[200] = "";
	size_t n = 0;
	bool ok;

	if (issues_list(t, f, &l, e) == -1)
		return false;
	for (size_t i = 0; i < l.n; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%lld",
		    i == 0 ? "" : " ", (long long)l.at[i].number);
	ok = strcmp(got, want) == 0 && l.total == total;
	if (!ok)
		(void)err_set(e, ERR_INTERNAL, "got %.60s of %lld", got,
		    (long long)l.total);
	issue_list_release(&l);
	return ok;
}

/* Open 1 2 3 5, closed 4, no pull request: of each kind, in each order. */
static int
steps_kinds(struct txn *t, struct fixture *f, struct err *e)
{
	static const int64_t total[2][3] = { { 5, 4, 1 }, { 0, 0, 0 } };

	for (int k = 0; k < 3 * 3 * (ISSUE_LEAST_COMMENT + 1); k++) {
		struct issue_filter x = { .project_id = f->project,
			.is_pull = k % 3 - 1,
			.state = (enum issue_state)(k / 3 % 3),
			.sort = (enum issue_sort)(k / 9) };
		int64_t n = total[x.is_pull == 1][x.state];
		struct issue_list l;

		for (x.since = 0; x.since < 2; x.since++) {
			STEP(issues_list(t, &x, &l, e) == 0);
			STEP(l.total == n && l.n == (size_t)n);
			issue_list_release(&l);
		}
	}
	return 0;
}

static int
steps_filters(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct issue_filter any = { .project_id = f->project,
		.is_pull = -1 };
	struct issue_filter x = any;
	struct issue i[6];
	bool changed = false;
	int64_t bug, rare;

	for (int64_t k = 1; k <= 5; k++) {
		STEP(add_issue(t, f, e) == k);
		STEP(issues_get(t, f->project, k, &i[k], e) == 0);
	}
	bug = add_label(t, f, "Bug", e);
	rare = add_label(t, f, "rare", e);
	for (int k = 1; k <= 4; k++)
		STEP(item_labels_add(t, &i[k], bug, &changed, e) == 0);
	STEP(changed);
	STEP(item_labels_add(t, &i[4], bug, &changed, e) == 0 && !changed);
	STEP(item_labels_add(t, &i[2], rare, &changed, e) == 0);
	STEP(assignees_add(t, &i[2], f->bob, &changed, e) == 0);
	STEP(assignees_add(t, &i[5], f->bob, &changed, e) == 0);
	STEP(mentions_add(t, f->project, 3, f->bob, &changed, e) == 0);
	STEP(issues_set_state(
		 t, f->project, 4, ISSUE_CLOSED, FIXTURE_NOW + 1, e) == 0);

	x.labels[0] = "bug";
	x.n_labels = 1;
	STEP(lists(t, &x, "4 3 2 1", 4, e));
	x.state = ISSUE_OPEN;
	STEP(lists(t, &x, "3 2 1", 3, e));
	x.sort = ISSUE_OLDEST;
	x.limit = 2;
	STEP(lists(t, &x, "1 2", 3, e));
	x.labels[1] = "rare";
	x.n_labels = 2;
	STEP(lists(t, &x, "2", 1, e));
	x.assigned_to = "BOB";
	STEP(lists(t, &x, "2", 1, e));
	/* As many names as a filter takes, with all else that it takes. */
	for (x.n_labels = 0; x.n_labels < ISSUE_FILTER_NAMES; x.n_labels++)
		x.labels[x.n_labels] = "bug";
	x.is_pull = 0;
	x.since = 1;
	x.before = 100;
	STEP(lists(t, &x, "2", 1, e));
	x.created_by = "alice";
	x.q = "t";
	x.until = FIXTURE_NOW + 100;
	STEP(lists(t, &x, "2", 1, e));
	x = any;
	x.sort = ISSUE_OLDEST;
	x.limit = 2;
	x.state = ISSUE_OPEN;
	x.assigned_to = "BOB";
	STEP(lists(t, &x, "2 5", 2, e));
	x = any;
	x.mentioned = "bob";
	STEP(lists(t, &x, "3", 1, e));
	x.is_pull = 1;
	STEP(lists(t, &x, "", 0, e));
	x = any;
	x.labels[0] = "none";
	x.n_labels = 1;
	STEP(lists(t, &x, "", 0, e));
	STEP(steps_kinds(t, f, e) == 0);
	x = any;
	x.sort = ISSUE_RECENT_UPDATE;
	x.limit = 1;
	STEP(lists(t, &x, "4", 5, e));
	for (int k = 1; k <= 5; k++)
		issue_release(&i[k]);
	return fixture_verdict(f, e);
}

static void
a_list_has_what_all_its_filters_leave(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_filters, f, e));
}

static bool
counts(struct txn *t, struct fixture *f, int64_t id, int64_t open,
    int64_t closed, struct err *e)
{
	struct milestone m;
	bool ok;

	if (milestones_get(t, f->project, id, &m, e) == -1)
		return false;
	ok = m.open_items == open && m.closed_items == closed;
	milestone_release(&m);
	return ok;
}

static int
steps_milestones(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct issue i;
	int64_t a = add_milestone(t, f, "a", e);
	int64_t b = add_milestone(t, f, "b", e);

	STEP(add_issue(t, f, e) == 1 && add_issue(t, f, e) == 2);
	STEP(issues_set_milestone(t, f->project, 1, a, 1, e) == 0);
	STEP(issues_set_milestone(t, f->project, 2, a, 1, e) == 0);
	STEP(counts(t, f, a, 2, 0, e));
	STEP(issues_set_state(t, f->project, 2, ISSUE_CLOSED, 2, e) == 0);
	STEP(counts(t, f, a, 1, 1, e));
	STEP(issues_set_milestone(t, f->project, 2, b, 3, e) == 0);
	STEP(counts(t, f, a, 1, 0, e) && counts(t, f, b, 0, 1, e));
	STEP(issues_delete(t, f->project, 1, e) == 0);
	STEP(counts(t, f, a, 0, 0, e));
	STEP(milestones_delete(t, f->project, b, e) == 0);
	STEP(issues_get(t, f->project, 2, &i, e) == 0);
	STEP(i.milestone.id == 0);
	issue_release(&i);
	STEP_FAILS(ERR_NOTFOUND, milestones_delete(t, f->project, b, e));
	return fixture_verdict(f, e);
}

static void
a_milestone_counts_its_items(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_milestones, f, e));
}

static int
steps_timeline(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct timeline_new n = { .project_id = f->project,
		.item = 1,
		.actor_id = f->alice,
		.now = FIXTURE_NOW,
		.kind = "lock" };
	struct timeline_filter x = {
		.project_id = f->project, .item = 1, .limit = 2, .offset = 1
	};
	struct timeline_list list;
	struct timeline_page page;
	int64_t id[3] = { 0 };

	STEP(add_issue(t, f, e) == 1);
	for (int k = 0; k < 3; k++) {
		n.now += 5;
		STEP(timeline_add(t, &n, &id[k], e) == 0);
	}
	STEP(id[0] > 0 && id[1] == id[0] + 1 && id[2] == id[1] + 1);
	STEP(timeline_find(t, &x, &page, e) == 0);
	STEP(page.n == 2 && page.total == 3);
	STEP(page.at[0].id == id[1] && !page.at[0].is_comment);
	x.since = n.now;
	x.offset = 0;
	STEP(timeline_find(t, &x, &page, e) == 0);
	STEP(page.n == 1 && page.at[0].id == id[2]);
	id[1] = id[2] + 100;
	STEP(timeline_many(t, f->project, id, 3, &list, e) == 0);
	STEP(list.n == 2 && list.at[0].id == id[0] && list.at[1].id == id[2]);
	timeline_list_release(&list);
	STEP(timeline_many(t, f->project + 1, id, 3, &list, e) == 0);
	STEP(list.n == 0);
	return fixture_verdict(f, e);
}

static void
the_timeline_has_its_own_order_and_pages(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_timeline, f, e));
}

static int
steps_pins(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct issue_list l;
	struct issue i;

	for (int64_t k = 1; k <= 3; k++) {
		STEP(add_issue(t, f, e) == k);
		STEP(issues_get(t, f->project, k, &i, e) == 0);
		STEP(issues_set_pin(t, &i, k, e) == 0);
		issue_release(&i);
	}
	STEP(issues_get(t, f->project, 3, &i, e) == 0);
	STEP(issues_set_pin(t, &i, 1, e) == 0);
	issue_release(&i);
	STEP(issues_pinned(t, f->project, false, &l, e) == 0);
	STEP(l.n == 3 && l.at[0].number == 3 && l.at[1].number == 1 &&
	    l.at[2].number == 2);
	for (size_t k = 0; k < l.n; k++)
		STEP(l.at[k].pin == (int64_t)k + 1);
	issue_list_release(&l);
	return fixture_verdict(f, e);
}

static void
pins_have_places_without_gaps(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_pins, f, e));
}

static void
labels_have_scopes_and_colors(void **state)
{
	char color[LABEL_COLOR_HEX + 1];

	(void)state;
	assert_int_equal(label_scope("a/b/c"), 3);
	assert_int_equal(label_scope("a"), 0);
	assert_int_equal(label_scope("a/"), 0);
	assert_true(label_color("#aBc", color));
	assert_string_equal(color, "aabbcc");
	assert_true(label_color("00FF00", color));
	assert_string_equal(color, "00ff00");
	assert_false(label_color("#12345", color));
	assert_false(label_color("red", color));
	assert_false(label_color("", color));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_list_has_what_all_its_filters_leave, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(a_milestone_counts_its_items,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    the_timeline_has_its_own_order_and_pages, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(pins_have_places_without_gaps,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test(labels_have_scopes_and_colors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
