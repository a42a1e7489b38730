#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/fetch/files.h"
#include "cli/fetch/plan.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

struct place {
	char dir[64];
	int top, tree;
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e = ERR_INIT;

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/fetch-files-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	{
		AUTO_FREE char *a = path_join(p->dir, "top");
		AUTO_FREE char *b = path_join(p->dir, "tree");

		p->top = files_open_tree(a, &e);
		p->tree = files_open_tree(b, &e);
	}
	*state = p;
	return p->top == -1 || p->tree == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	int rc;

	(void)close(p->top);
	(void)close(p->tree);
	rc = path_rmtree(p->dir, &e);
	free(p);
	return rc;
}

static void
put(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static bool
same(const struct place *p, const char *name)
{
	struct err e = ERR_INIT;
	bool yes = false;

	if (files_same(p->top, p->tree, name, &yes, &e) == -1)
		fail_msg("%s", e.msg);
	return yes;
}

static void
a_file_is_put_whole_and_dropped_with_its_folder(void **state)
{
	const struct place *p = *state;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(mkdirat(p->tree, "a", 0700), 0);
	assert_int_equal(mkdirat(p->tree, "a/b", 0700), 0);
	put(p->tree, "a/b/run", "text", 0755);
	assert_true(files_absent(p->top, "a/b/run"));
	assert_int_equal(files_put(p->top, p->tree, "a/b/run", true, &e), 0);
	assert_true(same(p, "a/b/run"));
	assert_int_equal(fstatat(p->top, "a/b/run", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(files_put(p->top, p->tree, "a/b/run", true, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_int_equal(files_put(p->top, p->tree, "a/b/run", false, &e), 0);
	put(p->top, "a/mine", "", 0644);
	assert_int_equal(files_drop(p->top, "a/b/run", 0, &e), 0);
	assert_true(files_absent(p->top, "a/b"));
	assert_false(files_absent(p->top, "a/mine"));
	assert_int_equal(files_drop(p->top, "a/b/run", 0, &e), -1);
}

static void
folders_that_were_there_stay(void **state)
{
	const struct place *p = *state;
	struct err e = ERR_INIT;

	assert_int_equal(mkdirat(p->top, "own", 0700), 0);
	assert_int_equal(mkdirat(p->top, "own/new", 0700), 0);
	put(p->top, "own/new/f", "text", 0644);
	assert_int_equal(files_drop(p->top, "own/new/f", 3, &e), 0);
	assert_true(files_absent(p->top, "own/new"));
	assert_true(files_is_folder(p->top, "own"));
	assert_int_equal((int)files_repository(p->top, "own/a/f"), 0);
	assert_int_equal(mkdirat(p->top, "own/.git", 0700), 0);
	assert_int_equal((int)files_repository(p->top, "own/a/f"), 3);
	assert_int_equal((int)files_repository(p->top, "own"), 0);
}

static void
content_kind_and_the_bit_of_a_program_make_a_difference(void **state)
{
	const struct place *p = *state;

	put(p->top, "f", "text", 0644);
	put(p->tree, "f", "text", 0600);
	assert_true(same(p, "f"));
	put(p->tree, "f", "texT", 0600);
	assert_false(same(p, "f"));
	put(p->tree, "f", "text", 0700);
	assert_false(same(p, "f"));
	assert_int_equal(unlinkat(p->tree, "f", 0), 0);
	assert_int_equal(symlinkat("text", p->tree, "f"), 0);
	assert_false(same(p, "f"));
	assert_int_equal(unlinkat(p->top, "f", 0), 0);
	assert_false(same(p, "f"));
	assert_int_equal(symlinkat("text", p->top, "f"), 0);
	assert_true(same(p, "f"));
}

static void
no_link_is_followed(void **state)
{
	const struct place *p = *state;
	struct err e = ERR_INIT;

	assert_int_equal(mkdirat(p->tree, "a", 0700), 0);
	put(p->tree, "a/f", "evil", 0644);
	put(p->tree, "g", "evil", 0644);
	assert_int_equal(mkdirat(p->top, "real", 0700), 0);
	assert_int_equal(symlinkat("real", p->top, "a"), 0);
	put(p->top, "kept", "mine", 0644);
	assert_int_equal(symlinkat("kept", p->top, "g"), 0);
	assert_int_equal(files_put(p->top, p->tree, "a/f", false, &e), -1);
	assert_true(files_absent(p->top, "real/f"));
	/* The link itself is what is replaced. */
	assert_int_equal(files_put(p->top, p->tree, "g", false, &e), 0);
	{
		AUTO_CLOSE int fd = -1;
		char text[8] = "";

		fd = openat(p->top, "kept", O_RDONLY);
		assert_int_equal(read(fd, text, sizeof(text)), 4);
		assert_string_equal(text, "mine");
	}
	assert_int_equal(files_drop(p->top, "a/f", 0, &e), -1);
}

static void
what_a_death_left_is_swept(void **state)
{
	const struct place *p = *state;
	struct err e = ERR_INIT;

	put(p->top, ".coffer-fetch-tmp", "half", 0600);
	put(p->tree, "f", "text", 0644);
	assert_int_equal(files_put(p->top, p->tree, "f", true, &e), 0);
	assert_true(files_absent(p->top, ".coffer-fetch-tmp"));
	put(p->top, ".coffer-fetch-tmp", "half", 0600);
	files_sweep(p->top, "f");
	assert_true(files_absent(p->top, ".coffer-fetch-tmp"));
}

static void
names_of_git_s_own_are_no_paths(void **state)
{
	static const char *const bad[] = { "", "/a", "a/", "a//b", ".", "..",
		"a/../b", "a/./b", ".git", ".GIT/config", "a/.git/hooks/x",
		"a/.coffer-fetch-tmp" };
	static const char *const good[] = { "a", "a/b", ".gitignore", "..a",
		"a/.github/x", "git" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (files_path_ok(bad[i]))
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!files_path_ok(good[i]))
			fail_msg("%s", good[i]);
}

static void
a_plan_is_read_as_it_was_written(void **state)
{
	const struct place *at = *state;
	AUTO_FREE char *dir = path_join(at->dir, "apply");
	AUTO_FREE char *file = path_join(dir, "plan.json");
	static const char
	    outside[] = "{\"state\":\"done\",\"files\":[{\"path\":\"../x\","
			"\"step\":\"todo\"}]}";
	const struct scan_change held = { .new_mode = 0100644,
		.status = 'A',
		.path = ".envrc",
		.new_id = "1234" };
	const struct scan_change gone = {
		.old_mode = 0100755, .status = 'D', .path = "b \"x\n"
	};
	struct plan p, q;
	struct err e = ERR_INIT;

	assert_int_equal(plan_load(&q, dir, &e), 1);
	plan_release(&q);
	assert_int_equal(plan_begin(&p, dir, &e), 0);
	p.top = xstrdup("/top");
	p.what = xstrdup("what");
	p.index = true;
	(void)snprintf(p.ref, sizeof(p.ref), "refs/heads/x");
	plan_add(&p, &held, "editor-config");
	plan_add(&p, &gone, NULL);
	assert_int_equal(plan_save(&p, PLAN_APPLYING, &e), 0);
	assert_int_equal(plan_load(&q, dir, &e), 0);
	assert_int_equal(q.state, PLAN_APPLYING);
	assert_int_equal(q.n, 2);
	assert_true(q.index);
	assert_false(q.taking);
	assert_string_equal(q.ref, "refs/heads/x");
	assert_string_equal(q.list[0].why, "editor-config");
	assert_int_equal(q.list[0].step, PLAN_HELD);
	assert_string_equal(q.list[0].new_id, "1234");
	assert_string_equal(q.list[1].path, "b \"x\n");
	assert_int_equal(q.list[1].old_mode, 0100755);
	assert_int_equal(plan_count(&q, PLAN_TODO), 1);
	plan_release(&q);
	assert_int_equal(plan_remove(&p, &e), 0);
	plan_release(&p);
	assert_int_equal(path_mkdirs(dir, 0700, &e), 0);
	assert_int_equal(
	    path_write_atomic(file, outside, strlen(outside), 0600, &e), 0);
	assert_int_equal(plan_load(&q, dir, &e), -1);
	plan_release(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_file_is_put_whole_and_dropped_with_its_folder, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    content_kind_and_the_bit_of_a_program_make_a_difference,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    folders_that_were_there_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    no_link_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_a_death_left_is_swept, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    names_of_git_s_own_are_no_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_plan_is_read_as_it_was_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
