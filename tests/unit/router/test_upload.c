#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "lib/base/str.h"
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

static void
restore(struct upload *u, const char *text, size_t len)
{
	struct view rest = { .p = text, .len = len }, line;
	struct upload_line x;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		assert_true(upload_line_read(line, &x));
		assert_int_equal(x.id, 7);
		upload_restore(u, &x);
	}
}

static void
what_was_used_outlives_the_process(void **state)
{
	struct upload *u = upload_new(), *v = upload_new();
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	upload_write(u, 7, true, &out);
	assert_int_equal(out.len, 0);
	assert_true(upload_take(u, "a.ok.test", 60, 100, DAY));
	upload_write(u, 7, false, &out);
	assert_string_equal(str_cstr(&out), "1 7 60 ok.test\n");
	/* Once; and all when all is asked for. */
	upload_write(u, 7, false, &out);
	assert_string_equal(str_cstr(&out), "1 7 60 ok.test\n");
	assert_true(upload_take(u, "other.test", 5, 100, DAY));
	upload_write(u, 7, false, &out);
	assert_string_equal(
	    str_cstr(&out), "1 7 60 ok.test\n1 7 5 other.test\n");
	restore(v, out.p, out.len);
	assert_false(upload_take(v, "ok.test", 41, 100, DAY));
	assert_true(upload_take(v, "other.test", 95, 100, DAY));
	/* An older line takes nothing back. */
	restore(v, out.p, out.len);
	assert_false(upload_left(v, "other.test", 100, DAY));
	assert_true(upload_left(v, "other.test", 100, 2 * (int64_t)DAY));
	restore(v, out.p, out.len);
	assert_true(upload_left(v, "other.test", 1, 2 * (int64_t)DAY));
	upload_free(u);
	upload_free(v);
}

static void
a_line_that_is_none_is_not_read(void **state)
{
	static const char *const bad[] = { "", "1", "1 7 60", "1 7 60 ",
		"x 7 60 ok.test", "1 -7 60 ok.test", "1 7 60 ok.test more",
		"1 7 99999999999999999999999 ok.test", "1 7 60 1.2.3.4",
		"99999999999 7 60 ok.test", " 1 7 60 ok.test" };
	struct upload_line x;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(upload_line_read(view_of(bad[i]), &x));
	assert_true(upload_line_read(view_of("1 7 60 *"), &x));
	assert_string_equal(x.domain, "*");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_is_of_a_domain_and_a_day),
		cmocka_unit_test(what_was_used_outlives_the_process),
		cmocka_unit_test(a_line_that_is_none_is_not_read),
		cmocka_unit_test(what_does_not_fit_ends_the_budget),
		cmocka_unit_test(without_a_bound_all_is_counted),
		cmocka_unit_test(domains_without_number_share_one_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
