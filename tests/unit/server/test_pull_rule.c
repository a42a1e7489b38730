#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/str.h"
#include "server/domain/pull_rule.h"

static void
a_title_says_that_it_is_not_ready(void **state)
{
	(void)state;
	assert_true(pull_rule_is_wip("WIP: x"));
	assert_true(pull_rule_is_wip("[wip] x"));
	assert_false(pull_rule_is_wip("WIPE the disk"));
	assert_false(pull_rule_is_wip(""));
}

static void
a_head_is_a_branch_of_the_same_repository(void **state)
{
	(void)state;
	assert_string_equal(pull_rule_head("a/b", "me", "it"), "a/b");
	assert_string_equal(pull_rule_head("me:a/b", "me", "it"), "a/b");
	assert_string_equal(pull_rule_head("Me/It:x", "me", "it"), "x");
	assert_null(pull_rule_head("you:x", "me", "it"));
	assert_null(pull_rule_head("me/other:x", "me", "it"));
	assert_null(pull_rule_head("mee:x", "me", "it"));
	assert_null(pull_rule_head(":x", "me", "it"));
}

static void
suggests(const char *body, const char *want)
{
	struct str out = STR_INIT;
	bool is = pull_rule_suggestion(view_of(body), &out);

	if (want == NULL) {
		assert_false(is);
	} else {
		assert_true(is);
		assert_string_equal(str_cstr(&out), want);
	}
	str_release(&out);
}

static void
a_suggestion_is_the_first_block_of_that_name(void **state)
{
	(void)state;
	suggests("x\n```suggestion\nint a;\n```\n", "int a;\n");
	suggests("```suggestion\r\na\r\nb\r\n```", "a\nb\n");
	suggests("```suggestion\n```", "");
	suggests("````suggestion\n```\n````\n", "```\n");
	suggests("~~~suggestion\n```\n~~~\n", "```\n");
	suggests("```c\n```suggestion\n```\nno", NULL);
	suggests("```suggestion\nnever closed", NULL);
	suggests("nothing", NULL);
	suggests("", NULL);
}

static void
blocks(const char *body, const char *want)
{
	struct str out = STR_INIT;
	struct view block = { "", 0 };

	assert_true(pull_rule_suggestion_in(view_of(body), &out, &block));
	assert_int_equal(block.len, strlen(want));
	assert_memory_equal(block.p, want, block.len);
	str_release(&out);
}

static void
a_suggestion_is_told_from_the_words_around_it(void **state)
{
	(void)state;
	blocks("x\n```suggestion\na\n```\ny", "```suggestion\na\n```\n");
	blocks("x\n ```suggestion\na\n```", " ```suggestion\na\n```");
	blocks("```c\nx\n```\n```suggestion\n```\n", "```suggestion\n```\n");
}

static void
replaces(const char *file, int line, const char *with, const char *want)
{
	struct str out = STR_INIT;
	bool is = pull_rule_replace(view_of(file), line, view_of(with), &out);

	if (want == NULL) {
		assert_false(is);
	} else {
		assert_true(is);
		assert_string_equal(str_cstr(&out), want);
	}
	str_release(&out);
}

static void
a_line_is_replaced_and_ends_as_it_did(void **state)
{
	(void)state;
	replaces("a\nb\nc\n", 2, "x\ny\n", "a\nx\ny\nc\n");
	replaces("a\nb\nc\n", 2, "", "a\nc\n");
	replaces("a\r\nb\r\n", 1, "x\ny\n", "x\r\ny\r\nb\r\n");
	replaces("a\nb", 2, "x\n", "a\nx");
	replaces("a\n", 1, "\n", "\n");
	replaces("a\nb", 3, "x\n", NULL);
	replaces("a\n", 2, "x\n", NULL);
	replaces("", 1, "x\n", NULL);
	replaces("a\n", 0, "x\n", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_title_says_that_it_is_not_ready),
		cmocka_unit_test(a_head_is_a_branch_of_the_same_repository),
		cmocka_unit_test(a_suggestion_is_the_first_block_of_that_name),
		cmocka_unit_test(a_suggestion_is_told_from_the_words_around_it),
		cmocka_unit_test(a_line_is_replaced_and_ends_as_it_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
