#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/net/tarball.h"

enum {
	BLOCK = 512,
	BIG = 100000
};

static int
memory(void)
{
	int fd = memfd_create("tarball", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Three files, and the descriptor at the begin. */
static int
written(void)
{
	AUTO_CLOSE int from = memory();
	struct err e = ERR_INIT;
	struct tarball t;
	int fd = memory();

	assert_int_equal(ftruncate(from, BIG), 0);
	tarball_init(&t, fd);
	assert_int_equal(tarball_add(&t, "one", VIEW_LIT("hello"), &e), 0);
	assert_int_equal(tarball_add(&t, "a/b/two", VIEW_LIT(""), &e), 0);
	assert_int_equal(tarball_add_fd(&t, "a/big", from, BIG, &e), 0);
	assert_int_equal(tarball_end(&t, &e), 0);
	assert_int_equal(t.files, 3);
	tarball_release(&t);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return fd;
}

/* Reads to the end; what tarball_next or a reader said last. */
static int
read_all(int fd, struct err *e)
{
	struct tarball t;
	struct tarball_file f;
	int rc;

	tarball_init(&t, fd);
	while ((rc = tarball_next(&t, &f, e)) == 1) {
		AUTO_STR struct str text = STR_INIT;

		if (tarball_read(&t, &f, 1 << 20, &text, e) == -1) {
			rc = -1;
			break;
		}
	}
	tarball_release(&t);
	return rc;
}

static void
what_is_written_is_read(void **state)
{
	AUTO_CLOSE int fd = written();
	AUTO_CLOSE int to = memory();
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct tarball t;
	struct tarball_file f;

	(void)state;
	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &f, &e), 1);
	assert_string_equal(f.name, "one");
	assert_int_equal(tarball_read(&t, &f, 5, &text, &e), 0);
	assert_true(view_is(str_view(&text), "hello"));
	assert_int_equal(tarball_next(&t, &f, &e), 1);
	assert_string_equal(f.name, "a/b/two");
	assert_int_equal(tarball_read_to(&t, &f, to, &e), 0);
	assert_int_equal(tarball_next(&t, &f, &e), 1);
	assert_int_equal(f.size, BIG);
	assert_int_equal(tarball_read_to(&t, &f, to, &e), 0);
	assert_int_equal(lseek(to, 0, SEEK_END), BIG);
	assert_int_equal(tarball_next(&t, &f, &e), 0);
	tarball_release(&t);
}

static void
each_changed_byte_that_counts_is_noticed(void **state)
{
	/* Of a name, a length, a magic, a text, the big file, the sums. */
	static const off_t at[] = { 1, 125, 258, BLOCK, BLOCK + 4,
		4 * BLOCK + 777, 4 * BLOCK + BIG - 1 };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		AUTO_CLOSE int fd = written();

		assert_int_equal(pwrite(fd, "\x7f", 1, at[i]), 1);
		assert_int_equal(read_all(fd, &e), -1);
	}
}

static void
each_cut_is_noticed(void **state)
{
	struct err e = ERR_INIT;
	off_t end;

	(void)state;
	for (off_t cut = 0;; cut += 333) {
		AUTO_CLOSE int fd = written();

		/* Behind the sums there are two blocks of zeros. */
		end = lseek(fd, 0, SEEK_END) - 3 * BLOCK;
		if (cut > end)
			break;
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(read_all(fd, &e), -1);
	}
}

static void
a_file_over_the_limit_is_refused(void **state)
{
	AUTO_CLOSE int fd = written();
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct tarball t;
	struct tarball_file f;

	(void)state;
	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &f, &e), 1);
	assert_int_equal(tarball_read(&t, &f, 4, &text, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	tarball_release(&t);
}

static void
a_file_that_ends_too_soon_is_told(void **state)
{
	AUTO_CLOSE int from = memory();
	AUTO_CLOSE int fd = memory();
	struct err e = ERR_INIT;
	struct tarball t;

	(void)state;
	tarball_init(&t, fd);
	assert_int_equal(tarball_add_fd(&t, "x", from, 1, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	tarball_release(&t);
}

static void
names_stay_inside(void **state)
{
	(void)state;
	assert_true(tarball_name_ok("a"));
	assert_true(tarball_name_ok("a/b.c/d-e"));
	assert_false(tarball_name_ok(""));
	assert_false(tarball_name_ok("/a"));
	assert_false(tarball_name_ok("a/"));
	assert_false(tarball_name_ok("a//b"));
	assert_false(tarball_name_ok("a/../b"));
	assert_false(tarball_name_ok(".."));
	assert_false(tarball_name_ok("a b"));
	assert_false(tarball_name_ok(
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(each_changed_byte_that_counts_is_noticed),
		cmocka_unit_test(each_cut_is_noticed),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(a_file_that_ends_too_soon_is_told),
		cmocka_unit_test(names_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
