/* Reviews, requests for them, and comments on lines, as rows. */
#include "tests/unit/server/store_fixture.h"

#include "server/store/pulls.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"

static int64_t
a_pull(struct txn *t, struct fixture *f, const char *head, struct err *e)
{
	const struct pull_new n = { .project_id = f->project,
		.author_id = f->root,
		.title = "one",
		.body = "",
		.head = head,
		.base = "main",
		.head_sha = SHA_A,
		.base_sha = SHA_B,
		.merge_base = SHA_B,
		.now = FIXTURE_NOW };
	int64_t number = 0;

	STEP(pulls_insert(t, &n, &number, e) == 0);
	return number;
}

static int64_t
a_review(struct txn *t, struct fixture *f, int64_t author,
    enum review_state state, struct err *e)
{
	const struct review_new n = { .project_id = f->project,
		.item = 1,
		.author_id = author,
		.state = state,
		.body = "",
		.sha = SHA_A,
		.official = true,
		.now = FIXTURE_NOW };
	int64_t id = 0;

	STEP(reviews_insert(t, &n, &id, e) == 0);
	STEP(state == REVIEW_REQUEST || reviews_supersede(t, &n, id, e) == 0);
	return id;
}

static int
verdicts_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct review_list l;
	struct review r;
	int64_t asked, first, second, n = 0;

	STEP(a_pull(t, f, "x", e) == 1);
	asked = a_review(t, f, f->alice, REVIEW_REQUEST, e);
	STEP(reviews_requested(t, f->project, 1, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].author.id == f->alice);
	review_list_release(&l);
	first = a_review(t, f, f->alice, REVIEW_REQUEST_CHANGES, e);
	STEP_FAILS(ERR_NOTFOUND, reviews_get(t, f->project, asked, &r, e));
	second = a_review(t, f, f->alice, REVIEW_APPROVED, e);
	STEP(reviews_get(t, f->project, first, &r, e) == 0);
	STEP(r.dismissed);
	review_release(&r);
	/* Without the newer one the older does not come back by itself. */
	STEP(reviews_set_dismissed(
		 t, f->project, second, true, FIXTURE_NOW + 1, e) == 0);
	STEP(reviews_latest(t, f->project, 1, &l, e) == 0 && l.n == 0);
	review_list_release(&l);
	STEP(reviews_set_dismissed(
		 t, f->project, second, false, FIXTURE_NOW + 2, e) == 0);
	STEP(reviews_dismiss_stale(
		 t, f->project, 1, SHA_A, FIXTURE_NOW, &n, e) == 0);
	STEP(n == 0);
	STEP(reviews_dismiss_stale(
		 t, f->project, 1, SHA_C, FIXTURE_NOW, &n, e) == 0);
	STEP(n == 1);
	return fixture_verdict(f, e);
}

static void
a_newer_verdict_takes_the_place_of_the_older(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, verdicts_job, f, e));
}

static int
pending_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct review_new n = { .project_id = f->project,
		.item = 1,
		.state = REVIEW_PENDING,
		.body = "",
		.sha = SHA_C,
		.now = FIXTURE_NOW + 5 };
	struct review_list l;
	struct review r;
	int64_t id, found = 0;

	STEP(a_pull(t, f, "x", e) == 1);
	id = a_review(t, f, f->alice, REVIEW_PENDING, e);
	n.author_id = f->alice;
	STEP(reviews_find_open(t, &n, &found, e) == 0 && found == id);
	STEP(reviews_list(t,
		 &(struct review_filter){ f->project, 1, f->alice, 0, 0 }, &l,
		 e) == 0);
	STEP(l.n == 1 && l.total == 1);
	review_list_release(&l);
	STEP(reviews_list(t,
		 &(struct review_filter){ f->project, 1, f->root, 0, 0 }, &l,
		 e) == 0);
	STEP(l.n == 0 && l.total == 0);
	review_list_release(&l);
	n.state = REVIEW_APPROVED;
	n.body = "good";
	n.author_id = f->bob;
	STEP_FAILS(ERR_INVALID, reviews_submit(t, &n, id, e));
	n.author_id = f->alice;
	STEP(reviews_submit(t, &n, id, e) == 0);
	STEP_FAILS(ERR_INVALID, reviews_submit(t, &n, id, e));
	STEP(reviews_get(t, f->project, id, &r, e) == 0);
	STEP(r.state == REVIEW_APPROVED && strcmp(r.body, "good") == 0 &&
	    strcmp(r.sha, SHA_C) == 0 && r.submitted_at == FIXTURE_NOW + 5);
	review_release(&r);
	return fixture_verdict(f, e);
}

static void
a_pending_review_is_its_authors_alone(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, pending_job, f, e));
}

static int64_t
a_comment(struct txn *t, struct fixture *f, int64_t review, int64_t reply_to,
    struct err *e)
{
	struct review_comment c = { .project_id = f->project,
		.item = 1,
		.review_id = review,
		.reply_to = reply_to,
		.author = { .id = f->alice },
		.line = 7,
		.created_at = FIXTURE_NOW };
	char path[] = "a.c", hunk[] = "@@", body[] = "why";
	int64_t id = 0;

	c.path = path;
	c.hunk = hunk;
	c.body = body;
	memcpy(c.sha, SHA_A, sizeof(c.sha));
	memcpy(c.at_sha, SHA_A, sizeof(c.at_sha));
	STEP(review_comments_insert(t, &c, &id, e) == 0);
	return id;
}

static int
comments_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct review_comment_filter all = {
		.project_id = f->project, .item = 1, .viewer_id = f->root
	};
	struct review_comment_move move = {
		.from_sha = SHA_A, .to_sha = SHA_C, .line = 9
	};
	struct review_comment_list l;
	struct review_comment c;
	struct pull p;
	int64_t hidden, shown, a, b;

	STEP(a_pull(t, f, "x", e) == 1);
	hidden = a_review(t, f, f->alice, REVIEW_PENDING, e);
	shown = a_review(t, f, f->alice, REVIEW_COMMENT, e);
	(void)a_comment(t, f, hidden, 0, e);
	a = a_comment(t, f, shown, 0, e);
	b = a_comment(t, f, shown, a, e);
	STEP(a > (INT64_C(1) << 40));
	STEP(review_comments_list(t, &all, &l, e) == 0 && l.n == 2);
	review_comment_list_release(&l);
	STEP(review_comments_count(t, f->project, 1, e) == 0);
	STEP(pulls_get(t, f->project, 1, &p, e) == 0);
	STEP(p.review_comments == 2);
	pull_release(&p);

	STEP(review_comments_resolve(t, f->project, b, f->root, e) == 0);
	STEP(review_comments_get(t, f->project, a, f->root, &c, e) == 0);
	STEP(c.resolver.id == f->root && strcmp(c.resolver.login, "root") == 0);
	review_comment_release(&c);

	move.id = a;
	STEP(review_comments_move(t, &move, e) == 0);
	STEP(review_comments_get(t, f->project, a, f->root, &c, e) == 0);
	STEP(c.line == 9 && strcmp(c.at_sha, SHA_C) == 0 && !c.outdated);
	review_comment_release(&c);
	/* It is at another commit by now. */
	move.line = 3;
	STEP(review_comments_move(t, &move, e) == 0);
	move.from_sha = SHA_C;
	move.to_sha = SHA_B;
	move.line = 0;
	STEP(review_comments_move(t, &move, e) == 0);
	STEP(review_comments_get(t, f->project, a, f->root, &c, e) == 0);
	STEP(c.line == 9 && c.outdated);
	review_comment_release(&c);

	STEP(reviews_delete(t, f->project, shown, e) == 0);
	STEP(review_comments_list(t, &all, &l, e) == 0 && l.n == 0);
	review_comment_list_release(&l);
	return fixture_verdict(f, e);
}

static void
comments_follow_their_lines_and_go_with_their_review(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, comments_job, f, e));
}

static bool
first_is(struct txn *t, const struct pull_filter *f, int64_t number, size_t n,
    struct err *e)
{
	struct pull_list l;
	bool yes;

	if (pulls_list(t, f, &l, e) == -1)
		return false;
	yes = l.n == n && l.total == (int64_t)n &&
	    (n == 0 || l.at[0].issue.number == number);
	pull_list_release(&l);
	return yes;
}

static int
lists_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct pull_filter q = { .project_id = f->project };
	const struct pull_stat stat = { 5, 4, 3 };
	struct pull p;

	STEP(a_pull(t, f, "x", e) == 1);
	STEP(a_pull(t, f, "y", e) == 2);
	STEP(a_pull(t, f, "z", e) == 3);
	(void)a_review(t, f, f->alice, REVIEW_REQUEST, e);
	STEP(pulls_set_stat(t, f->project, 1, &stat, e) == 0);
	STEP(pulls_set_conflicts(t, f->project, 1, "[\"a\"]", e) == 0);
	STEP(pulls_set_draft(t, f->project, 1, true, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, pulls_set_draft(t, f->project, 9, true, e));
	STEP(pulls_get(t, f->project, 1, &p, e) == 0);
	STEP(p.additions == 5 && p.deletions == 4 && p.changed_files == 3);
	STEP(p.draft && strcmp(p.conflicts, "[\"a\"]") == 0 && p.head_gone);
	STEP(p.n_reviewers == 1 && p.reviewers[0].id == f->alice);
	pull_release(&p);
	for (int sort = PULL_SORT_NEWEST; sort <= PULL_SORT_RECENTCLOSE;
	     sort++) {
		bool up = sort == PULL_SORT_OLDEST ||
		    sort == PULL_SORT_LEASTUPDATE ||
		    sort == PULL_SORT_LEASTCOMMENT;

		q.sort = (enum pull_sort)sort;
		STEP(first_is(t, &q, up ? 1 : 3, 3, e));
		q.base = "main";
		STEP(first_is(t, &q, up ? 1 : 3, 3, e));
		q.base = NULL;
	}
	q.sort = PULL_SORT_NEWEST;
	q.poster = f->bob;
	STEP(first_is(t, &q, 0, 0, e));
	q.poster = f->root;
	q.base = "main";
	STEP(first_is(t, &q, 3, 3, e));
	q.labels[0] = 1;
	q.n_labels = 1;
	STEP(first_is(t, &q, 0, 0, e));
	return fixture_verdict(f, e);
}

static void
pull_requests_are_listed_in_every_order(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, lists_job, f, e));
}

static int
shown_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct review_filter of = { .project_id = f->project,
		.item = 1,
		.viewer_id = f->alice,
		.limit = 3 };
	int64_t no, asked, said[5] = { 0 };
	struct review_list l;

	STEP(a_pull(t, f, "x", e) == 1);
	no = a_review(t, f, f->alice, REVIEW_REQUEST_CHANGES, e);
	asked = a_review(t, f, f->root, REVIEW_REQUEST, e);
	for (size_t i = 0; i < 5; i++)
		said[i] = a_review(t, f, f->alice, REVIEW_COMMENT, e);
	STEP(reviews_shown(t, &of, &l, e) == 0 && l.n == 5);
	STEP(l.at[0].id == no && l.at[1].id == asked);
	STEP(l.at[2].id == said[4] && l.at[4].id == said[2]);
	review_list_release(&l);
	STEP(reviews_sent(t, &of, &l, e) == 0);
	STEP(l.total == 6 && l.n == 3 && l.at[0].id == said[4]);
	review_list_release(&l);
	STEP(reviews_set_dismissed(
		 t, f->project, no, true, FIXTURE_NOW + 1, e) == 0);
	STEP(reviews_shown(t, &of, &l, e) == 0 && l.n == 4);
	STEP(l.at[0].id == asked && l.at[3].id == said[2]);
	review_list_release(&l);
	return fixture_verdict(f, e);
}

static void
a_verdict_is_shown_however_many_comments_follow(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, shown_job, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_newer_verdict_takes_the_place_of_the_older, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_pending_review_is_its_authors_alone, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_verdict_is_shown_however_many_comments_follow,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    comments_follow_their_lines_and_go_with_their_review,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    pull_requests_are_listed_in_every_order, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
