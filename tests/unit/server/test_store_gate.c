/* What the gate asks of the rows: who wrote, what is still talked about. */
#include "tests/unit/server/store_fixture.h"

#include "server/store/commit_writers.h"
#include "server/store/pull_writers.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"

static bool
wrote(struct txn *t, struct fixture *f, int64_t user, struct err *e)
{
	bool yes = false;

	return pull_writers_has(t, f->project, 1, user, &yes, e) == 0 && yes;
}

static int64_t
a_pull(struct txn *t, struct fixture *f, struct err *e)
{
	const struct pull_new n = { .project_id = f->project,
		.author_id = f->root,
		.title = "one",
		.body = "",
		.head = "x",
		.base = "main",
		.head_sha = SHA_A,
		.base_sha = SHA_B,
		.merge_base = SHA_B,
		.head_user_id = f->root,
		.now = FIXTURE_NOW };
	int64_t number = 0;

	STEP(pulls_insert(t, &n, &number, e) == 0);
	return number;
}

static int
writers_job(struct txn *t, void *arg, struct err *e)
{
	static const char ref[] = "refs/heads/x";
	struct fixture *f = arg;

	STEP(refs_put(t, f->project, ref, SHA_A, f->alice, e) == 0);
	STEP(refs_add_writer(t, f->project, ref, f->alice, e) == 0);
	STEP(a_pull(t, f, e) == 1);
	STEP(wrote(t, f, f->alice, e));
	STEP(!wrote(t, f, f->root, e) && !wrote(t, f, f->bob, e));
	/* Two pushes before the pull request hears of either. */
	STEP(refs_add_writer(t, f->project, ref, f->bob, e) == 0);
	STEP(refs_add_writer(t, f->project, ref, f->root, e) == 0);
	STEP(wrote(t, f, f->bob, e) && wrote(t, f, f->root, e));
	STEP(pull_writers_add(t, f->project, 1, e) == 0);
	/* They stay when the branch is made anew. */
	STEP(refs_delete(t, f->project, ref, e) == 0);
	STEP(refs_put(t, f->project, ref, SHA_C, f->root, e) == 0);
	STEP(wrote(t, f, f->alice, e) && wrote(t, f, f->bob, e));
	return fixture_verdict(f, e);
}

static void
whoever_pushed_a_part_has_written_it(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, writers_job, f, e));
}

static int
no_branch_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;

	STEP(a_pull(t, f, e) == 1);
	STEP(wrote(t, f, f->root, e) && !wrote(t, f, f->alice, e));
	return fixture_verdict(f, e);
}

static void
without_a_branch_the_row_says_who_wrote(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, no_branch_job, f, e));
}

static bool
brought(struct txn *t, struct fixture *f, const char *sha, int64_t user,
    struct err *e)
{
	bool yes = false;

	return commit_writers_has(t, f->project, sha, user, &yes, e) == 0 &&
	    yes;
}

static int
claims_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	int64_t p = f->project, who = 0;

	STEP(commit_writers_claim(t, p, SHA_A, f->alice, e) == 0);
	STEP(brought(t, f, SHA_A, f->alice, e));
	STEP(commit_writers_claimant(t, p, SHA_A, &who, e) == 0);
	STEP(who == f->alice);
	/* Another's claim does not take it from her. */
	STEP(commit_writers_claim(t, p, SHA_A, f->bob, e) == 0);
	STEP(commit_writers_claimant(t, p, SHA_A, &who, e) == 0 && who == 0);
	STEP(commit_writers_drop(t, p, SHA_A, f->bob, e) == 0);
	STEP(!brought(t, f, SHA_A, f->bob, e));
	STEP(commit_writers_add(t, p, SHA_A, f->alice, e) == 0);
	STEP(commit_writers_drop(t, p, SHA_A, f->alice, e) == 0);
	STEP(brought(t, f, SHA_A, f->alice, e));
	/* What she brought is not his who comes later. */
	STEP(commit_writers_claim(t, p, SHA_A, f->bob, e) == 0);
	STEP(commit_writers_add_first(
		 t, p, "[\"" SHA_A "\",\"" SHA_B "\"]", f->bob, e) == 0);
	STEP(!brought(t, f, SHA_A, f->bob, e));
	STEP(brought(t, f, SHA_B, f->bob, e));
	STEP(commit_writers_claimant(t, p, SHA_B, &who, e) == 0 && who == 0);
	/* Unless he brought it, too. */
	STEP(commit_writers_add(t, p, SHA_A, f->bob, e) == 0);
	STEP(brought(t, f, SHA_A, f->bob, e));
	STEP(brought(t, f, SHA_A, f->alice, e));
	return fixture_verdict(f, e);
}

static void
a_commit_is_of_whoever_brought_it_first(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, claims_job, f, e));
}

static int
parts_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct pull_parts parts = { .project_id = f->project,
		.number = 1,
		.shas = "[\"" SHA_A "\",\"" SHA_B "\"]" };

	STEP(a_pull(t, f, e) == 1);
	STEP(commit_writers_add(t, f->project, SHA_B, f->alice, e) == 0);
	STEP(commit_writers_add(t, f->project, SHA_C, f->bob, e) == 0);
	STEP(!wrote(t, f, f->alice, e));
	STEP(pull_parts_set(t, &parts, e) == 0);
	STEP(wrote(t, f, f->alice, e) && !wrote(t, f, f->bob, e));
	/* A merge of it is of all its writers. */
	STEP(commit_writers_add_pull(t, f->project, 1, SHA_A, e) == 0);
	STEP(brought(t, f, SHA_A, f->alice, e));
	STEP(brought(t, f, SHA_A, f->root, e));
	STEP(!brought(t, f, SHA_A, f->bob, e));
	/* Of what it has now, not of what it had. */
	parts.shas = "[\"" SHA_C "\"]";
	STEP(pull_parts_set(t, &parts, e) == 0);
	STEP(!wrote(t, f, f->alice, e) && wrote(t, f, f->bob, e));
	parts.shas = "[]";
	STEP(pull_parts_set(t, &parts, e) == 0);
	STEP(!wrote(t, f, f->alice, e) && !wrote(t, f, f->bob, e));
	/* Of too many commits anybody may have written one. */
	parts.shas = NULL;
	STEP(pull_parts_set(t, &parts, e) == 0);
	STEP(wrote(t, f, f->alice, e) && wrote(t, f, f->bob, e));
	return fixture_verdict(f, e);
}

static void
whoever_brought_a_commit_that_it_has_has_written_it(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, parts_job, f, e));
}

static int64_t
a_review(struct txn *t, struct fixture *f, int64_t author,
    enum review_state state, const char *sha, struct err *e)
{
	const struct review_new n = { .project_id = f->project,
		.item = 1,
		.author_id = author,
		.state = state,
		.body = "",
		.sha = sha,
		.now = FIXTURE_NOW };
	int64_t id = 0;

	STEP(reviews_insert(t, &n, &id, e) == 0);
	STEP(reviews_supersede(t, &n, id, e) == 0);
	return id;
}

static int64_t
a_thread(struct txn *t, struct fixture *f, int64_t author,
    enum review_state state, struct err *e)
{
	struct review_comment c = { .project_id = f->project,
		.item = 1,
		.review_id = a_review(t, f, author, state, SHA_A, e),
		.author = { .id = author },
		.line = 1,
		.created_at = FIXTURE_NOW,
		.sha = SHA_A,
		.at_sha = SHA_A,
		.path = (char[]){ "a.c" },
		.hunk = (char[]){ "" },
		.body = (char[]){ "why?" } };
	int64_t id = 0;

	STEP(review_comments_insert(t, &c, &id, e) == 0);
	return id;
}

static int64_t
talks(struct txn *t, struct fixture *f, const char *head, struct err *e)
{
	struct review_comments_open o;

	if (review_comments_open(t, f->project, 1, head, &o, e) == -1)
		return -1;
	free(o.path);
	return o.n;
}

static int
talks_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	int64_t id;

	STEP(a_pull(t, f, e) == 1);
	(void)a_thread(t, f, f->bob, REVIEW_COMMENT, e);
	(void)a_thread(t, f, f->alice, REVIEW_PENDING, e);
	(void)a_thread(t, f, f->alice, REVIEW_APPROVED, e);
	STEP(talks(t, f, SHA_A, e) == 0);
	id = a_thread(t, f, f->alice, REVIEW_REQUEST_CHANGES, e);
	STEP(talks(t, f, SHA_A, e) == 1);
	/* Not by who reads only, but by another maintainer. */
	STEP(review_comments_resolve(t, f->project, id, f->bob, e) == 0);
	STEP(talks(t, f, SHA_A, e) == 1);
	STEP(review_comments_resolve(t, f->project, id, f->root, e) == 0);
	STEP(talks(t, f, SHA_A, e) == 0);
	STEP(review_comments_resolve(t, f->project, id, 0, e) == 0);
	STEP(talks(t, f, SHA_A, e) == 1);
	/* By his approval of the head, and of no other. */
	(void)a_review(t, f, f->alice, REVIEW_APPROVED, SHA_C, e);
	STEP(talks(t, f, SHA_A, e) == 1);
	STEP(talks(t, f, SHA_C, e) == 0);
	STEP(roles_set(t, f->project, f->alice, ROLE_READER, e) == 0);
	STEP(talks(t, f, SHA_A, e) == 0);
	return fixture_verdict(f, e);
}

static void
what_maintainers_talk_about_is_open_until_they_say_so(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, talks_job, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    whoever_pushed_a_part_has_written_it, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    without_a_branch_the_row_says_who_wrote, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_commit_is_of_whoever_brought_it_first, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    whoever_brought_a_commit_that_it_has_has_written_it,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    what_maintainers_talk_about_is_open_until_they_say_so,
		    fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
