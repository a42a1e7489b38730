#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/rnd.h"

static void
num_u64_takes_whole_strings_only(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x10",
		"1.0", "18446744073709551616", "99999999999999999999", "a" };
	struct err e = ERR_INIT;
	uint64_t v = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(num_u64(bad[i], 0, UINT64_MAX, &v, &e), -1);
	assert_int_equal(v, 0);
	assert_int_equal(e.code, ERR_INVALID);
	assert_int_equal(
	    num_u64("18446744073709551615", 0, UINT64_MAX, &v, &e), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(num_u64("5", 6, 9, &v, &e), -1);
	assert_string_equal(e.msg, "5 is not in the range 6 to 9");
	assert_int_equal(num_u64("007", 0, 9, &v, &e), 0);
	assert_int_equal(v, 7);
}

static void
num_i64_reaches_both_ends(void **state)
{
	struct err e = ERR_INIT;
	int64_t v = 0;

	(void)state;
	assert_int_equal(
	    num_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v, &e), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(
	    num_i64("9223372036854775807", INT64_MIN, INT64_MAX, &v, &e), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(
	    num_i64("9223372036854775808", INT64_MIN, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_i64("--1", INT64_MIN, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_i64("-", INT64_MIN, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_i64("-5", -4, 4, &v, &e), -1);
}

static void
num_duration_wants_a_unit(void **state)
{
	struct err e = ERR_INIT;
	int64_t v = 0;

	(void)state;
	assert_int_equal(num_duration_ms("250ms", 0, INT64_MAX, &v, &e), 0);
	assert_int_equal(v, 250);
	assert_int_equal(num_duration_ms("7d", 0, INT64_MAX, &v, &e), 0);
	assert_int_equal(v, 7 * 86400000LL);
	assert_int_equal(num_duration_ms("30", 0, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_duration_ms("s", 0, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_duration_ms("1s ", 0, INT64_MAX, &v, &e), -1);
	assert_int_equal(num_duration_ms("2h", 0, 3600000, &v, &e), -1);
	assert_int_equal(
	    num_duration_ms("213503982335d", 0, INT64_MAX, &v, &e), -1);
	assert_int_equal(
	    num_duration_ms("18446744073709551615d", 0, INT64_MAX, &v, &e), -1);
}

static void
num_size_knows_its_suffixes(void **state)
{
	struct err e = ERR_INIT;
	uint64_t v = 0;

	(void)state;
	assert_int_equal(num_size("4096", 0, UINT64_MAX, &v, &e), 0);
	assert_int_equal(v, 4096);
	assert_int_equal(num_size("64k", 0, UINT64_MAX, &v, &e), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(num_size("2G", 0, UINT64_MAX, &v, &e), 0);
	assert_true(v == 2147483648ULL);
	assert_int_equal(num_size("2GB", 0, UINT64_MAX, &v, &e), -1);
	assert_int_equal(
	    num_size("18446744073709551615k", 0, UINT64_MAX, &v, &e), -1);
	assert_int_equal(num_size("2M", 0, 1024, &v, &e), -1);
}

static void
clock_writes_and_reads_rfc3339(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-31T09:05:00Z", 1769850300000LL },
		{ "2026-01-31T09:05:00.125Z", 1769850300125LL },
		{ "2026-01-31T11:05:00+02:00", 1769850300000LL },
		{ "2024-02-29T00:00:00Z", 1709164800000LL },
		{ "1969-12-31T23:59:59Z", -1000 },
	};
	static const char *const bad[] = { "", "2026-01-31",
		"2026-01-31 09:05:00Z", "2026-01-31T09:05:00",
		"2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-31T24:00:00Z",
		"2026-01-31T09:05:00ZZ", "2026-01-31T09:05:00.Z",
		"2026-01-31T09:05:00+2:00", "0000-01-01T00:00:00Z",
		"2026-01-31T09:05:61Z" };
	char text[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(clock_parse(good[i].text, &ms, &e), 0);
		assert_true(ms == good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(clock_parse(bad[i], &ms, &e), -1);
	assert_string_equal(
	    clock_rfc3339(1769850300999LL, text), "2026-01-31T09:05:00Z");
	assert_string_equal(clock_rfc3339(-1, text), "1969-12-31T23:59:59Z");
	assert_string_equal(
	    clock_rfc3339(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(
	    clock_rfc3339(INT64_MIN, text), "0001-01-01T00:00:00Z");
}

static void
clock_moves_forward(void **state)
{
	int64_t a = clock_mono_ms(), b = clock_mono_ms();

	(void)state;
	assert_true(a <= b);
	assert_true(clock_now_ms() > 1700000000000LL);
}

static void
rnd_stays_below_its_bound(void **state)
{
	unsigned seen = 0;
	char a[33], b[33];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t v = rnd_below(5);

		assert_true(v < 5);
		seen |= 1U << v;
	}
	assert_int_equal(seen, 31);
	assert_int_equal(rnd_below(1), 0);
	rnd_hex(a, 16);
	rnd_hex(b, 16);
	assert_string_not_equal(a, b);
	assert_int_equal(a[32], '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(num_u64_takes_whole_strings_only),
		cmocka_unit_test(num_i64_reaches_both_ends),
		cmocka_unit_test(num_duration_wants_a_unit),
		cmocka_unit_test(num_size_knows_its_suffixes),
		cmocka_unit_test(clock_writes_and_reads_rfc3339),
		cmocka_unit_test(clock_moves_forward),
		cmocka_unit_test(rnd_stays_below_its_bound),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
