#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "router/upload.h"

enum {
	DAY = 24 * 60 * 60 * 1000
};

static void
a_budget_is_of_a_domain_and_a_day(void **state)
{
	struct upload *u = upload_new();

	(void)state;
	assert_true(upload_take(u, "ok.test", 60, 100, DAY));
	assert_true(upload_take(u, "a.ok.test", 40, 100, DAY));
	assert_false(upload_left(u, "b.ok.test", 100, DAY));
	assert_false(upload_take(u, "ok.test", 1, 100, DAY));
	assert_true(upload_take(u, "other.test", 100, 100, DAY));
	assert_true(upload_take(u, "ok.test", 100, 100, 2 * (int64_t)DAY));
	/* The clock is set back. */
	assert_false(upload_take(u, "ok.test", 1, 100, DAY));
	upload_free(u);
}

static void
what_does_not_fit_ends_the_budget(void **state)
{
	struct upload *u = upload_new();

	(void)state;
	assert_true(upload_take(u, "ok.test", 60, 100, DAY));
	assert_false(upload_take(u, "ok.test", 41, 100, DAY));
	assert_false(upload_take(u, "ok.test", 1, 100, DAY));
	/* A higher one counts from there. */
	assert_true(upload_take(u, "ok.test", 50, 150, DAY));
	upload_free(u);
}

static void
without_a_bound_all_is_counted(void **state)
{
	struct upload *u = upload_new();

	(void)state;
	assert_true(upload_take(u, "ok.test", 1000, 0, DAY));
	assert_true(upload_left(u, "ok.test", 0, DAY));
	assert_false(upload_left(u, "ok.test", 1000, DAY));
	assert_false(upload_take(u, "ok.test", UINT64_MAX, 1001, DAY));
	upload_free(u);
}

static void
domains_without_number_share_one_budget(void **state)
{
	struct upload *u = upload_new();
	char name[32];

	(void)state;
	for (int i = 0; i < UPLOAD_DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "a.d%d.test", i);
		assert_true(upload_take(u, name, 10, 10, DAY));
	}
	assert_true(upload_take(u, "more.test", 6, 10, DAY));
	assert_false(upload_take(u, "yet-more.test", 6, 10, DAY));
	upload_free(u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_is_of_a_domain_and_a_day),
		cmocka_unit_test(what_does_not_fit_ends_the_budget),
		cmocka_unit_test(without_a_bound_all_is_counted),
		cmocka_unit_test(domains_without_number_share_one_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
