#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static char root[] = "/tmp/test-path-XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(root) == NULL ? -1 : chdir(root);
}

static int
teardown(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (chdir("/") == -1 || path_rmtree(root, &e) == -1)
		return -1;
	return access(root, F_OK) == -1 ? 0 : -1;
}

static void
put(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	if (path_write_atomic(path, text, strlen(text), 0600, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
path_component_is_strict(void **state)
{
	char longest[102];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[100] = '\0';
	assert_true(path_component_ok(longest));
	longest[100] = 'a';
	longest[101] = '\0';
	assert_false(path_component_ok(longest));
	assert_true(path_component_ok("A-z_0.9"));
	assert_false(path_component_ok(""));
	assert_false(path_component_ok("."));
	assert_false(path_component_ok(".."));
	assert_false(path_component_ok(".git"));
	assert_false(path_component_ok("-rf"));
	assert_false(path_component_ok("a/b"));
	assert_false(path_component_ok("a b"));
	assert_false(path_component_ok("\xc3\xa4"));
}

static void
path_join_puts_one_slash(void **state)
{
	AUTO_FREE char *a = path_join("/x", "y");
	AUTO_FREE char *b = path_join("/x/", "/y");
	AUTO_FREE char *c = path_join("", "y");

	(void)state;
	assert_string_equal(a, "/x/y");
	assert_string_equal(b, "/x/y");
	assert_string_equal(c, "y");
}

static void
path_mkdirs_makes_all_and_refuses_files(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_mkdirs("m/a//b/c/", 0700, &e), 0);
	assert_int_equal(path_mkdirs("m/a/b/c", 0700, &e), 0);
	put("m/file", "x");
	assert_int_equal(path_mkdirs("m/file/z", 0700, &e), -1);
	assert_int_equal(path_mkdirs("m/file", 0700, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
}

static void
path_read_has_a_limit(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	put("ten", "0123456789");
	assert_int_equal(path_read("ten", 10, &s, &e), 0);
	assert_string_equal(str_cstr(&s), "0123456789");
	str_reset(&s);
	assert_int_equal(path_read("ten", 9, &s, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(path_read("none", 9, &s, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static void
path_write_atomic_sets_mode_and_replaces(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(path_write_atomic("w", "one", 3, 0644, &e), 0);
	assert_int_equal(path_write_atomic("w", "two!", 4, 0640, &e), 0);
	assert_int_equal(stat("w", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(path_read("w", 10, &s, &e), 0);
	assert_string_equal(str_cstr(&s), "two!");
	assert_int_equal(path_replace("w", "three", 5, 0600, &e), 0);
	assert_int_equal(stat("w", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(path_write_atomic("no/w", "x", 1, 0600, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

static enum err_code
read_beneath(int dir, const char *rel)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	if (path_read_beneath(dir, rel, 100, &s, &e) == 0)
		return ERR_NONE;
	return e.code;
}

static void
path_beneath_refuses_links_and_leaving(void **state)
{
	AUTO_CLOSE int dir = -1;
	AUTO_FREE char *absolute = xasprintf("%s/secret", root);
	struct err e = ERR_INIT;

	(void)state;
	put("secret", "s");
	assert_int_equal(path_mkdirs("box/sub", 0700, &e), 0);
	put("box/sub/file", "ok");
	assert_int_equal(symlink("../secret", "box/out"), 0);
	assert_int_equal(symlink("sub/file", "box/in"), 0);
	assert_int_equal(symlink("/", "box/slash"), 0);
	dir = open("box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(read_beneath(dir, "sub/file"), ERR_NONE);
	assert_int_equal(read_beneath(dir, "sub/../sub/file"), ERR_NONE);
	assert_int_equal(read_beneath(dir, "out"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "in"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "slash/etc/passwd"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "../secret"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "sub/../../secret"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, absolute), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "none"), ERR_NOTFOUND);
	assert_int_equal(read_beneath(dir, ""), ERR_NOTFOUND);
}

static void
path_beneath_reads_regular_files_only(void **state)
{
	AUTO_CLOSE int dir = -1;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_mkdirs("kinds/dir", 0700, &e), 0);
	assert_int_equal(mkfifo("kinds/fifo", 0600), 0);
	put("kinds/big",
	    "0123456789"
	    "0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012345678901234567890");
	dir = open("kinds", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(read_beneath(dir, "fifo"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "dir"), ERR_DENIED);
	assert_int_equal(read_beneath(dir, "big"), ERR_LIMIT);
}

static void
path_open_beneath_creates_inside(void **state)
{
	AUTO_CLOSE int dir = -1, fd = -1;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_mkdirs("make", 0700, &e), 0);
	dir = open("make", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = path_open_beneath(
	    dir, "new", O_WRONLY | O_CREAT | O_EXCL, 0600, &e);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(path_open_beneath(
			     dir, "new", O_WRONLY | O_CREAT | O_EXCL, 0600, &e),
	    -1);
	assert_int_equal(e.code, ERR_EXISTS);
}

static void
path_rmtree_spares_the_target_of_a_link(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_mkdirs("kept/dir", 0700, &e), 0);
	put("kept/dir/file", "x");
	assert_int_equal(path_mkdirs("gone/a/b", 0700, &e), 0);
	assert_int_equal(symlink("../../kept/dir", "gone/a/link"), 0);
	assert_int_equal(symlink("kept", "link"), 0);
	assert_int_equal(path_rmtree("gone", &e), 0);
	assert_int_equal(path_rmtree("link", &e), 0);
	assert_int_equal(access("gone", F_OK), -1);
	assert_int_equal(access("link", F_OK), -1);
	assert_int_equal(access("kept/dir/file", F_OK), 0);
	assert_int_equal(path_rmtree("gone", &e), 0);
}

/* Deeper than PATH_MAX and than the descriptor limit. */
static void
path_rmtree_takes_any_depth(void **state)
{
	AUTO_CLOSE int at = -1;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir("deep", 0700), 0);
	at = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(at, "level", 0700), 0);
		next = openat(at, "level", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(at);
		at = next;
	}
	if (path_rmtree("deep", &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(access("deep", F_OK), -1);
}

static void
path_rmtree_opens_closed_directories(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_mkdirs("shut/a/b/c", 0700, &e), 0);
	put("shut/a/b/file", "x");
	assert_int_equal(chmod("shut/a/b", 0), 0);
	assert_int_equal(chmod("shut/a", 0500), 0);
	if (path_rmtree("shut", &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(access("shut", F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_component_is_strict),
		cmocka_unit_test(path_join_puts_one_slash),
		cmocka_unit_test(path_mkdirs_makes_all_and_refuses_files),
		cmocka_unit_test(path_read_has_a_limit),
		cmocka_unit_test(path_write_atomic_sets_mode_and_replaces),
		cmocka_unit_test(path_beneath_refuses_links_and_leaving),
		cmocka_unit_test(path_beneath_reads_regular_files_only),
		cmocka_unit_test(path_open_beneath_creates_inside),
		cmocka_unit_test(path_rmtree_spares_the_target_of_a_link),
		cmocka_unit_test(path_rmtree_takes_any_depth),
		cmocka_unit_test(path_rmtree_opens_closed_directories),
	};

	return cmocka_run_group_tests_name("path", tests, setup, teardown);
}
