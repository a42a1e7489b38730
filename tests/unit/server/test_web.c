#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/http/cookie.h"
#include "server/http/origin.h"
#include "server/web/form.h"
#include "server/web/html.h"
#include "server/web/transcript.h"

static void
text_and_attributes_are_escaped(void **state)
{
	struct html h;

	(void)state;
	html_init(&h);
	HTML_TAG(&h, "p");
	HTML_ATTR(&h, "title", "\"><script>alert('1')&");
	html_text(&h, "</p><script>");
	html_end(&h);
	assert_true(html_ok(&h));
	assert_string_equal(str_cstr(&h.out),
	    "<!DOCTYPE html>\n<p title=\"&quot;&gt;&lt;script&gt;"
	    "alert(&#39;1&#39;)&amp;\">&lt;/p&gt;&lt;script&gt;</p>");
	html_release(&h);
}

static void
what_is_no_text_is_replaced(void **state)
{
	struct html h;

	(void)state;
	html_init(&h);
	HTML_TAG(&h, "p");
	html_text(&h, "a\x01\x1b[31m\xff\xc0\xaf\xc2\x85z\n");
	html_shown(&h, "x\xe2\x80\xaey");
	html_text(&h, NULL);
	html_end(&h);
	assert_string_equal(str_cstr(&h.out) + strlen("<!DOCTYPE html>\n"),
	    "<p>a\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbf\xbd\xef\xbf\xbdz\nx&lt;U+202E&gt;y</p>");
	html_release(&h);
}

static void
parts_of_an_address_stay_parts(void **state)
{
	struct html h;

	(void)state;
	html_init(&h);
	HTML_TAG(&h, "a");
	HTML_URL(&h, "href", "/%s/%s?page=%u&id=%" PRId64, "a/../b",
	    "javascript:\"x&y", 3U, INT64_C(-7));
	html_end(&h);
	assert_non_null(strstr(str_cstr(&h.out),
	    "href=\"/a%2F..%2Fb/javascript%3A%22x%26y?page=3&amp;id=-7\""));
	html_release(&h);
}

static void
addresses_are_of_this_server(void **state)
{
	static const char *const bad[] = { "javascript:alert(1)",
		"https://evil", "//evil", "/\\evil", "", "data:text/html,x" };
	struct html h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		html_init(&h);
		HTML_TAG(&h, "a");
		HTML_ATTR(&h, "href", bad[i]);
		html_end(&h);
		assert_non_null(strstr(str_cstr(&h.out), "<a href=\"/\">"));
		html_release(&h);
	}
	html_init(&h);
	HTML_TAG(&h, "a");
	HTML_ATTR(&h, "href", "?page=2");
	html_end(&h);
	assert_non_null(strstr(str_cstr(&h.out), "<a href=\"?page=2\">"));
	html_release(&h);
}

static void
a_page_that_is_too_long_is_not_ok(void **state)
{
	struct html h;

	(void)state;
	html_init(&h);
	HTML_TAG(&h, "p");
	assert_false(html_ok(&h));
	for (int i = 0; i < HTML_MAX / 64 + 1; i++)
		html_text(&h,
		    "0123456789012345678901234567890123456789"
		    "012345678901234567890123456789");
	html_end(&h);
	assert_false(html_ok(&h));
	html_release(&h);
}

static void
forms_are_read(void **state)
{
	struct form f;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    form_parse(VIEW_LIT("a=1&b=x+y%26%3D&a=2&c&&=v"), &f, &e), 0);
	assert_string_equal(form_get(&f, "a"), "1");
	assert_string_equal(form_get(&f, "b"), "x y&=");
	assert_string_equal(form_get(&f, "c"), "");
	assert_string_equal(form_get(&f, "d"), "");
	form_release(&f);
	assert_int_equal(form_parse(VIEW_LIT("a=%zz"), &f, &e), -1);
	assert_int_equal(f.n, 0);
	assert_int_equal(form_parse(VIEW_LIT("a=%00"), &f, &e), -1);
	assert_int_equal(form_parse(VIEW_LIT(""), &f, &e), 0);
	assert_int_equal(
	    form_parse(VIEW_LIT("&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a"
				"&a&a&a&a&a&a&a&a&a&a&a&a"),
		&f, &e),
	    -1);
}

static void
after_signing_in_one_stays_here(void **state)
{
	static const char *const bad[] = { "", "x", "//evil", "/\\evil",
		"https://evil", "/a b", "/a\r\nSet-Cookie: x", "/<", "/a#b" };

	(void)state;
	assert_true(form_next_ok("/"));
	assert_true(form_next_ok("/o/p?page=2&x=%2F"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(form_next_ok(bad[i]));
}

static const struct origin_case {
	const char *origin, *host;
	bool ok;
} origins[] = {
	{ "https://coffer.example", "coffer.example", true },
	{ "https://COFFER.example", NULL, true },
	{ NULL, "coffer.example", false },
	{ "null", "coffer.example", false },
	{ "", "", false },
	{ "http://coffer.example", "coffer.example", false },
	{ "https://coffer.example.evil", "coffer.example", false },
	{ "https://coffer.example:8443", "coffer.example", false },
	{ "https://coffer.example/", "coffer.example", false },
	{ "http://127.0.0.1:3000", "127.0.0.1:3000", true },
	{ "http://localhost:9000", "localhost:9000", true },
	{ "http://[::1]:3000", "[::1]:3000", true },
	{ "http://[::1", "[::1", false },
	{ "http://127.0.0.1:3000", "127.0.0.1:3001", false },
	{ "http://evil.example", "evil.example", false },
	{ "http://127.0.0.1.evil", "127.0.0.1.evil", false },
	{ "http://", "", false },
};

static void
only_pages_of_ours_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		assert_int_equal(origin_ok(origins[i].origin, origins[i].host,
				     "https://coffer.example/"),
		    origins[i].ok);
}

static void
a_cookie_is_found_by_its_whole_name(void **state)
{
	struct view v;

	(void)state;
	assert_true(cookie_find("a=1; coffer=2;b=3", "coffer", &v));
	assert_true(view_is(v, "2"));
	assert_true(cookie_find("coffer=", "coffer", &v));
	assert_int_equal(v.len, 0);
	assert_false(cookie_find("xcoffer=1; coffer2=2; coffer", "coffer", &v));
	assert_false(cookie_find("", "coffer", &v));
	assert_false(cookie_find(NULL, "coffer", &v));
}

static void
tools_are_told_from_what_is_said(void **state)
{
	struct view rest = VIEW_LIT("[session]: model-1\n"
				    "I look.\n"
				    "> a quote: of Markdown\n"
				    "\n"
				    "> Bash: ls -la\n"
				    "> (not done) mcp__x.y\n"
				    "[note] is said\n"
				    "[error] rate: too many\n"
				    "last");
	static const struct {
		enum transcript_kind kind;
		bool undone;
		const char *name, *text;
	} want[] = {
		{ TRANSCRIPT_NOTE, false, "session", "model-1" },
		{ TRANSCRIPT_TEXT, false, "",
		    "I look.\n> a quote: of Markdown" },
		{ TRANSCRIPT_TOOL, false, "Bash", "ls -la" },
		{ TRANSCRIPT_TOOL, true, "mcp__x.y", "" },
		{ TRANSCRIPT_TEXT, false, "", "[note] is said" },
		{ TRANSCRIPT_NOTE, false, "error", "rate: too many" },
		{ TRANSCRIPT_TEXT, false, "", "last" },
	};
	struct transcript_part p;

	(void)state;
	assert_true(transcript_is(rest));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(transcript_next(&rest, &p));
		assert_int_equal(p.kind, want[i].kind);
		assert_int_equal(p.undone, want[i].undone);
		assert_true(view_is(p.name, want[i].name));
		assert_true(view_is(p.text, want[i].text));
	}
	assert_false(transcript_next(&rest, &p));
	assert_false(transcript_is(VIEW_LIT("12 passed\n> 1 failed\n>\n")));
	assert_false(transcript_is(VIEW_LIT("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_attributes_are_escaped),
		cmocka_unit_test(tools_are_told_from_what_is_said),
		cmocka_unit_test(what_is_no_text_is_replaced),
		cmocka_unit_test(parts_of_an_address_stay_parts),
		cmocka_unit_test(addresses_are_of_this_server),
		cmocka_unit_test(a_page_that_is_too_long_is_not_ok),
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(after_signing_in_one_stays_here),
		cmocka_unit_test(only_pages_of_ours_write),
		cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
