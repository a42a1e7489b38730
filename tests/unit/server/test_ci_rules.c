#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/bug_rule.h"
#include "server/domain/checks.h"
#include "server/domain/ci_word.h"
#include "server/domain/job_name.h"
#include "server/domain/job_rule.h"
#include "server/domain/test_rule.h"

static void
a_word_is_cut_as_a_shell_does(void **state)
{
	static const struct {
		const char *args, *test, *setup, *branch;
		bool required;
	} rows[] = {
		{ "\"make check\"", "make check", NULL, NULL, false },
		{ "make", "make", NULL, NULL, false },
		{ "\"echo \\\"a\\\" \\\\ 'b'\" fix/1", "echo \"a\" \\ 'b'",
		    NULL, "fix/1", false },
		{ "'a \"b\" \\n' --setup \"pip install .\" x --required",
		    "a \"b\" \\n", "pip install .", "x", true },
		{ "--setup './s' \"t\"", "t", "./s", NULL, false },
		{ "a\\ b", "a b", NULL, NULL, false },
		{ "\"x\"'y'z", "xyz", NULL, NULL, false },
		{ "\"x\"\n--setup y\n/test-pr \"z\"", "x", NULL, NULL, false },
		{ "\"x\"\r\n", "x", NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ci_word w;
		struct err e = ERR_INIT;

		if (ci_word_parse(view_of(rows[i].args), &w, &e) == -1)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(w.test, rows[i].test);
		assert_int_equal(w.setup == NULL, rows[i].setup == NULL);
		if (w.setup != NULL)
			assert_string_equal(w.setup, rows[i].setup);
		assert_int_equal(w.branch == NULL, rows[i].branch == NULL);
		if (w.branch != NULL)
			assert_string_equal(w.branch, rows[i].branch);
		assert_int_equal(w.required, rows[i].required);
		ci_word_release(&w);
	}
}

static void
a_wrong_word_says_what_is_wrong(void **state)
{
	static const struct {
		const char *args, *error;
	} rows[] = {
		{ "", "a command is missing" },
		{ "   ", "a command is missing" },
		{ "\"\"", "a command is missing" },
		{ "\"make", "the quote at column 1 is not closed" },
		{ "x 'y\nz'", "the quote at column 3 is not closed" },
		{ "make check now", "`now` is too much" },
		{ "x --setup", "`--setup` wants a command" },
		{ "x --setup ''", "`--setup` wants a command" },
		{ "x --setup a --setup b", "`--setup` is there twice" },
		{ "x --force", "`--force` is no option" },
		{ "\"\xff\"", "the line is not text" },
	};
	AUTO_STR struct str big = STR_INIT;
	struct ci_word w;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = ERR_INIT;
		if (ci_word_parse(view_of(rows[i].args), &w, &e) == 0)
			fail_msg("row %zu is taken", i);
		assert_int_equal(e.code, ERR_INVALID);
		if (strncmp(e.msg, rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_null(w.test);
	}
	for (int i = 0; i < CHECK_COMMAND_MAX + 1; i++)
		str_addc(&big, 'x');
	assert_int_equal(ci_word_parse(str_view(&big), &w, &e), -1);
}

static void
a_reproduction_fails_for_the_right_reason(void **state)
{
	static const struct {
		enum job_state base;
		int exit_code;
		const char *tail;
		enum job_state head;
		const char *command;
		enum bug_verdict want;
	} rows[] = {
		{ JOB_FAILED, 1, "1 failed", JOB_PASSED, "pytest t.py",
		    BUG_FIXED },
		{ JOB_FAILED, 1, "assert", JOB_FAILED, "sh r.sh",
		    BUG_NOT_FIXED },
		{ JOB_PASSED, 0, "", JOB_PASSED, "sh r.sh",
		    BUG_NOT_REPRODUCED },
		{ JOB_PASSED, 0, "", JOB_FAILED, "sh r.sh",
		    BUG_NOT_REPRODUCED },
		{ JOB_FAILED, 127, "", JOB_PASSED, "nosuch", BUG_INVALID },
		{ JOB_FAILED, 126, "", JOB_PASSED, "./r", BUG_INVALID },
		{ JOB_FAILED, 2, "", JOB_PASSED, "python -m pytest x",
		    BUG_INVALID },
		{ JOB_FAILED, 2, "FAIL t", JOB_PASSED, "make check",
		    BUG_FIXED },
		{ JOB_FAILED, 2,
		    "sh: 0: cannot open r.sh: No such file or "
		    "directory",
		    JOB_PASSED, "sh r.sh", BUG_INVALID },
		{ JOB_FAILED, 1, "E   ModuleNotFoundError: No module named x",
		    JOB_PASSED, "sh r.sh", BUG_INVALID },
		{ JOB_FAILED, 2, "make: *** No rule to make target 'x'.",
		    JOB_PASSED, "make x", BUG_INVALID },
		{ JOB_SETUP_FAILED, 1, "", JOB_PASSED, "r", BUG_INVALID },
		{ JOB_TIMED_OUT, 0, "", JOB_PASSED, "r", BUG_INVALID },
		{ JOB_INFRASTRUCTURE_ERROR, 0, "", JOB_PASSED, "r",
		    BUG_INVALID },
		{ JOB_FAILED, 1, "", JOB_TIMED_OUT, "r", BUG_NOT_FIXED },
		{ JOB_FAILED, 1, "", JOB_INFRASTRUCTURE_ERROR, "r",
		    BUG_INVALID },
		{ JOB_FAILED, 1, "PASS\n== passed: exit status 0\n", JOB_FAILED,
		    "r", BUG_NOT_FIXED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bug_side base = { rows[i].base, true,
			rows[i].exit_code, view_of(rows[i].tail) };
		const struct bug_side head = { rows[i].head, true, 1,
			VIEW_LIT("") };
		const char *why;

		if (bug_rule_decide(&base, &head, rows[i].command, &why) !=
		    rows[i].want)
			fail_msg("row %zu: %s", i, why);
		assert_true(why[0] != '\0');
	}
}

static void
tests_are_known_by_their_names(void **state)
{
	static const char *const yes[] = { "tests/a.c", "src/test/X.java",
		"pkg/foo_test.go", "web/a.test.ts", "web/__tests__/b.js",
		"test_x.py", "a/b/test_x.py", "conftest.py", "spec/m_spec.rb",
		"t/basic.t", "FooTest.java" };
	static const char *const no[] = { "src/main.c", "latest/notes.md",
		"contest.py", "attest_x.c", "docs/testing.md", "Makefile" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!test_path_is(NULL, view_of(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (test_path_is("", view_of(no[i])))
			fail_msg("%s", no[i]);
	assert_true(test_path_is("check/**\n", view_of("check/a.c")));
	assert_false(test_path_is("check/**\n", view_of("tests/a.c")));
}

static void
lines_of_tests_are_understood(void **state)
{
	struct view key, other;
	int64_t milli;

	(void)state;
	assert_true(test_line_skips(VIEW_LIT("  @pytest.mark.skip(reason=1)")));
	assert_true(test_line_skips(VIEW_LIT("#[ignore]")));
	assert_true(test_line_skips(VIEW_LIT("\tt.Skip(\"later\")")));
	assert_false(test_line_skips(VIEW_LIT("skipped = 1")));
	assert_false(test_line_skips(VIEW_LIT("")));
	assert_true(test_line_defines(VIEW_LIT("    def test_a(self):")));
	assert_true(test_line_defines(VIEW_LIT("func TestA(t *testing.T) {")));
	assert_false(test_line_defines(VIEW_LIT("submit(x)")));
	assert_true(
	    test_line_threshold(VIEW_LIT("fail_under = 92.5"), &key, &milli));
	assert_int_equal(milli, 92500);
	assert_true(
	    test_line_threshold(VIEW_LIT("fail_under = 80\n"), &other, &milli));
	assert_int_equal(milli, 80000);
	assert_true(view_eq(key, other));
	assert_true(
	    test_line_threshold(VIEW_LIT("\"branches\": 70,"), &key, &milli));
	assert_int_equal(milli, 70000);
	assert_false(
	    test_line_threshold(VIEW_LIT("timeout = 80"), &key, &milli));
	assert_false(test_line_threshold(VIEW_LIT("coverage"), &key, &milli));
}

static void
a_jobs_name_says_what_it_is(void **state)
{
	static const struct {
		const char *name;
		enum job_kind kind;
		enum job_side side;
		int64_t comment;
	} rows[] = {
		{ "unit", JOB_KIND_CHECK, JOB_SIDE_WHOLE, 0 },
		{ "unit@base", JOB_KIND_PROOF, JOB_SIDE_BASE, 0 },
		{ "test-pr-12", JOB_KIND_ORDER, JOB_SIDE_WHOLE, 12 },
		{ "test-pr-bug-7", JOB_KIND_BUG, JOB_SIDE_WHOLE, 7 },
		{ "test-pr-bug-7@head", JOB_KIND_BUG, JOB_SIDE_HEAD, 7 },
		{ "test-pr-bug-7@base", JOB_KIND_BUG, JOB_SIDE_BASE, 7 },
		{ "new-tests", JOB_KIND_PROOF, JOB_SIDE_WHOLE, 0 },
		{ "test-pr-x", JOB_KIND_CHECK, JOB_SIDE_WHOLE, 0 },
		{ "test-pr-bug-", JOB_KIND_CHECK, JOB_SIDE_WHOLE, 0 },
	};
	char out[JOB_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct job_name n = job_name_read(rows[i].name);

		assert_int_equal(n.kind, rows[i].kind);
		assert_int_equal(n.side, rows[i].side);
		assert_int_equal(n.comment, rows[i].comment);
		if (i < 6) {
			job_name_write(&n, "unit", out);
			assert_string_equal(out, rows[i].name);
		}
	}
	assert_true(check_name_taken("test-pr-12"));
	assert_true(check_name_taken("new-tests"));
	assert_false(check_name_taken("tests"));
}

static void
a_check_reaches_no_further_than_its_project(void **state)
{
	(void)state;
	assert_int_equal(
	    job_rule_network(NETWORK_WEB, NETWORK_OPEN, false), NETWORK_WEB);
	assert_int_equal(job_rule_network(NETWORK_WEB, NETWORK_LOCKED, false),
	    NETWORK_LOCKED);
	assert_int_equal(job_rule_network(NETWORK_LOCKED, NETWORK_NONE, false),
	    NETWORK_NONE);
	assert_int_equal(
	    job_rule_network(NETWORK_LOCKED, NETWORK_OFF, false), NETWORK_OFF);
	assert_int_equal(
	    job_rule_network(NETWORK_OFF, NETWORK_WEB, false), NETWORK_OFF);
	assert_int_equal(
	    job_rule_network(NETWORK_WEB, NETWORK_OPEN, true), NETWORK_OFF);
}

static void
a_check_with_a_tree_runs_on_a_merge(void **state)
{
	struct job j = { .name = "unit" };

	(void)state;
	assert_false(job_rule_is_merge(&j));
	j.tree[0] = 'a';
	assert_true(job_rule_is_merge(&j));
	(void)snprintf(j.name, sizeof(j.name), "unit@base");
	assert_false(job_rule_is_merge(&j));
	(void)snprintf(j.name, sizeof(j.name), "test-pr-bug-7@base");
	assert_false(job_rule_is_merge(&j));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_cut_as_a_shell_does),
		cmocka_unit_test(a_wrong_word_says_what_is_wrong),
		cmocka_unit_test(a_reproduction_fails_for_the_right_reason),
		cmocka_unit_test(tests_are_known_by_their_names),
		cmocka_unit_test(lines_of_tests_are_understood),
		cmocka_unit_test(a_jobs_name_says_what_it_is),
		cmocka_unit_test(a_check_with_a_tree_runs_on_a_merge),
		cmocka_unit_test(a_check_reaches_no_further_than_its_project),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
