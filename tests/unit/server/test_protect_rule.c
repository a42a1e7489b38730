#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/domain/protect_rule.h"

static bool
glob(const char *pattern, const char *text)
{
	return protect_glob(view_of(pattern), view_of(text), false);
}

static void
patterns_match_as_documented(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool yes;
	} rows[] = {
		{ "main", "main", true },
		{ "main", "main2", false },
		{ "release/*", "release/1", true },
		{ "release/*", "release/1/2", false },
		{ "release/**", "release/1/2", true },
		{ "**", "a/b", true },
		{ "**/x", "x", true },
		{ "**/x", "a/b/x", true },
		{ "**/x", "a/bx", false },
		{ "a/**/x", "a/x", true },
		{ "*", "a/b", false },
		{ "v?", "v1", true },
		{ "v?", "v/", false },
		{ "v[0-9]", "v7", true },
		{ "v[!0-9]", "v7", false },
		{ "[]a]", "]", true },
		{ "{main,dev-*}", "dev-1", true },
		{ "{main,dev-*}", "main", true },
		{ "{main,dev-*}", "maindev-1", false },
		{ "r{a,b}{c,d}", "rbd", true },
		{ "r{[,}],b}", "r,", true },
		{ "r{[,}],b}", "r}", true },
		{ "r{[,}],b}", "r]", false },
		{ "r{[,}],b}", "rb", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "ci/*", "ci/test", true },
		{ "*.md", "README.md", true },
		{ "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (glob(rows[i].pattern, rows[i].text) != rows[i].yes)
			fail_msg("%s on %s", rows[i].pattern, rows[i].text);
	assert_true(protect_glob(view_of("*.MD"), view_of("a.md"), true));
}

static void
a_pattern_of_many_stars_is_quick(void **state)
{
	char pattern[PROTECT_GLOB_MAX + 1], text[1024];

	(void)state;
	for (size_t i = 0; i < PROTECT_GLOB_MAX; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[PROTECT_GLOB_MAX] = '\0';
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	text[sizeof(text) - 2] = '/';
	assert_false(glob(pattern, text));
}

static void
broken_patterns_are_refused(void **state)
{
	static const char *const bad[] = { "", "a[b", "{a,b", "{a,{b}}", "a\\",
		"a\nb", "{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}" };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(protect_glob_check(view_of(bad[i]), &e), -1);
	assert_int_equal(protect_glob_check(view_of("a]}b"), &e), 0);
}

static void
the_first_rule_that_matches_counts(void **state)
{
	struct protect_rule v[2] = { { .id = 1 }, { .id = 2 } };
	struct protect_list l = { .at = v, .n = 2 };

	(void)state;
	v[0].name = xstrdup("release/*");
	v[1].name = xstrdup("**");
	assert_int_equal(protect_match(&l, "release/1")->id, 1);
	assert_int_equal(protect_match(&l, "topic/1")->id, 2);
	free(v[1].name);
	v[1].name = xstrdup("main");
	assert_null(protect_match(&l, "topic"));
	free(v[0].name);
	free(v[1].name);
}

static void
a_list_counts_only_with_its_flag(void **state)
{
	struct protect_rule r = { .id = 1 };

	(void)state;
	protect_rule_add_user(&r, PROTECT_MAY_PUSH, 7, "bob");
	protect_rule_add_user(&r, PROTECT_MAY_FORCE, 7, "bob");
	assert_false(protect_may_push(&r, 7));
	r.flags |= UINT64_C(1) << PROTECT_PUSH;
	assert_true(protect_may_push(&r, 8));
	r.flags |= UINT64_C(1) << PROTECT_PUSH_LIST;
	assert_true(protect_may_push(&r, 7));
	assert_false(protect_may_push(&r, 8));
	assert_false(protect_may_force(&r, 7));
	r.flags |= UINT64_C(1) << PROTECT_FORCE;
	assert_true(protect_may_force(&r, 7));
	assert_false(protect_may_force(&r, 8));
	assert_true(protect_may_merge(&r, 8));
	r.flags |= UINT64_C(1) << PROTECT_MERGE_LIST;
	assert_false(protect_may_merge(&r, 8));
	protect_rule_release(&r);
}

static void
an_override_is_an_admins_or_a_listed_ones(void **state)
{
	struct protect_rule r = { .id = 1 };

	(void)state;
	protect_rule_add_user(&r, PROTECT_MAY_BYPASS, 7, "bob");
	assert_true(protect_may_override(&r, 1));
	r.flags = UINT64_C(1) << PROTECT_NO_OVERRIDE |
	    UINT64_C(1) << PROTECT_BYPASS_LIST;
	assert_false(protect_may_override(&r, 1));
	assert_true(protect_may_override(&r, 7));
	protect_rule_release(&r);
}

static void
files_are_patterns_without_case(void **state)
{
	(void)state;
	assert_true(
	    protect_files_match("docs/**; Makefile", view_of("DOCS/a/b.md")));
	assert_true(protect_files_match(" ;makefile;", view_of("Makefile")));
	assert_false(protect_files_match("docs/*", view_of("docs/a/b")));
	assert_false(protect_files_match("", view_of("a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_documented),
		cmocka_unit_test(a_pattern_of_many_stars_is_quick),
		cmocka_unit_test(broken_patterns_are_refused),
		cmocka_unit_test(the_first_rule_that_matches_counts),
		cmocka_unit_test(a_list_counts_only_with_its_flag),
		cmocka_unit_test(an_override_is_an_admins_or_a_listed_ones),
		cmocka_unit_test(files_are_patterns_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
