#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

static void
utf8_refuses_what_rfc_3629_refuses(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff", "\xe2\x82",
		"\xc3(" };
	static const char *const good[] = { "", "abc", "\xc3\xa4",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf", "\xee\x80\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(view_of(bad[i])));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(view_of(good[i])));
}

static void
utf8_cut_keeps_code_points_whole(void **state)
{
	static const struct {
		const char *text;
		size_t max, want;
	} rows[] = {
		{ "abc", 5, 3 },
		{ "abc", 2, 2 },
		{ "a\xc3\xa4", 2, 1 },
		{ "a\xe2\x82\xac", 3, 1 },
		{ "a\xe2\x82\xac", 2, 1 },
		{ "\xf0\x9f\x98\x80", 3, 0 },
		{ "\xf0\x9f\x98\x80x", 4, 4 },
		{ "\x80\x80\x80\x80\x80", 3, 3 },
		{ "ab", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    utf8_cut(view_of(rows[i].text), rows[i].max).len,
		    rows[i].want);
}

typedef void esc_fn(struct str *out, struct view v);

static void
check(esc_fn *fn, const char *in, const char *want)
{
	AUTO_STR struct str s = STR_INIT;

	fn(&s, view_of(in));
	assert_string_equal(str_cstr(&s), want);
}

static void
esc_serves_its_destination(void **state)
{
	(void)state;
	check(esc_html, "<a b=\"c\" d='e'>&",
	    "&lt;a b=&quot;c&quot; "
	    "d=&#39;e&#39;&gt;&amp;");
	check(esc_url, "a/b c~\xc3\xa4", "a%2Fb%20c~%C3%A4");
	check(esc_url_path, "a/b c", "a/b%20c");
	check(esc_log, "refs/heads/x@1", "refs/heads/x@1");
	check(esc_log, "", "\"\"");
	check(esc_log, "a\\b=\"\n", "\"a\\x5cb=\\x22\\x0a\"");
	check(esc_term, "a\x1b[1m\n\xe2\x80\xae!",
	    "a<U+001B>[1m<U+000A><U+202E>!");
	check(esc_term, "\xc3\xa4\xff\xf3\xa0\x81\x81",
	    "\xc3\xa4<0xFF><U+E0041>");
	check(esc_shell, "it's; rm -rf", "'it'\\''s; rm -rf'");
	check(esc_base64, "", "");
	check(esc_base64, "f", "Zg==");
	check(esc_base64, "fo", "Zm8=");
	check(esc_base64, "foobar", "Zm9vYmFy");
}

static void
esc_decodes_percent_and_forms(void **state)
{
	static const char *const bad[] = { "%", "%1", "%zz", "%00", "a%2",
		"%-1" };
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(esc_url_decode(view_of("a+b%20%2f%2F"), &s, &e), 0);
	assert_string_equal(str_cstr(&s), "a+b //");
	str_reset(&s);
	assert_int_equal(esc_form_decode(view_of("a+b%2B"), &s, &e), 0);
	assert_string_equal(str_cstr(&s), "a b+");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(esc_url_decode(view_of(bad[i]), &s, &e), -1);
	assert_int_equal(
	    esc_url_decode((struct view){ .p = "a\0b", .len = 3 }, &s, &e), -1);
}

static void
esc_base64_decodes_only_its_own_form(void **state)
{
	static const char *const bad[] = { "Zg",
		"Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm9v\n",
		"Zg==Zg==", "Zm-_", "=g==" };
	AUTO_STR struct str s = STR_INIT, small = STR_INIT_MAX(2);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(esc_base64_decode(view_of("Zm9vYg=="), &s, &e), 0);
	assert_string_equal(str_cstr(&s), "foob");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    esc_base64_decode(view_of(bad[i]), &s, &e), -1);
	assert_int_equal(esc_base64_decode(view_of("Zm9v"), &small, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	str_release(&small);
	str_reset(&s);
	esc_hex(&s, "\x00\xff\x1a", 3);
	assert_string_equal(str_cstr(&s), "00ff1a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_refuses_what_rfc_3629_refuses),
		cmocka_unit_test(utf8_cut_keeps_code_points_whole),
		cmocka_unit_test(esc_serves_its_destination),
		cmocka_unit_test(esc_decodes_percent_and_forms),
		cmocka_unit_test(esc_base64_decodes_only_its_own_form),
	};

	return cmocka_run_group_tests_name("esc", tests, NULL, NULL);
}
