/*
 * sandbox_fixture: a home of its own for tests that drive real containers,
 * and calls that wait for a completion by running the loop.  The test's own
 * program is the shim: main hands `--shim DIR` to fixture_shim first.
 */
#ifndef TESTS_UNIT_AGENTD_SANDBOX_FIXTURE_H
#define TESTS_UNIT_AGENTD_SANDBOX_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/oci.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/shim.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	FIXTURE_GUARD_MS = 20000
};

struct fixture {
	struct sandbox_host host;
	char home[64];
	char inst[8];
	char self[512];
	struct timer *guard;
	bool late; /* the guard ended the loop */
	bool done;
	struct err e; /* of the last completion */
	int runs;
	struct str out; /* of the last container */
	struct shim_exit exit;
};

static inline int
fixture_shim(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--shim") == 0)
		return shim_main(argv[2]);
	return -1;
}

static inline void
fixture_on_guard(void *arg)
{
	struct fixture *f = arg;

	f->late = true;
	loop_stop(f->host.loop);
}

static inline int
fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	unsigned char two[2];
	AUTO_FREE char *file = NULL;
	ssize_t n = readlink("/proc/self/exe", f->self, sizeof(f->self) - 1);

	*state = f;
	if (geteuid() != 0)
		return 0;
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-test-XXXXXX");
	if (n <= 0 || mkdtemp(f->home) == NULL || chmod(f->home, 0711) == -1)
		return -1;
	rnd_bytes(two, 2);
	(void)snprintf(f->inst, sizeof(f->inst), "%02x%02x", two[0], two[1]);
	file = path_join(f->home, "instance");
	if (path_write_atomic(file, f->inst, 4, 0644, &e) == -1)
		return -1;
	f->host = (struct sandbox_host){ .loop = loop_new(&e),
		.home = f->home,
		.inst = f->inst,
		.self = f->self,
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	f->guard = timer_new(f->host.loop, fixture_on_guard, f);
	f->out = STR_INIT;
	return f->host.loop == NULL ? -1 : 0;
}

/* A shim that a failed test left running. */
static inline int
fixture_end_shim(
    const char *path, const struct stat *st, int kind, struct FTW *at)
{
	AUTO_FREE char *dir = xstrndup(path, (size_t)at->base - 1);
	struct err e = ERR_INIT;

	(void)st;
	(void)kind;
	if (strcmp(path + at->base, "ctl") != 0 ||
	    shim_send(dir, SHIM_KILL, &e) == -1)
		return 0;
	for (int i = 0; i < 1000 && shim_alive(dir); i++)
		(void)usleep(10000);
	return 0;
}

/* What a failed test left: shims, mounts, namespaces. */
static inline void
fixture_sweep(const struct fixture *f)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *mine = xasprintf(" %s/", f->home);
	AUTO_FREE char *ns = xasprintf("coffer-%s-", f->inst);
	struct err e = ERR_INIT;
	const struct dirent *ent;
	const char *p;
	DIR *d = opendir("/run/netns");

	(void)nftw(f->home, fixture_end_shim, 16, FTW_PHYS | FTW_MOUNT);
	(void)path_read("/proc/self/mountinfo", 16 << 20, &text, &e);
	for (p = str_cstr(&text); (p = strstr(p, mine)) != NULL; p++) {
		AUTO_FREE char *at = xstrndup(p + 1, strcspn(p + 1, " "));

		(void)umount2(at, MNT_DETACH);
	}
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *at = path_join("/run/netns", ent->d_name);

		if (strncmp(ent->d_name, ns, strlen(ns)) != 0)
			continue;
		(void)umount2(at, MNT_DETACH);
		(void)unlink(at);
	}
	if (d != NULL)
		(void)closedir(d);
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	int r = 0;

	if (f->host.loop != NULL) {
		fixture_sweep(f);
		oci_sweep_cgroups(&f->host);
		timer_free(f->guard);
		loop_free(f->host.loop);
		r = path_rmtree(f->home, &e);
		if (r == -1)
			(void)fprintf(stderr, "teardown: %s\n", e.msg);
	}
	str_release(&f->out);
	free(f);
	return r;
}

/* A test that cannot say anything without root. */
#define FIXTURE_NEEDS_ROOT(f)                                   \
	do {                                                    \
		if (geteuid() != 0) {                           \
			print_message("skipped: needs root\n"); \
			skip();                                 \
		}                                               \
	} while (0)

static inline void
fixture_loop(struct fixture *f)
{
	struct err e = ERR_INIT;

	f->late = false;
	timer_set(f->guard, FIXTURE_GUARD_MS);
	(void)loop_run(f->host.loop, &e);
	timer_cancel(f->guard);
	if (f->late)
		fail_msg("nothing came; output so far:\n%s", str_cstr(&f->out));
}

static inline void
fixture_on_done(const struct err *e, void *arg)
{
	struct fixture *f = arg;

	f->e = e != NULL ? *e : ERR_INIT;
	f->done = true;
	loop_stop(f->host.loop);
}

/* After a call with (fixture_on_done, f): its result. */
static inline int
fixture_wait(struct fixture *f)
{
	f->done = false;
	fixture_loop(f);
	assert_true(f->done);
	return f->e.code == ERR_NONE ? 0 : -1;
}

#define fixture_ok(f)                               \
	do {                                        \
		if (fixture_wait(f) == -1)          \
			fail_msg("%s", (f)->e.msg); \
	} while (0)

static inline void
fixture_on_output(struct view v, uint64_t offset, void *arg)
{
	struct fixture *f = arg;

	assert_true(offset == f->out.len);
	str_addv(&f->out, v);
}

static inline void
fixture_on_exit(const struct shim_exit *x, void *arg)
{
	struct fixture *f = arg;

	f->exit = *x;
	f->done = true;
	loop_stop(f->host.loop);
}

static inline char *
fixture_dir(struct fixture *f)
{
	return xasprintf("%s/runs/%d", f->home, ++f->runs);
}

/* From a folder whose shim was started: everything up to its exit. */
static inline void
fixture_follow(struct fixture *f, const char *dir)
{
	struct err e = ERR_INIT;

	str_reset(&f->out);
	if (shim_watch_open(f->host.loop,
		&(struct shim_watch_spec){ .dir = dir,
		    .on_output = fixture_on_output,
		    .on_exit = fixture_on_exit,
		    .arg = f },
		&e) == NULL)
		fail_msg("%s", e.msg);
	f->done = false;
	fixture_loop(f);
	assert_true(f->done);
}

static inline void
fixture_destroy(struct fixture *f, const char *id, const char *dir)
{
	oci_driver.destroy(&f->host, id, dir, fixture_on_done, f);
	fixture_ok(f);
}

/* Start, follow to the end, destroy: f->out and f->exit. */
static inline void
fixture_run_spec(struct fixture *f, struct sandbox_spec *s)
{
	AUTO_FREE char *dir = fixture_dir(f);
	char id[HOST_NAME_MAX];

	host_run_id(&f->host, f->runs, "test", id);
	s->id = id;
	if (s->uid_base == 0)
		s->uid_base = host_project_uid_base(1);
	oci_driver.start(&f->host, s, dir, fixture_on_done, f);
	fixture_ok(f);
	fixture_follow(f, dir);
	fixture_destroy(f, id, dir);
	s->id = NULL;
}

/* A shell script in a default sandbox. */
static inline const char *
fixture_sh(struct fixture *f, struct sandbox_spec *s, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	s->argv = argv;
	fixture_run_spec(f, s);
	s->argv = NULL;
	return str_cstr(&f->out);
}

#define fixture_has(f, text)                                                   \
	do {                                                                   \
		if (strstr(str_cstr(&(f)->out), (text)) == NULL)               \
			fail_msg(                                              \
			    "no \"%s\" in:\n%s", (text), str_cstr(&(f)->out)); \
	} while (0)

static inline void
fixture_program(struct fixture *f, const char *const *argv)
{
	seq_program(f->host.loop, argv, false, fixture_on_done, f);
	fixture_ok(f);
}

#endif
