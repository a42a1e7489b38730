#include "tests/unit/server/store_fixture.h"

#include "server/store/attachments.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/notifications.h"
#include "server/store/reactions.h"
#include "server/store/revisions.h"
#include "server/store/search.h"
#include "server/store/words_target.h"

static int64_t
add_issue(struct txn *t, struct fixture *f, const char *title, struct err *e)
{
	struct issue_new n = { .project_id = f->project,
		.author_id = f->alice,
		.title = title,
		.body = "a body",
		.now = FIXTURE_NOW };
	int64_t number = 0;

	return issues_insert(t, &n, &number, e) == -1 ? -1 : number;
}

static int64_t
add_comment(struct txn *t, struct fixture *f, int64_t item, const char *body,
    struct err *e)
{
	struct comment_new n = { .project_id = f->project,
		.item = item,
		.author_id = f->alice,
		.body = body,
		.now = FIXTURE_NOW };
	int64_t id = 0;

	return comments_insert(t, &n, &id, e) == -1 ? -1 : id;
}

/* How many items q finds for the viewer; -1 when it fails. */
static int64_t
found(struct txn *t, const char *q, int64_t viewer, struct err *e)
{
	struct search_filter x = { .q = q, .is_pull = -1, .viewer = viewer };
	struct issue_list l;
	int64_t n;

	if (search_items(t, &x, &l, e) == -1)
		return -1;
	n = (int64_t)l.n;
	issue_list_release(&l);
	return n;
}

static int
steps_search(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	int64_t c;

	STEP(add_issue(t, f, "Leaking boats", e) == 1);
	STEP(add_issue(t, f, "Dry", e) == 2);
	STEP((c = add_comment(t, f, 2, "the hull of the boat", e)) > 0);
	STEP(found(t, "boat", 0, e) == 2);
	STEP(found(t, "boat -hull", 0, e) == 1);
	STEP(found(t, "\"of the boat\"", 0, e) == 1);
	STEP(found(t, "lea", 0, e) == 0);
	STEP(found(t, "boat", f->alice, e) == 2);
	STEP(found(t, "boat", f->bob, e) == 0);
	STEP(found(t, "p1", 0, e) == 0);
	STEP(found(t, NULL, f->alice, e) == 2);
	STEP(comments_set_body(
		 t, f->project, c, "a ship", FIXTURE_NOW + 1, e) == 0);
	STEP(found(t, "hull", 0, e) == 0);
	STEP(found(t, "ships", 0, e) == 1);
	STEP(issues_set_text(
		 t, f->project, 1, "Calm", NULL, FIXTURE_NOW + 2, e) == 0);
	STEP(found(t, "leak", 0, e) == 0);
	STEP(comments_delete(t, f->project, c, FIXTURE_NOW + 3, e) == 0);
	STEP(found(t, "ship", 0, e) == 0);
	return fixture_verdict(f, e);
}

static void
the_index_follows_the_words(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_search, f, e));
}

static int
steps_comments(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct comment_filter x = { .project_id = f->project };
	struct comment_list l;
	int64_t a, b;

	STEP(add_issue(t, f, "One", e) == 1);
	STEP(add_issue(t, f, "Two", e) == 2);
	STEP((a = add_comment(t, f, 2, "a", e)) > 0);
	STEP((b = add_comment(t, f, 1, "b", e)) > a);
	STEP(comments_set_body(t, f->project, a, "c", FIXTURE_NOW + 5, e) == 0);
	STEP(comments_find(t, &x, &l, e) == 0);
	STEP(l.n == 2 && l.at[0].id == a && l.at[1].id == b && l.total == 2);
	comment_list_release(&l);
	x.since = FIXTURE_NOW + 5;
	STEP(comments_find(t, &x, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].id == a);
	comment_list_release(&l);
	x.since = 0;
	x.before = FIXTURE_NOW + 5;
	STEP(comments_find(t, &x, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].id == b);
	comment_list_release(&l);
	return fixture_verdict(f, e);
}

static void
comments_of_a_project_are_found_by_time(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_comments, f, e));
}

static int
steps_far_pages(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct comment_filter x = { .project_id = f->project, .limit = 1 };
	struct comment_list l;
	int64_t first = 0, id = 0;

	STEP(add_issue(t, f, "One", e) == 1);
	for (int i = 0; i < 2100; i++) {
		STEP((id = add_comment(t, f, 1, "a", e)) > 0);
		first = i == 0 ? id : first;
	}
	STEP(comments_delete(t, f->project, first + 3, FIXTURE_NOW, e) == 0);
	for (x.offset = 0; x.offset < 2110; x.offset += 211) {
		STEP(comments_find(t, &x, &l, e) == 0);
		STEP(l.total == 2099);
		STEP(l.n == (x.offset < 2099));
		STEP(l.n == 0 ||
		    l.at[0].id == first + x.offset + (x.offset > 3));
		comment_list_release(&l);
	}
	return fixture_verdict(f, e);
}

static void
far_pages_of_a_project_are_found(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_far_pages, f, e));
}

static int
steps_hanging(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct words_target on = { .project_id = f->project };
	struct words_state s;
	struct attachment_new an = { .account_id = f->alice,
		.uuid = "u-1",
		.name = "n",
		.type = "text/plain" };
	struct reaction_new rn = { .account_id = f->alice, .content = "heart" };
	struct uuid_list gone;
	struct reaction_count_list counts;
	struct reaction_list rl;
	bool added, known;
	int64_t id;

	STEP(add_issue(t, f, "One", e) == 1);
	STEP((on.comment_id = add_comment(t, f, 1, "a", e)) > 0);
	STEP(words_target_get(t, &on, &s, e) == 0);
	STEP(on.item == 1 && s.author_id == f->alice && !s.locked);
	rn.on = an.on = on;
	STEP(attachments_insert(t, &an, &id, e) == 0);
	STEP(reactions_add(t, &rn, &added, e) == 0 && added);
	STEP(reactions_add(t, &rn, &added, e) == 0 && !added);
	id = on.comment_id;
	STEP(reactions_counted(
		 t, f->project, 1, &id, 1, f->alice, &counts, e) == 0);
	STEP(counts.n == 1 && counts.at[0].n == 1 && counts.at[0].mine);
	reaction_count_list_release(&counts);
	STEP(reactions_counted(
		 t, f->project, 1, &id, 1, f->alice + 1, &counts, e) == 0);
	STEP(counts.n == 1 && !counts.at[0].mine);
	reaction_count_list_release(&counts);
	id = 0;
	STEP(reactions_counted(
		 t, f->project, 1, &id, 1, f->alice, &counts, e) == 0);
	STEP(counts.n == 0);
	for (int i = 0; i < REVISIONS_MAX + 3; i++)
		STEP(revisions_add(t, &on, f->alice, i, "x", e) == 0);
	STEP(comments_delete(t, f->project, on.comment_id, 9, e) == 0);
	STEP(attachments_gone(t, 10, &gone, e) == 0);
	STEP(gone.n == 1 && strcmp(gone.at[0].uuid, "u-1") == 0);
	free(gone.at);
	STEP(attachments_known(t, "u-1", &known, e) == 0 && !known);
	STEP(reactions_list(t, &on, 0, 0, &rl, e) == 0 && rl.n == 0);
	STEP(words_target_get(t, &on, &s, e) == -1);
	return fixture_verdict(f, e);
}

static void
with_a_comment_goes_what_hangs_on_it(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_hanging, f, e));
}

static int
steps_revisions(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct words_target on = { f->project, 1, 0 };
	struct revision_list l;

	STEP(add_issue(t, f, "One", e) == 1);
	for (int i = 0; i < REVISIONS_MAX + 3; i++)
		STEP(revisions_add(t, &on, f->alice, i + 1, "x", e) == 0);
	STEP(revisions_list(t, &on, &l, e) == 0);
	STEP(l.n == REVISIONS_MAX && l.at[0].at == 4);
	revision_list_release(&l);
	return fixture_verdict(f, e);
}

static void
the_newest_revisions_are_kept(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_revisions, f, e));
}

static int
steps_notices(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const int64_t named[] = { f->bob, f->root };
	struct notice_new n = { .project_id = f->project,
		.item = 1,
		.actor_id = f->root,
		.now = 5,
		.named = named,
		.n_named = 2 };
	struct notice_filter of = { .account_id = f->alice };
	struct notice_list l;
	int64_t unread;

	STEP(add_issue(t, f, "One", e) == 1);
	STEP(notices_join(t, f->project, 1, f->alice, e) == 0);
	STEP(notices_tell(t, &n, e) == 0);
	STEP(notices_unread(t, &of, &unread, e) == 0 && unread == 1);
	of.account_id = f->root;
	of.sees_all = true;
	STEP(notices_unread(t, &of, &unread, e) == 0 && unread == 0);
	of.account_id = f->bob; /* may not see it */
	STEP(notices_list(t, &of, &l, e) == 0 && l.n == 0);
	of = (struct notice_filter){ .account_id = f->alice };
	STEP(notices_set_all(t, &of, 4, NOTICE_READ, e) == 0);
	STEP(notices_unread(t, &of, &unread, e) == 0 && unread == 1);
	STEP(notices_set_all(t, &of, 5, NOTICE_PINNED, e) == 0);
	STEP((n.comment_id = add_comment(t, f, 1, "a", e)) > 0);
	n.now = 6;
	STEP(notices_tell(t, &n, e) == 0);
	of.pinned = true;
	STEP(notices_list(t, &of, &l, e) == 0 && l.n == 1);
	STEP(l.at[0].status == NOTICE_PINNED &&
	    l.at[0].comment_id == n.comment_id && l.at[0].updated_at == 6);
	notice_list_release(&l);
	/* One that is gone is led to no more. */
	STEP(comments_delete(t, f->project, n.comment_id, 7, e) == 0);
	STEP(notices_list(t, &of, &l, e) == 0 && l.n == 1);
	STEP(l.at[0].comment_id == 0);
	notice_list_release(&l);
	return fixture_verdict(f, e);
}

static void
those_concerned_are_told_once_per_item(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_notices, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_index_follows_the_words,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    comments_of_a_project_are_found_by_time, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    far_pages_of_a_project_are_found, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    with_a_comment_goes_what_hangs_on_it, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(the_newest_revisions_are_kept,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    those_concerned_are_told_once_per_item, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
