#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/domain/run_rule.h"

static void
a_run_goes_forward_or_ends(void **state)
{
	(void)state;
	for (int from = 0; from <= RUN_BUDGET + 1; from++)
		for (int to = 0; to <= RUN_BUDGET + 1; to++) {
			bool live = from >= RUN_QUEUED && from <= RUN_FINISHING;
			bool want = live &&
			    (to == from + 1 ||
				(to >= RUN_FAILED && to <= RUN_BUDGET));

			if (run_rule_may_move((enum run_state)from,
				(enum run_state)to) != want)
				fail_msg("%d to %d", from, to);
		}
}

static void
only_an_end_finishes(void **state)
{
	(void)state;
	for (int s = RUN_QUEUED; s <= RUN_BUDGET; s++)
		assert_int_equal(
		    run_rule_is_finish((enum run_state)s), s >= RUN_DONE);
}

static void
a_command_is_a_plain_word(void **state)
{
	static const char *const bad[] = { "", "-x", "_x", "Fix", "a b", "a/b",
		"..", "a.b", "fix\n", "fix;rm" };
	char word[RUN_COMMAND_MAX + 2];

	(void)state;
	assert_true(run_rule_command_ok("fix"));
	assert_true(run_rule_command_ok("2nd-try_b"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(run_rule_command_ok(bad[i]));
	memset(word, 'a', sizeof(word));
	word[RUN_COMMAND_MAX + 1] = '\0';
	assert_false(run_rule_command_ok(word));
	word[RUN_COMMAND_MAX] = '\0';
	assert_true(run_rule_command_ok(word));
}

static void
a_branch_is_named_for_command_and_item(void **state)
{
	char b[RUN_BRANCH_MAX];

	(void)state;
	assert_true(run_rule_branch("fix", 7, b));
	assert_string_equal(b, "agent/fix-7");
	assert_true(run_rule_branch("plan", 0, b));
	assert_string_equal(b, "agent/plan");
	assert_false(run_rule_branch("../x", 7, b));
}

static void
a_run_without_an_item_has_a_branch_by_its_event(void **state)
{
	char b[RUN_BRANCH_MAX];

	(void)state;
	assert_true(run_rule_own_branch("task", 12, b));
	assert_string_equal(b, "agent/task-run-12");
	assert_false(run_rule_own_branch("", 12, b));
}

static void
an_environment_says_nothing_that_the_run_says_itself(void **state)
{
	static const char *const taken[] = { "PATH", "HOME", "LD_PRELOAD",
		"GIT_DIR", "COFFER_OUT", "BASH_ENV", "1A", "A-B", "", "A=B" };

	(void)state;
	assert_true(run_rule_env_ok("API_TOKEN", "x y=z"));
	assert_true(run_rule_env_ok("_a1", ""));
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		assert_false(run_rule_env_ok(taken[i], "x"));
	assert_false(run_rule_env_ok("A", "two\nlines"));
	assert_false(run_rule_env_ok("A", "\x1b[0m"));
}

static void
pauses_grow_to_an_hour(void **state)
{
	(void)state;
	assert_int_equal(run_rule_pause_ms(30, 1), 30000);
	assert_int_equal(run_rule_pause_ms(30, 2), 120000);
	assert_int_equal(run_rule_pause_ms(30, 10), 3600000);
	assert_int_equal(run_rule_pause_ms(3600, 1), 3600000);
}

static void
the_server_is_no_person(void **state)
{
	(void)state;
	assert_true(run_rule_is_human("comment.created"));
	assert_true(run_rule_is_human("issue.labeled"));
	assert_false(run_rule_is_human("check.failed"));
	assert_false(run_rule_is_human("pull.conflict"));
	assert_false(run_rule_is_human("run.updated"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_run_without_an_item_has_a_branch_by_its_event),
		cmocka_unit_test(
		    an_environment_says_nothing_that_the_run_says_itself),
		cmocka_unit_test(pauses_grow_to_an_hour),
		cmocka_unit_test(the_server_is_no_person),
		cmocka_unit_test(a_run_goes_forward_or_ends),
		cmocka_unit_test(only_an_end_finishes),
		cmocka_unit_test(a_command_is_a_plain_word),
		cmocka_unit_test(a_branch_is_named_for_command_and_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
