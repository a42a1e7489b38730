#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/base/str.h"

static void
money_is_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int64_t micros; /* -1: refused */
	} rows[] = {
		{ "0", 0 },
		{ "12", 12000000 },
		{ "0.25", 250000 },
		{ "0.000001", 1 },
		{ "0.0000001", 1 },
		{ "1000000", 1000000000000 },
		{ "1000001", -1 },
		{ "", -1 },
		{ ".5", -1 },
		{ "-1", -1 },
		{ "1e3", -1 },
		{ "1,5", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;
		int64_t micros = -1;

		(void)money_parse(view_of(rows[i].text), &micros, &e);
		assert_int_equal(micros, rows[i].micros);
	}
}

static void
money_is_shown_in_cents_or_less(void **state)
{
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	money_put(&out, 0);
	str_addc(&out, ' ');
	money_put(&out, 12345678);
	str_addc(&out, ' ');
	money_put(&out, 42);
	str_addc(&out, ' ');
	money_put(&out, 250000);
	assert_string_equal(str_cstr(&out), "0.00 12.34 0.000042 0.25");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_is_read_exactly),
		cmocka_unit_test(money_is_shown_in_cents_or_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
