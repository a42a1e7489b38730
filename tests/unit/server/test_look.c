/* What was found in pull requests: the rule what is open, and the rows. */
#include "tests/unit/server/store_fixture.h"

#include "server/domain/look.h"
#include "server/store/pull_looks.h"
#include "server/store/pulls.h"

static void
the_gate_waits_for_what_the_project_says(void **state)
{
	(void)state;
	assert_false(look_is_open(LOOK_OFF, LOOK_SEVERITY_BLOCK, false));
	assert_true(look_is_open(LOOK_BLOCK, LOOK_SEVERITY_BLOCK, false));
	assert_false(look_is_open(LOOK_BLOCK, LOOK_SEVERITY_BLOCK, true));
	assert_false(look_is_open(LOOK_BLOCK, LOOK_SEVERITY_ASK, false));
	assert_true(look_is_open(LOOK_ASK, LOOK_SEVERITY_ASK, false));
	assert_false(look_is_open(LOOK_ASK, LOOK_SEVERITY_NOTE, false));
	assert_false(look_may_dismiss("too-large"));
	assert_true(look_may_dismiss("bidi"));
	assert_int_equal(look_gate_parse("nonsense"), -1);
	assert_int_equal(look_gate_parse("off"), LOOK_OFF);
	assert_int_equal(look_severity_parse("high"), -1);
}

static int
put(struct txn *t, struct fixture *f, const char *head, const char *of,
    struct err *e)
{
	char rule[] = "bidi", file[] = "a.c", message[] = "turned";
	struct look_finding v = { .rule = rule,
		.severity = LOOK_SEVERITY_BLOCK,
		.file = file,
		.line = 3,
		.message = message };
	const struct look_list found = { .at = &v, .n = 1 };
	struct look l = { .at = FIXTURE_NOW };

	(void)snprintf(l.head, sizeof(l.head), "%s", head);
	(void)snprintf(l.base, sizeof(l.base), "%s", SHA_B);
	(void)snprintf(v.of, sizeof(v.of), "%s", of);
	return pull_looks_put(t, f->project, 1, &l, &found, e);
}

/* The account that let the one finding pass, 0: nobody; -1: not one. */
static int64_t
dismissed(struct txn *t, struct fixture *f, struct err *e)
{
	struct look_list l;
	int64_t by = -1;

	if (pull_looks_list(t, f->project, 1, &l, e) == -1)
		return -1;
	if (l.n == 1)
		by = l.at[0].dismissed.id;
	look_list_release(&l);
	return by;
}

static int
dismiss(struct txn *t, struct fixture *f, struct err *e)
{
	struct look_list l;
	struct look_dismissal d = { .project_id = f->project,
		.item = 1,
		.account_id = f->alice,
		.at = FIXTURE_NOW,
		.reason = "meant" };
	int rc = pull_looks_list(t, f->project, 1, &l, e);

	if (rc == 0) {
		d.of = &l.at[0];
		rc = pull_looks_dismiss(t, &d, e);
	}
	look_list_release(&l);
	return rc;
}

static int
looks_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
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
	struct err fail = ERR_INIT;
	struct look_list one;
	struct look l;
	int64_t number;

	STEP(pulls_insert(t, &n, &number, e) == 0 && number == 1);
	STEP(pull_looks_get(t, f->project, 1, &l, e) == 0 && l.head[0] == '\0');
	STEP(put(t, f, SHA_A, SHA_C, e) == 0);
	STEP(pull_looks_get(t, f->project, 1, &l, e) == 0 &&
	    strcmp(l.head, SHA_A) == 0);
	STEP(dismissed(t, f, e) == 0);
	STEP(dismiss(t, f, e) == 0);
	STEP(dismissed(t, f, e) == f->alice);
	/* The same content in another head stays dismissed, another is new. */
	STEP(put(t, f, SHA_C, SHA_C, e) == 0);
	STEP(dismissed(t, f, e) == f->alice);
	STEP(put(t, f, SHA_C, SHA_A, e) == 0);
	STEP(dismissed(t, f, e) == 0);
	fail = ERR_INIT;
	STEP(pull_looks_finding(t, f->project, 1, 999, &one, &fail) == -1 &&
	    fail.code == ERR_NOTFOUND);
	return fixture_verdict(f, e);
}

static void
what_is_dismissed_is_of_one_content(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, looks_job, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_waits_for_what_the_project_says),
		cmocka_unit_test_setup_teardown(
		    what_is_dismissed_is_of_one_content, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
