#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/run/workdir.h"
#include "lib/base/path.h"
#include "tests/unit/agentd/cofferd_loop.h"

/* Root makes the folders; the sandbox's side of it is played with rename. */
struct fix {
	struct cofferd c; /* for its loop */
	struct sandbox_host host;
	char home[64];
	char *ws;
	bool done;
	struct err e;
};

static void
fix_on_done(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->done = true;
	f->e = e == NULL ? ERR_INIT : *e;
}

static bool
fix_is_done(void *arg)
{
	const struct fix *f = arg;

	return f->done;
}

static char *
fix_path(const struct fix *f, const char *leaf)
{
	return xasprintf("%s/%s", f->home, leaf);
}

static void
fix_write(const struct fix *f, const char *leaf)
{
	AUTO_FREE char *path = fix_path(f, leaf);
	struct err e = ERR_INIT;

	assert_int_equal(path_write_atomic(path, "hello", 5, 0644, &e), 0);
}

static bool
fix_has(const struct fix *f, const char *leaf)
{
	AUTO_FREE char *path = fix_path(f, leaf);
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Exchange ws/runs for a link to a folder that has the same names. */
static void
fix_exchange(const struct fix *f)
{
	AUTO_FREE char *runs = fix_path(f, "sandboxes/7/ws/runs");
	AUTO_FREE char *kept = fix_path(f, "sandboxes/7/ws/kept");
	AUTO_FREE char *other = fix_path(f, "other/9/out");
	struct err e = ERR_INIT;

	assert_int_equal(path_mkdirs(other, 0755, &e), 0);
	fix_write(f, "other/9/out/message.md");
	assert_int_equal(rename(runs, kept), 0);
	*strstr(other, "/9/out") = '\0';
	assert_int_equal(symlink(other, runs), 0);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	fake_init(&f->c);
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-wd-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	f->host = (struct sandbox_host){
		.loop = f->c.loop, .home = f->home, .inst = "0000"
	};
	f->ws = fix_path(f, "sandboxes/7/ws");
	assert_int_equal(path_mkdirs(f->ws, 0755, &e), 0);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	fake_release(&f->c);
	(void)path_rmtree(f->home, &e);
	free(f->ws);
	free(f);
	return 0;
}

static void
fix_make(struct fix *f)
{
	struct err e = ERR_INIT;

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(workdir_make(&f->host, 7, 9, &e), 0);
}

static void
fix_remove(struct fix *f)
{
	f->done = false;
	workdir_remove(&f->host, 7, 9, fix_on_done, f);
	assert_false(f->done);
	assert_true(fake_until(&f->c, fix_is_done, f));
}

static void
tree_and_out_belong_to_the_agent(void **state)
{
	struct fix *f = *state;
	struct stat st;
	char path[256];

	fix_make(f);
	workdir_path(&f->host, 7, 9, "tree", path, sizeof(path));
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, host_project_uid_base(7) + HOST_AGENT_UID);
	workdir_path(&f->host, 7, 9, "", path, sizeof(path));
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void
a_message_is_read_and_all_is_removed(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	fix_make(f);
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 100, &text, &e), 0);
	assert_int_equal(text.len, 0);
	fix_write(f, "sandboxes/7/ws/runs/9/out/message.md");
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 100, &text, &e), 0);
	assert_string_equal(str_cstr(&text), "hello");
	str_reset(&text);
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 4, &text, &e), -1);
	fix_remove(f);
	assert_int_equal(f->e.code, ERR_NONE);
	assert_false(fix_has(f, "sandboxes/7/ws/runs/9"));
	assert_true(fix_has(f, "sandboxes/7/ws/runs"));
	/* Once more: what is absent is removed. */
	fix_remove(f);
	assert_int_equal(f->e.code, ERR_NONE);
}

static void
an_exchanged_folder_leads_nowhere(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	fix_make(f);
	fix_exchange(f);
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 100, &text, &e), -1);
	fix_remove(f);
	assert_true(fix_has(f, "other/9/out/message.md"));
	assert_int_equal(workdir_make(&f->host, 7, 9, &e), -1);
}

static void
a_folder_of_the_sandboxs_own_is_refused(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *runs = fix_path(f, "sandboxes/7/ws/runs");
	struct err e = ERR_INIT;

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(mkdir(runs, 0755), 0);
	assert_int_equal(chown(runs, 12345, 12345), 0);
	assert_int_equal(workdir_make(&f->host, 7, 9, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
}

static void
a_link_as_message_is_refused(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *link = fix_path(
	    f, "sandboxes/7/ws/runs/9/out/message.md");
	struct err e = ERR_INIT;

	fix_make(f);
	assert_int_equal(symlink("/etc/hostname", link), 0);
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 100, &text, &e), -1);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_int_equal(
	    workdir_out(&f->host, 7, 9, "message.md", 100, &text, &e), -1);
}

static int
fix_keep_look(struct fix *f, const char *id)
{
	struct err e = ERR_INIT;

	return workdir_keep_look(&f->host, 7, "3-claude-read", id, &e);
}

static void
what_is_kept_has_the_session_and_nothing_odd(void **state)
{
	struct fix *f = *state;
	const char *dir = "sandboxes/7/ws/runs/keep/3-claude-read/p";
	AUTO_FREE char *deep = fix_path(f, dir);
	AUTO_FREE char *file = xasprintf("%s/ab-12.jsonl", dir);
	AUTO_FREE char *path = fix_path(f, file);
	AUTO_FREE char *odd = xasprintf("%s/odd", deep);
	struct err e = ERR_INIT;
	int fd;

	assert_int_equal(
	    workdir_keep_make(&f->host, 7, "3-claude-read", fix_on_done, &e),
	    0);
	assert_int_equal(fix_keep_look(f, ""), 0);
	assert_int_equal(fix_keep_look(f, "ab-12"), -1);
	assert_int_equal(mkdir(deep, 0755), 0);
	fix_write(f, file);
	assert_int_equal(fix_keep_look(f, "ab-12"), 0);
	assert_int_equal(fix_keep_look(f, "cd-34"), -1);
	assert_int_equal(fix_keep_look(f, ""), -1);
	assert_int_equal(symlink("/etc", odd), 0);
	assert_int_equal(fix_keep_look(f, "ab-12"), -1);
	assert_int_equal(unlink(odd), 0);
	assert_int_equal(link(path, odd), 0);
	assert_int_equal(fix_keep_look(f, "ab-12"), -1);
	assert_int_equal(unlink(odd), 0);
	assert_int_equal(mkfifo(odd, 0600), 0);
	assert_int_equal(fix_keep_look(f, "ab-12"), -1);
	assert_int_equal(unlink(odd), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (16 << 20) + 1), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(fix_keep_look(f, "ab-12"), -1);
}

static bool fix_pruned;

static void
fix_on_pruned(const struct err *e, void *arg)
{
	(void)arg;
	assert_null(e);
	fix_pruned = true;
}

static bool
fix_is_pruned(void *arg)
{
	(void)arg;
	return fix_pruned;
}

static void
of_what_is_kept_the_oldest_goes(void **state)
{
	struct fix *f = *state;
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	AUTO_FREE char *first = fix_path(
	    f, "sandboxes/7/ws/runs/keep/5-claude-read");
	struct err e = ERR_INIT;
	char name[32];

	for (int i = 0; i < 17; i++) {
		(void)snprintf(name, sizeof(name), "%d-claude-read", i);
		assert_int_equal(
		    workdir_keep_make(&f->host, 7, name, fix_on_pruned, &e), 0);
		if (i == 5)
			assert_int_equal(utimensat(AT_FDCWD, first, old, 0), 0);
	}
	assert_true(fake_until(&f->c, fix_is_pruned, f));
	assert_false(fix_has(f, "sandboxes/7/ws/runs/keep/5-claude-read"));
	assert_true(fix_has(f, "sandboxes/7/ws/runs/keep/16-claude-read"));
}

#define DIR_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(tree_and_out_belong_to_the_agent),
		DIR_TEST(a_message_is_read_and_all_is_removed),
		DIR_TEST(an_exchanged_folder_leads_nowhere),
		DIR_TEST(a_folder_of_the_sandboxs_own_is_refused),
		DIR_TEST(a_link_as_message_is_refused),
		DIR_TEST(what_is_kept_has_the_session_and_nothing_odd),
		DIR_TEST(of_what_is_kept_the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
