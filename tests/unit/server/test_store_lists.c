#include "tests/unit/server/store_fixture.h"

#include "server/domain/approval.h"
#include "server/domain/work.h"
#include "server/store/approvals.h"
#include "server/store/db_priv.h"
#include "server/store/runs.h"

enum {
	LISTS_ROWS = 60,
	LISTS_OPEN_TO = FIXTURE_NOW + 100
};

/* Three projects in turn; alice has a role in the first and the last of them,
 * and in a fourth that has nothing.  Of the asks each seventh is open, each
 * fourteenth of these is over its time. */
static int
lists_fill(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct project_settings s;
	struct project_new n = { .owner = "root",
		.upstream = "",
		.settings = &s,
		.now = FIXTURE_NOW };
	int64_t project[4] = { f->project };
	char name[2] = "a";
	int rc = 0;

	project_settings_init(&s);
	for (int i = 1; i < 4; i++, name[0]++) {
		n.name = name;
		STEP(projects_insert(t, &n, &project[i], e) == 0);
		if (i > 1)
			STEP(roles_set(t, project[i], f->alice, ROLE_MAINTAINER,
				 e) == 0);
	}
	project_settings_release(&s);
	for (int i = 1; i <= LISTS_ROWS && rc == 0; i++) {
		rc = db_exec(t,
		    "INSERT INTO approval (id, project_id, kind, state, scope,"
		    " run_id, item, is_pull, created_at, expires_at, subject,"
		    " reason) VALUES (?1, ?2, 1, ?3, ?1, ?1, 1, 0, 1, ?4, 'x',"
		    " 'y')",
		    BINDS(I(i), I(project[i % 3]),
			I(i % 7 == 0 ? APPROVAL_OPEN : APPROVAL_DENIED),
			I(i % 14 == 0 ? FIXTURE_NOW : LISTS_OPEN_TO)),
		    NULL, e);
		if (rc == 0)
			rc = db_exec(t,
			    "INSERT INTO run (id, project_id, event, cause,"
			    " item, is_pull, command, access, agent, network,"
			    " wall_s, branch, base, base_sha, state,"
			    " created_at) VALUES (?1, ?2, ?1, 'x', 1, 0, 'fix',"
			    " 2, 'a', 1, 1, '', '', '', ?3, 1)",
			    BINDS(I(i), I(project[i % 3]),
				I(i % 5 == 0 ? RUN_FAILED : RUN_DONE)),
			    NULL, e);
	}
	STEP(rc == 0);
	return fixture_verdict(f, e);
}

static bool
lists_seen(int64_t id)
{
	return id % 3 != 1;
}

static bool
lists_open(int64_t id)
{
	return id % 7 == 0 && id % 14 != 0;
}

static bool
lists_is(const struct approval_filter *f, int64_t id)
{
	if (!lists_seen(id) || (f->project_id != 0 && id % 3 != 0))
		return false;
	if (f->answered)
		return !lists_open(id);
	if (f->state == APPROVAL_OPEN)
		return lists_open(id);
	if (f->state == APPROVAL_EXPIRED)
		return id % 14 == 0;
	if (f->state == APPROVAL_DENIED)
		return id % 7 != 0;
	return f->state == 0;
}

/* All pages of f, against each row asked by itself. */
static void
lists_walk(struct fixture *f, struct approval_filter filter)
{
	const int64_t step = filter.oldest ? 1 : -1;
	int64_t want = filter.oldest ? 1 : LISTS_ROWS, total = 0;
	struct approval_list l;

	for (int64_t id = 1; id <= LISTS_ROWS; id++)
		total += lists_is(&filter, id) ? 1 : 0;
	filter.viewer = f->alice;
	filter.now = FIXTURE_NOW;
	filter.limit = 4;
	for (filter.offset = 0; filter.offset <= total; filter.offset += 4) {
		OK(approvals_list(db_reader(f->db), &filter, &l, e));
		assert_int_equal(l.total, total);
		assert_int_equal(
		    l.n, total - filter.offset < 4 ? total - filter.offset : 4);
		for (size_t i = 0; i < l.n; i++, want += step) {
			while (!lists_is(&filter, want))
				want += step;
			assert_int_equal(l.at[i].id, want);
			assert_true(l.at[i].state ==
			    (lists_open(want)        ? APPROVAL_OPEN
				    : want % 14 == 0 ? APPROVAL_EXPIRED
						     : APPROVAL_DENIED));
		}
		approval_list_release(&l);
	}
}

static void
asks_of_all_projects_of_a_person_are_in_order(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, lists_fill, f, e));
	lists_walk(f, (struct approval_filter){ .limit = 0 });
	lists_walk(f, (struct approval_filter){ .oldest = true });
	lists_walk(f, (struct approval_filter){ .answered = true });
	lists_walk(f,
	    (struct approval_filter){ .state = APPROVAL_OPEN, .oldest = true });
	lists_walk(f, (struct approval_filter){ .state = APPROVAL_EXPIRED });
	lists_walk(f, (struct approval_filter){ .state = APPROVAL_DENIED });
	lists_walk(f, (struct approval_filter){ .state = APPROVAL_ALLOWED });
	lists_walk(f,
	    (struct approval_filter){
		.project_id = f->project, .answered = true });
}

static void
who_has_no_role_has_no_asks_and_no_runs(void **state)
{
	struct fixture *f = *state;
	const struct approval_filter asks = { .viewer = f->bob,
		.now = FIXTURE_NOW };
	const struct run_filter runs = { .viewer = f->bob };
	struct approval_list a;
	struct run_list r;

	OK(db_write_now(f->db, lists_fill, f, e));
	OK(approvals_list(db_reader(f->db), &asks, &a, e));
	assert_true(a.n == 0 && a.total == 0);
	OK(runs_list(db_reader(f->db), &runs, &r, e));
	assert_true(r.n == 0 && r.total == 0);
}

static void
runs_of_all_projects_of_a_person_are_in_order(void **state)
{
	struct fixture *f = *state;
	struct run_filter filter = { .viewer = f->alice, .limit = 7 };
	int64_t want = LISTS_ROWS;
	struct run_list l;

	OK(db_write_now(f->db, lists_fill, f, e));
	for (filter.offset = 0; filter.offset < 42; filter.offset += 7) {
		OK(runs_list(db_reader(f->db), &filter, &l, e));
		assert_int_equal(l.total, 40);
		for (size_t i = 0; i < l.n; i++, want--) {
			while (!lists_seen(want))
				want--;
			assert_int_equal(l.at[i].id, want);
		}
		run_list_release(&l);
	}
	assert_int_equal(want, 1);
	filter.state = RUN_FAILED;
	filter.offset = 0;
	OK(runs_list(db_reader(f->db), &filter, &l, e));
	assert_true(l.total == 8 && l.n == 7 && l.at[0].id == 60 &&
	    l.at[1].id == 50 && l.at[2].id == 45);
	run_list_release(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(asks_of_all_projects_of_a_person_are_in_order),
		T(who_has_no_role_has_no_asks_and_no_runs),
		T(runs_of_all_projects_of_a_person_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
