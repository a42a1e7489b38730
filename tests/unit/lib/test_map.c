#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/map.h"

enum {
	ENTRIES = 10000
};

static int marks[ENTRIES];

static struct map *
filled(void)
{
	struct map *m = map_new();

	for (int i = 0; i < ENTRIES; i++) {
		char key[32];

		marks[i] = 0;
		(void)snprintf(key, sizeof(key), "key-%d", i);
		assert_null(map_put(m, key, &marks[i]));
	}
	assert_int_equal(map_count(m), ENTRIES);
	return m;
}

static void
map_finds_ten_thousand_entries(void **state)
{
	struct map *m = filled();
	char key[32];

	(void)state;
	for (int i = 0; i < ENTRIES; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_get(m, key), &marks[i]);
	}
	assert_null(map_get(m, "key-10000"));
	assert_null(map_get(m, ""));
	map_free(m);
}

static void
map_walk_visits_each_once_while_deleting(void **state)
{
	struct map *m = filled();
	size_t cursor = 0;
	const char *key;
	void *value;
	int n = 0;

	(void)state;
	while (map_next(m, &cursor, &key, &value)) {
		++*(int *)value;
		if (n++ % 3 != 0)
			assert_ptr_equal(map_del(m, key), value);
	}
	assert_int_equal(n, ENTRIES);
	for (int i = 0; i < ENTRIES; i++)
		assert_int_equal(marks[i], 1);
	assert_int_equal(map_count(m), (ENTRIES + 2) / 3);
	for (cursor = 0, n = 0; map_next(m, &cursor, NULL, &value); n++)
		++*(int *)value;
	assert_int_equal(n, (ENTRIES + 2) / 3);
	map_free(m);
}

static void
map_put_and_del_return_the_old_value(void **state)
{
	struct map *m = map_new();
	int a, b;

	(void)state;
	assert_null(map_put(m, "x", &a));
	assert_ptr_equal(map_put(m, "x", &b), &a);
	assert_int_equal(map_count(m), 1);
	assert_ptr_equal(map_del(m, "x"), &b);
	assert_null(map_del(m, "x"));
	assert_null(map_get(m, "x"));
	assert_int_equal(map_count(m), 0);
	map_free(m);
	map_free(NULL);
}

static void
map_takes_numbers_as_keys(void **state)
{
	struct map *m = map_new();
	int a, b;

	(void)state;
	map_put_u64(m, 0, &a);
	map_put_u64(m, UINT64_MAX, &b);
	assert_ptr_equal(map_get_u64(m, 0), &a);
	assert_ptr_equal(map_get_u64(m, UINT64_MAX), &b);
	assert_ptr_equal(map_get(m, "0"), &a);
	assert_ptr_equal(map_del_u64(m, UINT64_MAX), &b);
	assert_null(map_get_u64(m, UINT64_MAX));
	map_free(m);
}

/* Deleted slots must not fill the table up. */
static void
map_survives_long_churn(void **state)
{
	struct map *m = map_new();
	int v;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		map_put_u64(m, i, &v);
		if (i >= 8)
			assert_ptr_equal(map_del_u64(m, i - 8), &v);
	}
	assert_int_equal(map_count(m), 8);
	map_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_finds_ten_thousand_entries),
		cmocka_unit_test(map_walk_visits_each_once_while_deleting),
		cmocka_unit_test(map_put_and_del_return_the_old_value),
		cmocka_unit_test(map_takes_numbers_as_keys),
		cmocka_unit_test(map_survives_long_churn),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
