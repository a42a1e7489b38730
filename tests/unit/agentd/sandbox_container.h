/*
 * sandbox_container: one container from start to end, for tests: what it wrote
 * is in f->out, how it ended in f->exit.
 */
#ifndef TESTS_UNIT_AGENTD_SANDBOX_CONTAINER_H
#define TESTS_UNIT_AGENTD_SANDBOX_CONTAINER_H

#include "tests/unit/agentd/sandbox_fixture.h"

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
	if (x->error[0] != '\0')
		print_message("# ended: %s\n", x->error);
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
	f->driver->destroy(&f->host, id, dir, fixture_on_done, f);
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
	f->driver->start(&f->host, s, dir, fixture_on_done, f);
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

static inline void
fixture_has(struct fixture *f, const char *text)
{
	if (strstr(str_cstr(&f->out), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, str_cstr(&f->out));
}

#endif
