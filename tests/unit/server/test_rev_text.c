#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/domain/rev_text.h"

static void
a_range_has_three_dots_two_or_none(void **state)
{
	static const struct {
		const char *text, *base, *head;
		bool direct;
	} rows[] = {
		{ "main...agent/x", "main", "agent/x", false },
		{ "v1.0..v1.1", "v1.0", "v1.1", true },
		{ "...topic", "", "topic", false },
		{ "main..", "main", "", true },
		{ "topic", "", "topic", false },
	};
	struct rev_range r;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rev_range_parse(rows[i].text, &r, &e), 0);
		assert_string_equal(r.base, rows[i].base);
		assert_string_equal(r.head, rows[i].head);
		assert_int_equal(r.direct, rows[i].direct);
		rev_range_release(&r);
	}
	assert_int_equal(rev_range_parse("a....b", &r, &e), -1);
	assert_int_equal(rev_range_parse("a..b..c", &r, &e), -1);
}

static void
a_suffix_says_the_form(void **state)
{
	char *rev;
	enum rev_form form;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(rev_form_shown("abc.diff", &rev), REV_DIFF);
	assert_string_equal(rev, "abc");
	free(rev);
	assert_int_equal(rev_form_shown("a/b.patch", &rev), REV_PATCH);
	assert_string_equal(rev, "a/b");
	free(rev);
	assert_int_equal(rev_form_shown(".diff", &rev), REV_PLAIN);
	free(rev);
	assert_int_equal(rev_form_archive("v1.0.tar.gz", &form, &rev, &e), 0);
	assert_int_equal(form, REV_TAR_GZ);
	assert_string_equal(rev, "v1.0");
	free(rev);
	assert_int_equal(rev_form_archive("x.zip", &form, &rev, &e), 0);
	assert_int_equal(form, REV_ZIP);
	free(rev);
	assert_int_equal(rev_form_archive("x.rar", &form, &rev, &e), -1);
	assert_int_equal(rev_form_archive(".zip", &form, &rev, &e), -1);
}

static void
a_path_that_git_would_misread_is_refused(void **state)
{
	static const char *const good[] = { "a", "a/b.txt", ".gitignore",
		".github/workflows/x.yml", "a b", "\xc3\xa4", "a..b",
		".gitattributes", "digit~1" };
	static const char *const bad[] = { "", "/a", "a/", "a//b", ".", "..",
		"a/../b", ".git", ".GIT/config", "a/.git/x", ".git ", ".git.",
		".git::$DATA", "git~1", "GI7EBA~1", ".gitmodules",
		"x/.GitModules", "GITMOD~1", ".g\xe2\x80\x8cit", "a\\b", "a\nb",
		"a\x7f", "\xff" };
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(rev_path_ok(good[i], &why));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(rev_path_ok(bad[i], &why));
		assert_non_null(why);
	}
}

static void
a_short_id_is_hex(void **state)
{
	(void)state;
	assert_true(rev_is_short_id("abcd"));
	assert_false(rev_is_short_id("abc"));
	assert_false(rev_is_short_id("abcg"));
	assert_false(rev_is_short_id("ABCD"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_has_three_dots_two_or_none),
		cmocka_unit_test(a_suffix_says_the_form),
		cmocka_unit_test(a_path_that_git_would_misread_is_refused),
		cmocka_unit_test(a_short_id_is_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
