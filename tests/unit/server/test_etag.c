#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/http/etag.h"

static const unsigned char key[ETAG_KEY] = "0123456789abcde";

static void
same_bytes_have_the_same_tag(void **state)
{
	char a[ETAG_MAX], b[ETAG_MAX], c[ETAG_MAX];

	(void)state;
	etag_of(key, VIEW_LIT("[]"), a);
	etag_of(key, VIEW_LIT("[]"), b);
	etag_of(key, VIEW_LIT("[1]"), c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), ETAG_MAX - 2);
	assert_int_equal(a[0], '"');
	assert_int_equal(a[strlen(a) - 1], '"');
}

static void
a_tag_is_found_in_a_list_and_when_weak(void **state)
{
	(void)state;
	assert_true(etag_known("\"x\"", "\"x\""));
	assert_true(etag_known("\"y\" , W/\"x\"", "\"x\""));
	assert_true(etag_known(" * ", "\"x\""));
	assert_false(etag_known("\"y\"", "\"x\""));
	assert_false(etag_known("x", "\"x\""));
	assert_false(etag_known("", "\"x\""));
	assert_false(etag_known(",,,", "\"x\""));
	assert_false(etag_known(NULL, "\"x\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_have_the_same_tag),
		cmocka_unit_test(a_tag_is_found_in_a_list_and_when_weak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
