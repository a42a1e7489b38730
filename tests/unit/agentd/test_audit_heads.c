/* agentd/watch/audit_heads: which heads of the audit log stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/watch/audit_heads.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	EACH_MS = 10 * 60 * 1000,
	SIG = 128
};

#define DAY INT64_C(86400000)
#define NOW (20000 * DAY + DAY / 2)

static char path[] = "/tmp/audit-heads.XXXXXX";

static int
setup(void **state)
{
	int fd;

	(void)state;
	memcpy(strrchr(path, '.') + 1, "XXXXXX", 6);
	fd = mkstemp(path);
	if (fd == -1)
		return -1;
	(void)close(fd);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void
head(struct str *s, int64_t seq, int64_t ms)
{
	str_addf(s, "%" PRId64 " %064" PRIx64 " %" PRId64 " ", seq,
	    (uint64_t)seq * 7919, ms);
	for (int i = 0; i < SIG; i++)
		str_addc(s, 'a');
	str_addc(s, '\n');
}

/* The file with these lines, thinned. */
static void
thin(const struct str *in, struct str *out)
{
	struct err e = ERR_INIT;

	assert_int_equal(path_write_atomic(path, in->p, in->len, 0644, &e), 0);
	assert_int_equal(auditheads_thin(path, NOW, &e), 0);
	assert_int_equal(path_read(path, 64 << 20, out, &e), 0);
}

static void
years_of_heads_become_one_a_day(void **state)
{
	AUTO_STR struct str in = STR_INIT_MAX(64 << 20);
	AUTO_STR struct str out = STR_INIT_MAX(64 << 20);
	AUTO_STR struct str again = STR_INIT_MAX(64 << 20);
	struct view rest, line;
	int64_t seq = 0, recent = 0, old = 0, lines = 0, prev = 0;
	int64_t from = NOW - 730 * DAY;

	(void)state;
	for (int64_t ms = from; ms <= NOW; ms += EACH_MS) {
		head(&in, ++seq, ms);
		recent += ms >= NOW - 7 * DAY;
	}
	assert_true(in.len > (16 << 20));
	old = (NOW - 7 * DAY) / DAY - from / DAY + 1;
	thin(&in, &out);
	rest = str_view(&out);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		int64_t n = strtoll(line.p, NULL, 10);

		assert_true(n > prev);
		prev = n;
		lines++;
	}
	assert_int_equal(prev, seq);
	assert_int_equal(lines, recent + old);
	assert_true(out.len < (1 << 20));
	thin(&out, &again);
	assert_string_equal(str_cstr(&again), str_cstr(&out));
}

static void
the_last_of_an_old_day_stays(void **state)
{
	AUTO_STR struct str in = STR_INIT;
	AUTO_STR struct str want = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	int64_t day = NOW / DAY * DAY - 30 * DAY;

	(void)state;
	head(&in, 1, day);
	head(&in, 2, day + 1000);
	head(&in, 3, day + DAY - 1);
	head(&in, 4, day + DAY);
	head(&want, 3, day + DAY - 1);
	head(&want, 4, day + DAY);
	thin(&in, &out);
	assert_string_equal(str_cstr(&out), str_cstr(&want));
}

/* Both lines are the proof that it did. */
static void
where_the_log_went_back_both_stay(void **state)
{
	AUTO_STR struct str in = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	int64_t day = NOW / DAY * DAY - 30 * DAY;

	(void)state;
	head(&in, 9, day);
	head(&in, 5, day + 1000);
	thin(&in, &out);
	assert_string_equal(str_cstr(&out), str_cstr(&in));
}

static void
what_is_no_head_stays(void **state)
{
	AUTO_STR struct str in = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	int64_t day = NOW / DAY * DAY - 30 * DAY;

	(void)state;
	head(&in, 1, day);
	str_add(&in, "no head at all\n\n5 short 7 x\n");
	head(&in, 2, day + 1000);
	thin(&in, &out);
	assert_string_equal(str_cstr(&out), str_cstr(&in));
}

static void
the_same_head_is_once(void **state)
{
	AUTO_STR struct str in = STR_INIT;
	AUTO_STR struct str want = STR_INIT;
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	head(&in, 1, NOW - 5000);
	head(&in, 1, NOW - 4000);
	head(&in, 2, NOW - 3000);
	head(&in, 1, NOW - 2000);
	head(&want, 1, NOW - 5000);
	head(&want, 2, NOW - 3000);
	head(&want, 1, NOW - 2000);
	thin(&in, &out);
	assert_string_equal(str_cstr(&out), str_cstr(&want));
}

static void
a_line_without_an_end_changes_nothing(void **state)
{
	AUTO_STR struct str in = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addc(&in, 'x');
	assert_int_equal(path_write_atomic(path, in.p, in.len, 0644, &e), 0);
	assert_int_equal(auditheads_thin(path, NOW, &e), -1);
	e = ERR_INIT;
	assert_int_equal(path_read(path, 1 << 20, &out, &e), 0);
	assert_string_equal(str_cstr(&out), str_cstr(&in));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    years_of_heads_become_one_a_day, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_last_of_an_old_day_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    where_the_log_went_back_both_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_no_head_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_same_head_is_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_line_without_an_end_changes_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
