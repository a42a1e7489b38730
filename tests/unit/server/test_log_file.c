#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/service/log_file.h"

enum {
	CHUNK = 8 << 10,
	MIB = 1 << 20
};

static int
scratch(void)
{
	char name[] = "/tmp/coffer-log-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	(void)unlink(name);
	return fd;
}

/* The byte at a position: what stands in the wrong place is seen. */
static char
byte_at(int64_t at)
{
	return (char)('a' + (at + at / 4093) % 26);
}

static void
grow(int fd, int64_t from, int64_t to)
{
	char *buf = xmalloc(LOG_FILE_PART_MAX);
	struct err e = ERR_INIT;

	while (from < to) {
		/* Parts that do not fit the ring's length. */
		int64_t n = LOG_FILE_PART_MAX - 777;

		if (n > to - from)
			n = to - from;
		for (int64_t i = 0; i < n; i++)
			buf[i] = byte_at(from + i);
		assert_int_equal(log_file_write(fd,
				     (struct view){ buf, (size_t)n }, from, &e),
		    0);
		from += n;
	}
	free(buf);
}

static void
whole(int fd, int64_t total, struct str *out)
{
	char *buf = xmalloc(CHUNK);
	int64_t at = 0;
	long n;

	while ((n = log_file_read(fd, total, &at, buf, CHUNK)) > 0)
		str_addn(out, buf, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(at, total);
	free(buf);
}

static void
assert_bytes(const char *p, int64_t from, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (p[i] != byte_at(from + i))
			fail_msg("byte %lld is another", (long long)(from + i));
}

static void
what_fits_is_there_as_it_came(void **state)
{
	int fd = scratch();
	struct str out = STR_INIT;

	(void)state;
	grow(fd, 0, 33 * MIB);
	whole(fd, 33 * MIB, &out);
	assert_int_equal(out.len, 33 * MIB);
	assert_bytes(out.p, 0, 33 * MIB);
	assert_int_equal(log_file_lost(33 * MIB), 0);
	str_release(&out);
	(void)close(fd);
}

static void
of_a_long_one_the_beginning_and_the_end_are_there(void **state)
{
	const int64_t total = 100 * MIB + 12345;
	const int64_t lost = total - LOG_FILE_HEAD - LOG_FILE_END;
	int fd = scratch();
	struct str out = STR_INIT;
	struct stat st;
	char mark[80];
	size_t len;

	(void)state;
	grow(fd, 0, total);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 33 * MIB);
	assert_int_equal(log_file_lost(total), lost);
	whole(fd, total, &out);
	len = (size_t)snprintf(mark, sizeof(mark),
	    "\n[%lld bytes are not kept]\n", (long long)lost);
	assert_int_equal(out.len, 32 * MIB + (int64_t)len);
	assert_bytes(out.p, 0, LOG_FILE_HEAD);
	assert_memory_equal(out.p + LOG_FILE_HEAD, mark, len);
	assert_bytes(
	    out.p + LOG_FILE_HEAD + len, total - LOG_FILE_END, LOG_FILE_END);
	str_release(&out);
	(void)close(fd);
}

static void
a_part_on_its_way_changes_nothing_of_what_counts(void **state)
{
	const int64_t total = 50 * MIB;
	int fd = scratch();
	struct str before = STR_INIT, after = STR_INIT;

	(void)state;
	grow(fd, 0, total);
	whole(fd, total, &before);
	grow(fd, total, total + LOG_FILE_PART_MAX); /* its row comes later */
	whole(fd, total, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.p, after.p, before.len);
	str_release(&before);
	str_release(&after);
	(void)close(fd);
}

static void
who_follows_and_falls_behind_is_told_what_he_missed(void **state)
{
	int64_t at = 30 * MIB, total = 60 * MIB;
	int fd = scratch();
	char buf[CHUNK];
	long n;

	(void)state;
	grow(fd, 0, total);
	n = log_file_read(fd, total, &at, buf, sizeof(buf));
	buf[n] = '\0';
	assert_string_equal(buf, "\n[23068672 bytes are not kept]\n");
	assert_int_equal(at, total - LOG_FILE_END);
	n = log_file_read(fd, total, &at, buf, sizeof(buf));
	assert_true(n > 0);
	assert_bytes(buf, total - LOG_FILE_END, n);
	(void)close(fd);
}

static void
the_last_bytes_are_the_last_ones(void **state)
{
	const int64_t totals[] = { 10, 5000, 33 * MIB, 77 * MIB + 3 };
	char buf[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		int64_t at, from;
		int fd = scratch();
		size_t len = 0;
		long n;

		grow(fd, 0, totals[i]);
		from = at = log_file_tail(fd, totals[i], sizeof(buf));
		while (len < sizeof(buf) &&
		    (n = log_file_read(
			 fd, totals[i], &at, buf + len, sizeof(buf) - len)) > 0)
			len += (size_t)n;
		assert_int_equal(from + (int64_t)len, totals[i]);
		assert_bytes(buf, from, (int64_t)len);
		(void)close(fd);
	}
}

/* A version that kept the beginning alone ended it with a line. */
static void
a_file_that_was_cut_before_is_read_as_it_is(void **state)
{
	static const char line[] = "\n[output over 32 MiB is not kept]\n";
	const int64_t total = 90 * MIB;
	struct str out = STR_INIT;
	int fd = scratch();
	char buf[CHUNK];
	int64_t at = 0;
	long n;

	(void)state;
	grow(fd, 0, 32 * MIB);
	assert_int_equal(
	    pwrite(fd, line, sizeof(line) - 1, 32 * MIB), sizeof(line) - 1);
	while ((n = log_file_read(fd, total, &at, buf, sizeof(buf))) > 0)
		str_addn(&out, buf, (size_t)n);
	assert_int_equal(out.len, 32 * MIB + (int64_t)sizeof(line) - 1);
	assert_memory_equal(out.p + 32 * MIB, line, sizeof(line) - 1);
	assert_int_equal(log_file_tail(fd, total, 100),
	    32 * MIB + (int64_t)sizeof(line) - 1 - 100);
	str_release(&out);
	(void)close(fd);
}

static void
a_copy_has_all_that_is_kept(void **state)
{
	const int64_t total = 40 * MIB;
	int fd = scratch(), to = scratch();
	struct str out = STR_INIT, copy = STR_INIT;
	struct err e = ERR_INIT;
	char buf[CHUNK];
	ssize_t n;

	(void)state;
	grow(fd, 0, total);
	whole(fd, total, &out);
	assert_int_equal(log_file_copy(fd, total, to, &e), 0);
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	while ((n = read(to, buf, sizeof(buf))) > 0)
		str_addn(&copy, buf, (size_t)n);
	assert_int_equal(copy.len, out.len);
	assert_memory_equal(copy.p, out.p, out.len);
	str_release(&out);
	str_release(&copy);
	(void)close(fd);
	(void)close(to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_there_as_it_came),
		cmocka_unit_test(
		    of_a_long_one_the_beginning_and_the_end_are_there),
		cmocka_unit_test(
		    a_part_on_its_way_changes_nothing_of_what_counts),
		cmocka_unit_test(
		    who_follows_and_falls_behind_is_told_what_he_missed),
		cmocka_unit_test(the_last_bytes_are_the_last_ones),
		cmocka_unit_test(a_file_that_was_cut_before_is_read_as_it_is),
		cmocka_unit_test(a_copy_has_all_that_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
