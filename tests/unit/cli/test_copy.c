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

#include "cli/copy.h"
#include "cli/copy_local.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

/* A source that says whatever it wants: the same rows in every folder. */
struct liar {
	const struct copy_entry *rows;
	size_t n, at[COPY_DEPTH_MAX + 8], depth;
	size_t deepest;
	uint64_t size; /* of each file */
	uint64_t given;
	bool endless;       /* the last row for ever */
	const char *barred; /* may not be entered or opened */
};

static int
liar_may(const struct liar *l, const char *name, struct err *e)
{
	if (l->barred == NULL || strcmp(l->barred, name) != 0)
		return 0;
	return err_set(e, ERR_DENIED, "%s: its user may not", name);
}

static int
liar_enter(void *src, const char *name, struct err *e)
{
	struct liar *l = src;

	if (liar_may(l, name, e) == -1)
		return -1;
	l->at[++l->depth] = 0;
	if (l->depth > l->deepest)
		l->deepest = l->depth;
	return 0;
}

static int
liar_next(void *src, struct copy_entry *out, struct err *e)
{
	struct liar *l = src;
	size_t *at = &l->at[l->depth];

	(void)e;
	if (*at >= l->n && !l->endless)
		return 0;
	*out = l->rows[*at < l->n ? *at : l->n - 1];
	(*at)++;
	return 1;
}

static void
liar_leave(void *src)
{
	struct liar *l = src;

	l->depth--;
}

static int
liar_open(void *src, const char *name, struct err *e)
{
	struct liar *l = src;

	l->given = 0;
	return liar_may(l, name, e);
}

static long
liar_read(void *src, void *buf, size_t n, struct err *e)
{
	struct liar *l = src;

	(void)e;
	if (n > l->size - l->given)
		n = l->size - l->given;
	memset(buf, 'x', n);
	l->given += n;
	return (long)n;
}

static void
liar_close(void *src)
{
	(void)src;
}

static const struct copy_source liar_source = { liar_enter, liar_next,
	liar_leave, liar_open, liar_read, liar_close };

struct fix {
	char dir[40];
	struct copy_local *to;
	unsigned skips;
};

static void
fix_on_skip(const char *where, const char *why, void *arg)
{
	struct fix *f = arg;

	(void)where;
	(void)why;
	f->skips++;
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/coffer-copy-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->to = copy_local_new(f->dir, false, &e);
	assert_non_null(f->to);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	copy_local_free(f->to);
	assert_int_equal(path_rmtree(f->dir, &e), 0);
	free(f);
	return 0;
}

static int
fix_copy(struct fix *f, struct liar *l, enum copy_kind kind,
    struct copy_result *r, struct err *e)
{
	const struct copy_entry what = { .name = "top", .kind = kind };
	const struct copy_spec spec = {
		.from = &liar_source,
		.src = l,
		.to = &copy_local_sink,
		.dst = f->to,
		.as = "top",
		.limits = { .bytes = 1 << 20, .entries = 1000 },
		.on_skip = fix_on_skip,
		.arg = f,
	};

	return copy_run(&spec, &what, r, e);
}

static bool
fix_has(const struct fix *f, const char *rel)
{
	AUTO_FREE char *path = path_join(f->dir, rel);
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
what_git_would_run_is_not_taken_by_its_own_name_either(void **state)
{
	static const struct copy_entry rows[] = {
		{ .name = "config", .kind = COPY_FILE },
	};
	static const struct {
		const char *name, *as;
	} tries[] = { { ".git", "x" }, { "x", ".git" }, { ".Git", ".Git" } };
	struct liar l = { .rows = rows, .n = 1, .size = 3 };
	struct fix *f = *state;
	struct copy_spec spec = { .from = &liar_source,
		.src = &l,
		.to = &copy_local_sink,
		.dst = f->to,
		.limits = { .bytes = 1 << 20, .entries = 1000 } };
	struct copy_result r;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct copy_entry what = { .kind = COPY_DIR };

		(void)snprintf(
		    what.name, sizeof(what.name), "%s", tries[i].name);
		spec.as = tries[i].as;
		assert_int_equal(copy_run(&spec, &what, &r, &e), -1);
		assert_non_null(strstr(e.msg, "--git"));
		assert_false(fix_has(f, tries[i].as));
		if (i == 0)
			continue;
		what.kind = COPY_FILE;
		assert_int_equal(copy_run(&spec, &what, &r, &e), -1);
	}
	spec.keep_git = true;
	spec.as = ".git";
	assert_int_equal(
	    copy_run(&spec,
		&(struct copy_entry){ .name = ".git", .kind = COPY_DIR }, &r,
		&e),
	    0);
	assert_true(fix_has(f, ".git/config"));
}

static void
names_that_lead_elsewhere_are_left_out(void **state)
{
	static const struct copy_entry rows[] = {
		{ .name = "..", .kind = COPY_DIR },
		{ .name = ".", .kind = COPY_DIR },
		{ .name = "../out", .kind = COPY_FILE },
		{ .name = "/etc/x", .kind = COPY_FILE },
		{ .name = "a/b", .kind = COPY_FILE },
		{ .name = "", .kind = COPY_FILE },
		{ .name = ".git", .kind = COPY_DIR },
		{ .name = ".GIT", .kind = COPY_FILE },
		{ .name = "link", .kind = COPY_LINK },
		{ .name = "fifo", .kind = COPY_OTHER },
		{ .name = "good", .kind = COPY_FILE },
	};
	struct liar l = { .rows = rows, .n = 11, .size = 3 };
	struct fix *f = *state;
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(fix_copy(f, &l, COPY_DIR, &r, &e), 0);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.skipped, 8);
	assert_int_equal(f->skips, 8);
	assert_true(fix_has(f, "top/good"));
	assert_false(fix_has(f, "out"));
	assert_false(fix_has(f, "top/.git"));
}

static void
a_tree_without_an_end_is_cut(void **state)
{
	static const struct copy_entry rows[] = { { .name = "d",
	    .kind = COPY_DIR } };
	struct liar l = { .rows = rows, .n = 1 };
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(fix_copy(*state, &l, COPY_DIR, &r, &e), 0);
	assert_int_equal(l.deepest, COPY_DEPTH_MAX);
	assert_int_equal(r.skipped, 1);
}

static void
a_folder_without_an_end_is_refused(void **state)
{
	static const struct copy_entry rows[] = { { .name = "l",
	    .kind = COPY_LINK } };
	struct liar l = { .rows = rows, .n = 1, .endless = true };
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(fix_copy(*state, &l, COPY_DIR, &r, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
a_file_without_an_end_leaves_nothing(void **state)
{
	struct liar l = { .size = UINT64_MAX };
	struct fix *f = *state;
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(fix_copy(f, &l, COPY_FILE, &r, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_false(fix_has(f, "top"));
	/* rmdir(2) of the folder tells that it is empty. */
	assert_int_equal(rmdir(f->dir), 0);
	assert_int_equal(mkdir(f->dir, 0700), 0);
}

static void
what_is_there_stays(void **state)
{
	static const struct copy_entry rows[] = { { .name = "x",
	    .kind = COPY_FILE } };
	struct liar l = { .rows = rows, .n = 1, .size = 1 };
	struct fix *f = *state;
	AUTO_FREE char *top = path_join(f->dir, "top");
	AUTO_STR struct str text = STR_INIT;
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(path_write_atomic(top, "mine", 4, 0600, &e), 0);
	assert_int_equal(fix_copy(f, &l, COPY_FILE, &r, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_int_equal(fix_copy(f, &l, COPY_DIR, &r, &e), -1);
	assert_int_equal(path_read(top, 10, &text, &e), 0);
	assert_string_equal(str_cstr(&text), "mine");
}

static void
links_at_the_destination_are_not_followed(void **state)
{
	static const struct copy_entry rows[] = { { .name = "x",
	    .kind = COPY_FILE } };
	struct liar l = { .rows = rows, .n = 1, .size = 1 };
	struct fix *f = *state;
	AUTO_FREE char *top = path_join(f->dir, "top");
	AUTO_FREE char *other = path_join(f->dir, "other");
	AUTO_FREE char *secret = path_join(f->dir, "secret");
	AUTO_STR struct str text = STR_INIT;
	struct copy_result r;
	struct err e = ERR_INIT;

	copy_local_free(f->to);
	f->to = copy_local_new(f->dir, true, &e);
	assert_non_null(f->to);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink("other", top), 0);
	assert_int_equal(fix_copy(f, &l, COPY_DIR, &r, &e), -1);
	assert_false(fix_has(f, "other/x"));
	/* A file takes the place of the link, not of what it names. */
	assert_int_equal(path_write_atomic(secret, "mine", 4, 0600, &e), 0);
	assert_int_equal(unlink(top), 0);
	assert_int_equal(symlink("secret", top), 0);
	assert_int_equal(fix_copy(f, &l, COPY_FILE, &r, &e), 0);
	assert_int_equal(path_read(secret, 10, &text, &e), 0);
	assert_string_equal(str_cstr(&text), "mine");
	assert_int_equal(path_read(top, 10, &text, &e), 0);
}

static void
a_tree_on_this_disk_is_copied(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *from = path_join(f->dir, "from");
	AUTO_FREE char *deep = path_join(from, "a/b");
	AUTO_FREE char *tool = path_join(deep, "tool");
	AUTO_FREE char *link = path_join(from, "link");
	AUTO_FREE char *pipe = path_join(from, "pipe");
	AUTO_FREE char *got = path_join(f->dir, "to/a/b/tool");
	struct copy_local *src;
	struct copy_entry what;
	struct copy_result r;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(path_mkdirs(deep, 0755, &e), 0);
	assert_int_equal(path_write_atomic(tool, "#!", 2, 0700, &e), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	src = copy_local_new(f->dir, false, &e);
	assert_non_null(src);
	assert_int_equal(copy_local_look(src, "from", &what, &e), 0);
	assert_int_equal(what.kind, COPY_DIR);
	assert_int_equal(
	    copy_run(&(struct copy_spec){ .from = &copy_local_source,
			 .src = src,
			 .to = &copy_local_sink,
			 .dst = f->to,
			 .as = "to",
			 .limits = { .bytes = 100, .entries = 100 } },
		&what, &r, &e),
	    0);
	copy_local_free(src);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.folders, 3);
	assert_int_equal(r.skipped, 2);
	assert_int_equal(stat(got, &st), 0);
	assert_true((st.st_mode & S_IXUSR) != 0);
	assert_false(fix_has(f, "to/link"));
}

static void
what_may_not_be_read_is_left_out_and_the_rest_comes(void **state)
{
	static const struct copy_entry rows[] = {
		{ .name = "ours", .kind = COPY_FILE },
		{ .name = "shut", .kind = COPY_DIR },
		{ .name = "also", .kind = COPY_FILE },
	};
	static const struct copy_entry files[] = {
		{ .name = "shut", .kind = COPY_FILE },
		{ .name = "also", .kind = COPY_FILE },
	};
	struct fix *f = *state;
	struct liar l = { .rows = rows, .n = 3, .barred = "shut" };
	struct liar g = { .rows = files, .n = 2, .barred = "shut" };
	struct liar top = { .rows = files, .n = 2, .barred = "top" };
	AUTO_FREE char *top_dir = path_join(f->dir, "top");
	struct copy_result r;
	struct err e = ERR_INIT;

	assert_int_equal(fix_copy(f, &l, COPY_DIR, &r, &e), 0);
	assert_int_equal(e.code, ERR_NONE);
	assert_int_equal(r.files, 2);
	assert_int_equal(r.skipped, 1);
	assert_int_equal(f->skips, 1);
	assert_true(fix_has(f, "top/also"));
	assert_false(fix_has(f, "top/shut"));
	assert_int_equal(path_rmtree(top_dir, &e), 0);
	assert_int_equal(fix_copy(f, &g, COPY_DIR, &r, &e), 0);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.skipped, 1);
	/* What was asked for by name is an error. */
	assert_int_equal(fix_copy(f, &top, COPY_DIR, &r, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
}

#define COPY_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		COPY_TEST(
		    what_git_would_run_is_not_taken_by_its_own_name_either),
		COPY_TEST(names_that_lead_elsewhere_are_left_out),
		COPY_TEST(a_tree_without_an_end_is_cut),
		COPY_TEST(a_folder_without_an_end_is_refused),
		COPY_TEST(a_file_without_an_end_leaves_nothing),
		COPY_TEST(what_may_not_be_read_is_left_out_and_the_rest_comes),
		COPY_TEST(what_is_there_stays),
		COPY_TEST(links_at_the_destination_are_not_followed),
		COPY_TEST(a_tree_on_this_disk_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
