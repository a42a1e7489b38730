/* Markdown and code of strangers, as pages show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/text/highlight.h"
#include "server/text/md.h"
#include "server/web/markdown.h"
#include "server/web/web.h"

/* The page's part for that text, without its <div>. */
static const char *
page(const char *text, const char *src)
{
	static char out[8192];
	const struct web_markdown ctx = { .project = "ann/calc",
		.src = src,
		.raw = src != NULL ? "/ann/calc/raw/branch/main" : NULL,
		.folder = "docs" };
	AUTO_STR struct str tokens = STR_INIT;
	struct web w = { .now = 0 };
	struct err e = ERR_INIT;
	const char *body;
	size_t n;

	assert_int_equal(md_parse(view_of(text), &tokens, &e), 0);
	html_init(&w.h);
	web_markdown(&w, &ctx, str_view(&tokens));
	assert_true(html_ok(&w.h));
	body = strstr(str_cstr(&w.h.out), "<div class=\"md\">");
	assert_non_null(body);
	body += strlen("<div class=\"md\">");
	n = strlen(body) - strlen("</div>");
	assert_true(n < sizeof(out));
	memcpy(out, body, n);
	out[n] = '\0';
	html_release(&w.h);
	return out;
}

#define SRC "/ann/calc/src/branch/main"

static void
ordinary_text_is_marked_up(void **state)
{
	(void)state;
	assert_string_equal(page("# One\n\nA *b* **c** ~~d~~ `e`\n", NULL),
	    "<h2>One</h2><p>A <em>b</em> <strong>c</strong> <del>d</del> "
	    "<code>e</code></p>");
	assert_string_equal(
	    page("- a\n- b\n", NULL), "<ul><li>a</li><li>b</li></ul>");
	assert_string_equal(
	    page("3. a\n", NULL), "<ol start=\"3\"><li>a</li></ol>");
	assert_non_null(strstr(page("- [x] a\n- [ ] b\n", NULL),
	    "<input type=\"checkbox\" disabled checked aria-label=\"done\">"));
	assert_non_null(strstr(page("|a|b|\n|-|-:|\n|1|2|\n", NULL),
	    "<tr><th scope=\"col\">a</th><th scope=\"col\" "
	    "class=\"right\">b</th></tr><tr><td>1</td><td class=\"right\">2"));
	assert_string_equal(page("```c\nint x; // y\n```\n", NULL),
	    "<pre class=\"code\" tabindex=\"0\"><code><span "
	    "class=\"hw\">int</span> x; <span class=\"hc\">// y</span>\n"
	    "</code></pre>");
}

static void
html_is_text_and_comments_are_not_shown(void **state)
{
	(void)state;
	assert_string_equal(page("<script>alert(1)</script>\n", NULL),
	    "<code class=\"html\">&lt;script&gt;alert(1)&lt;/script&gt;"
	    "</code>");
	assert_null(strstr(page("a <img src=x onerror=y> b", NULL), "<img"));
	assert_string_equal(page("<!-- secret -->\n", NULL), "");
}

static void
addresses_lead_where_they_may(void **state)
{
	(void)state;
	assert_string_equal(page("[a](https://example.org/x?y=\"z)", NULL),
	    "<p><a href=\"https://example.org/x?y=&quot;z\" rel=\"nofollow "
	    "noopener noreferrer\">a</a></p>");
	assert_null(strstr(page("[a](javascript:alert(1))", SRC), "href"));
	assert_null(strstr(page("[a](data:text/html,x)", SRC), "href"));
	assert_null(strstr(page("[a](vbscript:x)", SRC), "href"));
	assert_null(strstr(page("[a](//example.org/)", SRC), "href"));
	assert_null(strstr(page("[a](b.md)", NULL), "href"));
	assert_string_equal(page("[a](b%20c.md#Part)", SRC),
	    "<p><a href=\"" SRC "/docs/b%20c.md#Part\">a</a></p>");
	assert_string_equal(page("[a](../x/./y.md)", SRC),
	    "<p><a href=\"" SRC "/x/y.md\">a</a></p>");
	assert_string_equal(page("[a](/top.md)", SRC),
	    "<p><a href=\"" SRC "/top.md\">a</a></p>");
	assert_null(strstr(page("[a](../../../etc/x)", SRC), "href"));
	assert_null(strstr(page("[a](..%2f..%2fx)", SRC), "href"));
}

static void
images_of_others_are_links(void **state)
{
	(void)state;
	assert_string_equal(page("![logo](img/a.png)", SRC),
	    "<p><img src=\"/ann/calc/raw/branch/main/docs/img/a.png\" "
	    "alt=\"logo\" loading=\"lazy\"></p>");
	assert_null(
	    strstr(page("![x](https://example.org/a.png)", SRC), "<img"));
	assert_non_null(strstr(page("![x](https://example.org/a.png)", SRC),
	    "<a href=\"https://example.org/a.png\""));
	/* In a link it is its text. */
	assert_string_equal(
	    page("[![b](https://example.org/b)](https://example.org/c)", NULL),
	    "<p><a href=\"https://example.org/c\" rel=\"nofollow noopener "
	    "noreferrer\"><span>b</span></a></p>");
}

static void
numbers_lead_to_issues(void **state)
{
	(void)state;
	assert_string_equal(page("see #7, (#12)", NULL),
	    "<p>see <a href=\"/ann/calc/issues/7\">#7</a>, (<a "
	    "href=\"/ann/calc/issues/12\">#12</a>)</p>");
	assert_null(
	    strstr(page("a#7 #0 #7b `#7` #1234567890123456", NULL), "href"));
}

static void
what_is_nested_deeply_keeps_its_text(void **state)
{
	char text[600];

	(void)state;
	memset(text, '>', 500);
	(void)snprintf(text + 500, sizeof(text) - 500, " deep\n");
	assert_non_null(strstr(page(text, NULL), "deep"));
}

static void
tokens_of_strangers_write_no_page_that_is_open(void **state)
{
	static const char *const bad[] = { "\x02", "\x02\0\0\0\1",
		"\x7f\0\0\0\0\0\0\0\0\0\0\0\0" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct view rest = { bad[i], i == 0 ? 1 : 13 };
		struct md_token t;

		if (i == 1)
			rest.len = 5;
		assert_int_equal(md_next(&rest, &t), -1);
	}
}

static void
put_part(enum highlight_kind kind, struct view text, void *arg)
{
	static const char marks[] = " #\"w0";
	struct str *out = arg;

	for (size_t i = 0; i < text.len; i++)
		str_addc(out, marks[kind]);
}

static const char *
kinds(struct highlight *h, const char *line)
{
	static char out[256];
	AUTO_STR struct str s = STR_INIT;

	highlight_line(h, view_of(line), put_part, &s);
	assert_int_equal(s.len, strlen(line));
	(void)snprintf(out, sizeof(out), "%s", str_cstr(&s));
	return out;
}

static void
code_is_marked_by_its_language(void **state)
{
	struct highlight c = { .lang = highlight_by_path("a/b.C") };
	struct highlight py = { .lang = highlight_by_path("x.py") };
	struct highlight sql = { .lang = highlight_by_name(view_of("SQL")) };
	struct highlight none = { .lang = highlight_by_path("x.unknown") };

	(void)state;
	assert_string_equal(kinds(&c, "int a = 10; /* x"), "www     00  ####");
	assert_string_equal(
	    kinds(&c, "y */ if (\"b\\\"\")"), "#### ww  \"\"\"\"\" ");
	assert_string_equal(kinds(&c, "#include <x.h>"), "wwwwwwwwwwwwww");
	assert_string_equal(kinds(&py, "x = '''a"), "    \"\"\"\"");
	assert_string_equal(kinds(&py, "b''' # c"), "\"\"\"\" ###");
	assert_string_equal(kinds(&sql, "Select 1 -- x"), "wwwwww 0 ####");
	assert_string_equal(kinds(&none, "int x"), "     ");
	assert_non_null(highlight_by_path("sub/Makefile"));
	assert_null(highlight_by_path("README"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_text_is_marked_up),
		cmocka_unit_test(html_is_text_and_comments_are_not_shown),
		cmocka_unit_test(addresses_lead_where_they_may),
		cmocka_unit_test(images_of_others_are_links),
		cmocka_unit_test(numbers_lead_to_issues),
		cmocka_unit_test(what_is_nested_deeply_keeps_its_text),
		cmocka_unit_test(
		    tokens_of_strangers_write_no_page_that_is_open),
		cmocka_unit_test(code_is_marked_by_its_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
