#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/issue_rule.h"
#include "server/domain/items.h"
#include "server/http/param.h"

static void
texts_have_limits(void **state)
{
	static char big[BODY_LEN_MAX + 2];
	struct err e = ERR_INIT;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	assert_int_equal(issue_rule_body(big, &e), -1);
	assert_int_equal(issue_rule_body(big + 1, &e), 0);
	assert_int_equal(issue_rule_comment(" \n", &e), -1);
	assert_int_equal(issue_rule_title("a\tb", &e), -1);
	assert_int_equal(issue_rule_title("a\x7f", &e), -1);
	assert_int_equal(issue_rule_title("ok", &e), 0);
	big[TITLE_LEN_MAX + 1] = '\0';
	assert_int_equal(issue_rule_title(big, &e), -1);
}

static void
a_page_has_a_limit(void **state)
{
	struct param_page p;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(param_page(NULL, NULL, &p, &e), 0);
	assert_int_equal(p.page, 1);
	assert_int_equal(p.limit, PARAM_LIMIT_DEFAULT);
	assert_int_equal(param_page("2", "500", &p, &e), 0);
	assert_int_equal(p.limit, PARAM_LIMIT_MAX);
	assert_int_equal(param_page("0", "-1", &p, &e), 0);
	assert_int_equal(p.page, 1);
	assert_int_equal(p.limit, PARAM_LIMIT_DEFAULT);
	assert_int_equal(param_page("x", NULL, &p, &e), -1);
	assert_int_equal(param_page("-1", NULL, &p, &e), 0);
	assert_int_equal(p.page, 1);
	assert_int_equal(param_page("99999999", NULL, &p, &e), -1);
}

static void
links_begin_with_next(void **state)
{
	const struct param_page p = { 2, 10 };
	struct str s = STR_INIT;

	(void)state;
	param_link(&s, "http://h/x", "&q=a", &p, 35);
	assert_string_equal(str_cstr(&s),
	    "<http://h/x?page=3&limit=10&q=a>; rel=\"next\","
	    "<http://h/x?page=4&limit=10&q=a>; rel=\"last\","
	    "<http://h/x?page=1&limit=10&q=a>; rel=\"first\","
	    "<http://h/x?page=1&limit=10&q=a>; rel=\"prev\"");
	str_reset(&s);
	param_link(&s, "http://h/x", "", &p, 0);
	assert_int_equal(s.len, 0);
	str_release(&s);
}

static void
a_range_is_first_and_last(void **state)
{
	static const char *const bad[] = { NULL, "", "bytes", "bytes 1-/*",
		"bytes -1/*", "bytes 5-4/*", "bytes 0-4", "bytes 0-4/",
		"items 0-4/*", "bytes a-b/*", "bytes 0-9223372036854775807/*" };
	int64_t a, b;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(param_range("bytes 5-10/*", &a, &b, &e), 0);
	assert_int_equal(a, 5);
	assert_int_equal(b, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(param_range(bad[i], &a, &b, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_have_limits),
		cmocka_unit_test(a_page_has_a_limit),
		cmocka_unit_test(links_begin_with_next),
		cmocka_unit_test(a_range_is_first_and_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
