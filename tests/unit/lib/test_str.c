#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"

static void
str_is_readable_while_empty(void **state)
{
	AUTO_STR struct str s = STR_INIT;

	(void)state;
	assert_string_equal(str_cstr(&s), "");
	assert_int_equal(str_view(&s).len, 0);
	assert_true(str_ok(&s));
	str_drop(&s, 3);
	str_reset(&s);
	assert_string_equal(str_cstr(&s), "");
}

static void
str_grows_and_stays_terminated(void **state)
{
	AUTO_STR struct str s = STR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i);
	assert_int_equal(s.len, 3890);
	assert_int_equal(strlen(str_cstr(&s)), 3890);
	str_drop(&s, 3880);
	assert_string_equal(str_cstr(&s), "7,998,999,");
	str_drop(&s, 99);
	assert_string_equal(str_cstr(&s), "");
}

static void
str_formats_what_is_longer_than_its_scratch(void **state)
{
	AUTO_STR struct str s = STR_INIT;

	(void)state;
	str_addf(&s, "%0500d|%s", 7, "end");
	assert_int_equal(s.len, 504);
	assert_string_equal(str_cstr(&s) + 499, "7|end");
}

static void
str_drops_at_its_maximum_and_says_so(void **state)
{
	AUTO_STR struct str s = STR_INIT_MAX(8);

	(void)state;
	str_add(&s, "12345678");
	assert_true(str_ok(&s));
	str_addc(&s, '9');
	assert_false(str_ok(&s));
	assert_string_equal(str_cstr(&s), "12345678");
	str_reset(&s);
	str_add(&s, "123456789");
	assert_false(str_ok(&s));
	str_add(&s, "1");
	assert_string_equal(str_cstr(&s), "");
	str_reset(&s);
	str_addf(&s, "%0300d", 1);
	assert_false(str_ok(&s));
}

static void
str_cut_keeps_the_beginning_and_goes_on(void **state)
{
	AUTO_STR struct str s = STR_INIT_MAX(8), none = STR_INIT;

	(void)state;
	str_cut(&none, 3);
	assert_string_equal(str_cstr(&none), "");
	str_add(&s, "12345678");
	str_addc(&s, '9');
	str_cut(&s, 3);
	assert_true(str_ok(&s));
	assert_string_equal(str_cstr(&s), "123");
	str_cut(&s, 7);
	str_add(&s, "4");
	assert_string_equal(str_cstr(&s), "1234");
}

static void
str_steal_leaves_an_empty_string(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_FREE char *a = str_steal(&s);
	AUTO_FREE char *b = NULL;

	(void)state;
	str_add(&s, "gold");
	b = str_steal(&s);
	assert_string_equal(a, "");
	assert_string_equal(b, "gold");
	assert_int_equal(s.len, 0);
}

static void
view_split_gives_empty_parts(void **state)
{
	struct view rest = VIEW_LIT("a,,b,"), part;

	(void)state;
	assert_true(view_split(&rest, ',', &part));
	assert_true(view_is(part, "a"));
	assert_true(view_split(&rest, ',', &part));
	assert_true(view_is(part, ""));
	assert_true(view_split(&rest, ',', &part));
	assert_true(view_is(part, "b"));
	assert_true(view_split(&rest, ',', &part));
	assert_true(view_is(part, ""));
	assert_false(view_split(&rest, ',', &part));
}

static void
view_compares_trims_and_skips(void **state)
{
	struct view v = VIEW_LIT(" \tkey\r\n");
	AUTO_FREE char *z = view_dup(view_trim(v));

	(void)state;
	assert_string_equal(z, "key");
	assert_true(view_starts(view_trim(v), "ke"));
	assert_false(view_starts(view_trim(v), "keys"));
	assert_true(view_ends(view_trim(v), "ey"));
	assert_false(view_ends(view_trim(v), "okey"));
	assert_true(view_starts(view_of(NULL), ""));
	assert_true(view_is(view_from(view_trim(v), 2), "y"));
	assert_int_equal(view_from(v, 99).len, 0);
	assert_true(view_eq(view_of(NULL), view_of("")));
	assert_int_equal(view_trim(view_of(" \n ")).len, 0);
}

static void
alloc_bounds_a_copy_by_its_source(void **state)
{
	AUTO_FREE char *a = xstrndup("gold", 2);
	AUTO_FREE char *b = xstrndup("gold", 99);
	AUTO_FREE char *c = xasprintf("%s-%d", a, 5);
	AUTO_FREE void *none = xmalloc(0);

	(void)state;
	assert_string_equal(a, "go");
	assert_string_equal(b, "gold");
	assert_string_equal(c, "go-5");
	assert_non_null(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_is_readable_while_empty),
		cmocka_unit_test(str_grows_and_stays_terminated),
		cmocka_unit_test(str_formats_what_is_longer_than_its_scratch),
		cmocka_unit_test(str_cut_keeps_the_beginning_and_goes_on),
		cmocka_unit_test(str_drops_at_its_maximum_and_says_so),
		cmocka_unit_test(str_steal_leaves_an_empty_string),
		cmocka_unit_test(view_split_gives_empty_parts),
		cmocka_unit_test(view_compares_trims_and_skips),
		cmocka_unit_test(alloc_bounds_a_copy_by_its_source),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
