#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/fetch/excerpt.h"
#include "lib/base/str.h"

static const struct excerpt_kind kinds[EXCERPT_KINDS] = { { "as", 40 },
	{ "bs", 40 } };

/* Rows of 10 bytes. */
static void
rows(struct excerpt *x, size_t kind, char letter, int from, int n)
{
	for (int i = from; i < from + n; i++) {
		str_addf(&x->text, "  %c %04d.\n", letter, i);
		excerpt_row(x, kind);
	}
}

static bool
has(const struct str *out, const char *text)
{
	return strstr(str_cstr(out), text) != NULL;
}

static void
what_fits_is_all_there_in_its_order(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct excerpt x;

	(void)state;
	excerpt_init(&x, kinds);
	rows(&x, 0, 'a', 0, 2);
	rows(&x, 1, 'b', 0, 4);
	rows(&x, 0, 'a', 2, 2);
	excerpt_end(&x, &out);
	assert_string_equal(str_cstr(&out),
	    "  a 0000.\n  a 0001.\n  b 0000.\n  b 0001.\n  b 0002.\n"
	    "  b 0003.\n  a 0002.\n  a 0003.\n");
	assert_int_equal(x.left[0] + x.left[1], 0);
	excerpt_release(&x);
}

static void
newest_and_oldest_stay_and_the_rest_is_counted(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct excerpt x;

	(void)state;
	excerpt_init(&x, kinds);
	rows(&x, 0, 'a', 0, 100);
	excerpt_end(&x, &out);
	assert_string_equal(str_cstr(&out),
	    "  a 0000.\n  a 0001.\n  (96 as that are not shown)\n"
	    "  a 0098.\n  a 0099.\n");
	assert_int_equal(x.left[0], 96);
	excerpt_release(&x);
}

static void
a_flood_of_one_kind_takes_no_room_of_another(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct excerpt x;

	(void)state;
	excerpt_init(&x, kinds);
	rows(&x, 0, 'a', 0, 5000);
	rows(&x, 1, 'b', 0, 1);
	rows(&x, 0, 'a', 5000, 4000);
	excerpt_end(&x, &out);
	assert_true(has(&out, "  b 0000.\n"));
	assert_int_equal(x.left[0], 8996);
	assert_int_equal(x.left[1], 0);
	excerpt_release(&x);
}

static void
the_newest_is_there_however_long(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct excerpt x;

	(void)state;
	excerpt_init(&x, kinds);
	rows(&x, 0, 'a', 0, 3);
	for (int i = 0; i < 1000; i++)
		str_addc(&x.text, 'x');
	str_add(&x.text, "END\n");
	excerpt_row(&x, 0);
	excerpt_end(&x, &out);
	assert_true(has(&out, "xEND\n"));
	assert_true(has(&out, "  (3 as that are not shown)\n"));
	assert_int_equal(x.left[0], 3);
	excerpt_release(&x);
}

static void
more_than_can_be_kept_is_counted(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct excerpt x;
	size_t n = 0;

	(void)state;
	excerpt_init(&x, kinds);
	while (str_ok(&x.text)) {
		rows(&x, 0, 'a', 0, 1);
		n++;
	}
	rows(&x, 1, 'b', 0, 7);
	excerpt_end(&x, &out);
	assert_int_equal(x.left[0], n - 4);
	assert_int_equal(x.left[1], 7);
	assert_true(has(&out, "  (7 bs that are not shown)\n"));
	assert_false(has(&out, "b 0"));
	excerpt_release(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_all_there_in_its_order),
		cmocka_unit_test(
		    newest_and_oldest_stay_and_the_rest_is_counted),
		cmocka_unit_test(a_flood_of_one_kind_takes_no_room_of_another),
		cmocka_unit_test(the_newest_is_there_however_long),
		cmocka_unit_test(more_than_can_be_kept_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
