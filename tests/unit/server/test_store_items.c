#include "tests/unit/server/store_fixture.h"

#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/pulls.h"
#include "server/store/reviews.h"
#include "server/store/statuses.h"

static int64_t
add_issue(struct txn *t, struct fixture *f, const char *title, struct err *e)
{
	struct issue_new n = {
		.project_id = f->project,
		.author_id = f->alice,
		.title = title,
		.body = "See 100% of it",
		.now = FIXTURE_NOW,
	};
	int64_t number = 0;

	return issues_insert(t, &n, &number, e) == -1 ? -1 : number;
}

static int64_t
count(struct txn *t, const struct issue_filter *f, struct err *e)
{
	struct issue_list l;
	int64_t n;

	if (issues_list(t, f, &l, e) == -1)
		return -1;
	n = l.total;
	issue_list_release(&l);
	return n;
}

static int
steps_issue_filters(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct issue_filter any = { .project_id = f->project, .is_pull = -1 };
	struct issue_filter x;
	struct issue_list l;

	STEP(add_issue(t, f, "First", e) == 1);
	STEP(add_issue(t, f, "Second \xC3\xA9", e) == 2);
	STEP(add_issue(t, f, "Third", e) == 3);
	STEP(issues_set_state(
		 t, f->project, 2, ISSUE_CLOSED, FIXTURE_NOW + 9, e) == 0);
	STEP(count(t, &any, e) == 3);
	x = any;
	x.state = ISSUE_OPEN;
	STEP(count(t, &x, e) == 2);
	x = any;
	x.q = "sEcOnD";
	STEP(count(t, &x, e) == 1);
	x.q = "100%";
	STEP(count(t, &x, e) == 3);
	x.q = "10_%";
	STEP(count(t, &x, e) == 0);
	x = any;
	x.since = FIXTURE_NOW + 1;
	STEP(count(t, &x, e) == 1);
	x = any;
	x.created_by = "ALICE";
	STEP(count(t, &x, e) == 3);
	x.created_by = "nobody";
	STEP(count(t, &x, e) == 0);
	x = any;
	x.is_pull = 1;
	STEP(count(t, &x, e) == 0);
	x = any;
	x.limit = 1;
	x.offset = 1;
	STEP(issues_list(t, &x, &l, e) == 0);
	STEP(l.n == 1 && l.total == 3 && l.at[0].number == 2);
	STEP(l.at[0].closed_at == FIXTURE_NOW + 9);
	STEP(strcmp(l.at[0].author.login, "alice") == 0);
	issue_list_release(&l);
	x = any;
	x.before = 3;
	STEP(issues_list(t, &x, &l, e) == 0);
	STEP(l.n == 2 && l.total == 3);
	STEP(l.at[0].number == 2 && l.at[1].number == 1);
	issue_list_release(&l);
	return fixture_verdict(f, e);
}

static void
issues_are_filtered_and_counted(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_issue_filters, f, e));
}

static int
steps_comments(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct comment_new n = {
		.project_id = f->project,
		.item = 1,
		.author_id = f->bob,
		.body = "hello",
		.run_id = 4,
		.now = FIXTURE_NOW + 1,
	};
	struct comment_list l;
	struct comment c;
	struct issue i;
	int64_t id = 0, other = 0;

	STEP(add_issue(t, f, "One", e) == 1);
	STEP(comments_insert(t, &n, &id, e) == 0);
	n.now++;
	STEP(comments_insert(t, &n, &other, e) == 0);
	n.item = 77;
	STEP_FAILS(ERR_NOTFOUND, comments_insert(t, &n, &other, e));
	STEP(issues_get(t, f->project, 1, &i, e) == 0);
	STEP(i.comments == 2 && i.updated_at == FIXTURE_NOW + 2);
	issue_release(&i);
	STEP(comments_set_body(t, f->project, id, "changed", 9, e) == 0);
	STEP_FAILS(
	    ERR_NOTFOUND, comments_set_body(t, f->project + 1, id, "x", 9, e));
	STEP(comments_get(t, f->project, id, &c, e) == 0);
	STEP(strcmp(c.body, "changed") == 0 && c.run_id == 4);
	STEP(c.updated_at == 9 && c.item == 1 && !c.item_is_pull);
	comment_release(&c);
	STEP(comments_list(t, f->project, 1, 0, 0, &l, e) == 0);
	STEP(l.n == 2 && l.total == 2 && l.at[0].id == id);
	comment_list_release(&l);
	STEP(comments_delete(t, f->project, id, 10, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, comments_delete(t, f->project, id, 10, e));
	STEP(issues_get(t, f->project, 1, &i, e) == 0 && i.comments == 1);
	issue_release(&i);
	STEP(issues_set_text(t, f->project, 1, "New", NULL, 11, e) == 0);
	STEP(issues_get(t, f->project, 1, &i, e) == 0);
	STEP(strcmp(i.title, "New") == 0 && i.updated_at == 11);
	STEP(strcmp(i.body, "See 100% of it") == 0);
	issue_release(&i);
	STEP_FAILS(
	    ERR_BUSY, issues_set_state(t, f->project, 1, ISSUE_OPEN, 12, e));
	return fixture_verdict(f, e);
}

static void
comments_keep_the_count_of_their_issue(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_comments, f, e));
}

static int
add_pull(struct txn *t, struct fixture *f, const char *head, int64_t *number,
    struct err *e)
{
	struct pull_new n = {
		.project_id = f->project,
		.author_id = f->alice,
		.title = "Fix",
		.body = "",
		.head = head,
		.base = "main",
		.head_sha = SHA_A,
		.base_sha = SHA_B,
		.head_user_id = f->alice,
		.run_id = 3,
		.draft = true,
		.now = FIXTURE_NOW,
	};

	return pulls_insert(t, &n, number, e);
}

static int
steps_pull_life(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct pull_merge_test m = { .head_sha = SHA_A,
		.base_sha = SHA_C,
		.merge_base = SHA_B,
		.mergeable = MERGEABLE_YES };
	struct pull_merged done = { .head_sha = SHA_A,
		.merge_sha = SHA_B,
		.base_sha = SHA_C,
		.user_id = f->root,
		.now = 70 };
	struct pull p;
	int64_t n = 0;

	STEP(add_pull(t, f, "agent/fix-1", &n, e) == 0 && n == 1);
	STEP(pulls_set_mergeable(t, f->project, 1, &m, e) == 0);
	STEP(pulls_get(t, f->project, 1, &p, e) == 0);
	STEP(p.mergeable == MERGEABLE_YES && p.issue.is_pull);
	STEP(strcmp(p.base_sha, SHA_C) == 0 && p.run_id == 3);
	STEP(strcmp(p.head, "agent/fix-1") == 0);
	STEP(pulls_set_head(t, &p, SHA_C, f->bob, 60, e) == 0);
	STEP_FAILS(ERR_BUSY, pulls_set_head(t, &p, SHA_B, f->bob, 61, e));
	STEP_FAILS(ERR_BUSY, pulls_set_mergeable(t, f->project, 1, &m, e));
	pull_release(&p);
	STEP(pulls_find_open(t, f->project, "agent/fix-1", "main", &p, e) == 0);
	STEP(p.mergeable == MERGEABLE_UNKNOWN && p.head_user_id == f->bob);
	STEP(strcmp(p.head_sha, SHA_C) == 0);
	pull_release(&p);
	STEP_FAILS(ERR_BUSY, pulls_set_merged(t, f->project, 1, &done, e));
	done.head_sha = SHA_C;
	STEP(pulls_set_merged(t, f->project, 1, &done, e) == 0);
	STEP_FAILS(ERR_BUSY, pulls_set_merged(t, f->project, 1, &done, e));
	STEP_FAILS(
	    ERR_BUSY, issues_set_state(t, f->project, 1, ISSUE_OPEN, 80, e));
	STEP(pulls_get(t, f->project, 1, &p, e) == 0);
	STEP(p.issue.merged && p.issue.state == ISSUE_CLOSED && p.draft);
	STEP(p.merged_at == 70 && p.merged_by == f->root);
	STEP(p.issue.closed_at == 70 && strcmp(p.merge_sha, SHA_B) == 0);
	pull_release(&p);
	return fixture_verdict(f, e);
}

static void
a_pull_request_moves_by_compare_and_set(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_pull_life, f, e));
}

static int
list_pulls(struct txn *t, const struct pull_filter *filter, struct err *e)
{
	struct pull_list l;
	int64_t n;

	if (pulls_list(t, filter, &l, e) == -1)
		return -1;
	n = l.total == (int64_t)l.n ? l.total : -2;
	pull_list_release(&l);
	return (int)n;
}

static int
step_pull_a(struct txn *t, void *arg, struct err *e)
{
	int64_t n = 0;

	return add_pull(t, arg, "a", &n, e);
}

static int
steps_pairs(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct pull_filter by = { .project_id = f->project };
	int64_t n = 0;
	struct pull p;

	STEP(add_pull(t, f, "b", &n, e) == 0);
	STEP(issues_set_state(t, f->project, 1, ISSUE_CLOSED, 5, e) == 0);
	STEP(add_pull(t, f, "a", &n, e) == 0);
	STEP_FAILS(
	    ERR_NOTFOUND, pulls_find_open(t, f->project, "a", "dev", &p, e));
	STEP(pulls_set_base(t, f->project, n, "dev", SHA_B, 7, e) == 0);
	STEP(pulls_find_open(t, f->project, "a", "dev", &p, e) == 0);
	pull_release(&p);
	STEP(list_pulls(t, &by, e) == 3);
	by.before = 3;
	STEP(list_pulls(t, &by, e) == -2); /* two of three */
	by.before = 0;
	by.state = ISSUE_OPEN;
	STEP(list_pulls(t, &by, e) == 2);
	by.base = "main";
	STEP(list_pulls(t, &by, e) == 1);
	by.base = NULL;
	by.head = "a";
	STEP(list_pulls(t, &by, e) == 1);
	by.state = ISSUE_CLOSED;
	STEP(list_pulls(t, &by, e) == 1);
	return fixture_verdict(f, e);
}

static int
step_base_main(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;

	return pulls_set_base(t, f->project, 3, "main", SHA_B, 8, e);
}

static int
step_reopen_1(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;

	return issues_set_state(t, f->project, 1, ISSUE_OPEN, 9, e);
}

static void
one_open_pull_request_per_pair_of_branches(void **state)
{
	struct fixture *f = *state;
	struct issue i;

	OK(db_write_now(f->db, step_pull_a, f, e));
	FAILS(ERR_EXISTS, db_write_now(f->db, step_pull_a, f, e));
	OK(db_write_now(f->db, steps_pairs, f, e));
	/* Its pair is taken: nothing of the failed job stays. */
	OK(db_write_now(f->db, step_base_main, f, e));
	FAILS(ERR_EXISTS, db_write_now(f->db, step_reopen_1, f, e));
	OK(issues_get(db_reader(f->db), f->project, 1, &i, e));
	assert_int_equal(i.state, ISSUE_CLOSED);
	issue_release(&i);
}

/* 1 is a to main and closed, 2 is b to main, 3 is a to dev. */
static void
open_pull_requests_are_found_by_either_branch(void **state)
{
	struct fixture *f = *state;
	struct txn *t = db_reader(f->db);
	struct pull_key v[4];
	size_t n;

	OK(db_write_now(f->db, step_pull_a, f, e));
	OK(db_write_now(f->db, steps_pairs, f, e));
	OK(pulls_open(t, f->project, NULL, 0, v, 4, &n, e));
	assert_int_equal(n, 2);
	assert_int_equal(v[0].number, 2);
	assert_int_equal(v[1].number, 3);
	OK(pulls_open(t, f->project, NULL, 0, v, 1, &n, e));
	assert_int_equal(n, 1);
	OK(pulls_open(t, f->project, NULL, v[0].number, v, 4, &n, e));
	assert_int_equal(n, 1);
	assert_int_equal(v[0].number, 3);
	OK(pulls_open(t, f->project, "a", 0, v, 4, &n, e));
	assert_int_equal(n, 1);
	assert_int_equal(v[0].number, 3);
	OK(pulls_open(t, f->project, "main", 0, v, 4, &n, e));
	assert_int_equal(n, 1);
	assert_int_equal(v[0].number, 2);
	OK(pulls_open(t, f->project + 1, NULL, 0, v, 4, &n, e));
	assert_int_equal(n, 0);
}

static int
add_review(struct txn *t, struct fixture *f, int64_t who,
    enum review_state verdict, struct err *e)
{
	struct review_new n = {
		.project_id = f->project,
		.item = 1,
		.author_id = who,
		.state = verdict,
		.body = "b",
		.sha = SHA_A,
		.official = true,
		.now = FIXTURE_NOW,
	};
	int64_t id = 0;

	return reviews_insert(t, &n, &id, e);
}

static int
steps_reviews(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct review_list l;
	int64_t n = 0;

	STEP(add_pull(t, f, "a", &n, e) == 0);
	STEP(add_review(t, f, f->alice, REVIEW_REQUEST_CHANGES, e) == 0);
	STEP(add_review(t, f, f->bob, REVIEW_APPROVED, e) == 0);
	STEP(add_review(t, f, f->root, REVIEW_COMMENT, e) == 0);
	STEP(add_review(t, f, f->alice, REVIEW_APPROVED, e) == 0);
	STEP(add_review(t, f, f->alice, REVIEW_COMMENT, e) == 0);
	STEP(reviews_list(t, &(struct review_filter){ f->project, 1, 0, 2, 0 },
		 &l, e) == 0);
	STEP(l.n == 2 && l.total == 5);
	review_list_release(&l);
	STEP(reviews_latest(t, f->project, 1, &l, e) == 0);
	STEP(l.n == 2);
	STEP(l.at[0].author.id == f->bob && l.at[0].role == ROLE_NONE);
	STEP(l.at[1].author.id == f->alice);
	STEP(l.at[1].role == ROLE_MAINTAINER);
	STEP(l.at[1].state == REVIEW_APPROVED && l.at[1].official);
	review_list_release(&l);
	return fixture_verdict(f, e);
}

static void
the_latest_verdict_of_each_reviewer_counts(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_reviews, f, e));
}

static int
add_status(struct txn *t, struct fixture *f, const char *context,
    enum status_state verdict, struct err *e)
{
	struct status_new n = {
		.project_id = f->project,
		.sha = SHA_A,
		.state = verdict,
		.context = context,
		.creator_id = f->alice,
		.now = FIXTURE_NOW,
	};
	int64_t id = 0;

	return statuses_insert(t, &n, &id, e);
}

static int
steps_statuses(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct status_list l;
	enum user_kind kind;

	STEP(add_status(t, f, "lint", STATUS_PENDING, e) == 0);
	STEP(add_status(t, f, "build", STATUS_SUCCESS, e) == 0);
	STEP(add_status(t, f, "lint", STATUS_FAILURE, e) == 0);
	STEP(statuses_latest(t, f->project, SHA_A, 0, 0, &l, e) == 0);
	STEP(l.n == 2 && strcmp(l.at[0].context, "build") == 0);
	STEP(l.at[1].state == STATUS_FAILURE);
	STEP(l.at[1].description[0] == '\0');
	status_list_release(&l);
	STEP(statuses_latest(t, f->project, SHA_A, 1, 1, &l, e) == 0);
	STEP(l.n == 1 && strcmp(l.at[0].context, "lint") == 0);
	status_list_release(&l);
	STEP(statuses_latest(t, f->project, SHA_B, 0, 0, &l, e) == 0 &&
	    l.n == 0);
	STEP(statuses_list(t,
		 &(const struct status_filter){
		     .project_id = f->project, .sha = SHA_A, .limit = 1 },
		 &l, e) == 0);
	STEP(l.n == 1 && l.total == 3 && l.at[0].state == STATUS_FAILURE);
	status_list_release(&l);
	STEP(statuses_context_owner(t, f->project, "lint", &kind, e) == 0);
	STEP(kind == USER_PERSON);
	STEP_FAILS(ERR_NOTFOUND,
	    statuses_context_owner(t, f->project, "ci/x", &kind, e));
	return fixture_verdict(f, e);
}

static void
the_newest_status_of_a_context_counts(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_statuses, f, e));
}

static int
steps_contexts(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct status_list l;
	char name[16];
	int64_t n = -1;

	for (int i = 0; i < DB_LIST_MAX + 200; i++) {
		(void)snprintf(name, sizeof(name), "c/%06d", i);
		STEP(add_status(t, f, name, STATUS_SUCCESS, e) == 0);
	}
	STEP(add_status(t, f, name, STATUS_FAILURE, e) == 0);
	STEP(statuses_verdicts(t, f->project, SHA_A, &l, e) == 0);
	STEP(l.n == DB_LIST_MAX + 200 && l.total == (int64_t)l.n);
	STEP(strcmp(l.at[l.n - 1].context, name) == 0);
	STEP(l.at[l.n - 1].state == STATUS_FAILURE);
	STEP(status_combined(&l) == STATUS_FAILURE);
	status_list_release(&l);
	STEP(statuses_contexts(t, f->project, SHA_A, "new", &n, e) == 0);
	STEP(n == DB_LIST_MAX + 200);
	STEP(statuses_contexts(t, f->project, SHA_A, name, &n, e) == 0);
	STEP(n == 0);
	return fixture_verdict(f, e);
}

static void
no_context_is_left_out_of_the_verdicts(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_contexts, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(issues_are_filtered_and_counted),
		T(comments_keep_the_count_of_their_issue),
		T(a_pull_request_moves_by_compare_and_set),
		T(one_open_pull_request_per_pair_of_branches),
		T(open_pull_requests_are_found_by_either_branch),
		T(the_latest_verdict_of_each_reviewer_counts),
		T(the_newest_status_of_a_context_counts),
		T(no_context_is_left_out_of_the_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
