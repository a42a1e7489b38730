#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/run/prune.h"

enum {
	DAY_MS = 24 * 3600 * 1000
};

static const int64_t now = (int64_t)1000 * DAY_MS;

static size_t
pick(uint64_t days, uint64_t bytes)
{
	const struct prune_spec s = { .days = days, .bytes = bytes };
	struct prune_row rows[] = {
		{ .id = 9, .at_ms = now, .bytes = 10 },
		{ .id = 3, .at_ms = now - 8 * (int64_t)DAY_MS, .bytes = 10 },
		{ .id = 5, .at_ms = now - 2 * (int64_t)DAY_MS, .bytes = 10 },
	};
	size_t n = prune_pick(&s, rows, 3, now);

	assert_int_equal(rows[0].id, 3);
	return n;
}

static void
the_oldest_go_by_age_and_by_size(void **state)
{
	(void)state;
	assert_int_equal(pick(0, 0), 0);
	assert_int_equal(pick(7, 0), 1);
	assert_int_equal(pick(1, 0), 2);
	assert_int_equal(pick(0, 30), 0);
	assert_int_equal(pick(0, 29), 1);
	assert_int_equal(pick(0, 5), 3);
	assert_int_equal(pick(7, 15), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go_by_age_and_by_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
