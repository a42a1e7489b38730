#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/ustar.h"

static void
what_is_written_is_read(void **state)
{
	AUTO_STR struct str a = STR_INIT;
	struct ustar_file f;
	struct err e = ERR_INIT;
	struct view rest;

	(void)state;
	ustar_add(&a, "one.txt", VIEW_LIT("hello"));
	ustar_add(&a, "two", VIEW_LIT(""));
	ustar_end(&a);
	assert_int_equal(a.len % USTAR_BLOCK, 0);
	rest = str_view(&a);
	assert_int_equal(ustar_next(&rest, &f, &e), 1);
	assert_string_equal(f.name, "one.txt");
	assert_true(view_is(f.bytes, "hello"));
	assert_int_equal(ustar_next(&rest, &f, &e), 1);
	assert_int_equal(f.bytes.len, 0);
	assert_int_equal(ustar_next(&rest, &f, &e), 0);
}

static void
nothing_else_is(void **state)
{
	AUTO_STR struct str a = STR_INIT;
	struct ustar_file f;
	struct err e = ERR_INIT;
	struct view rest;

	(void)state;
	ustar_add(&a, "one.txt", VIEW_LIT("hello"));
	rest = (struct view){ .p = a.p, .len = USTAR_BLOCK + 100 };
	assert_int_equal(ustar_next(&rest, &f, &e), -1);
	rest.len = 10;
	assert_int_equal(ustar_next(&rest, &f, &e), -1);
	a.p[0] = 'x';
	rest = str_view(&a);
	assert_int_equal(ustar_next(&rest, &f, &e), -1);
	str_reset(&a);
	ustar_add(&a, "../evil", VIEW_LIT("x"));
	rest = str_view(&a);
	assert_int_equal(ustar_next(&rest, &f, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
