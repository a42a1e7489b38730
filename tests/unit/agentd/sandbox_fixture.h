/*
 * sandbox_fixture: a home of its own for tests that drive real containers,
 * and calls that wait for a completion by running the loop.  The shim
 * is the one of the same build.  The driver is COFFER_TEST_DRIVER, "oci" when
 * absent; for "engine" COFFER_TEST_SOCKET is the engine's.
 */
#ifndef TESTS_UNIT_AGENTD_SANDBOX_FIXTURE_H
#define TESTS_UNIT_AGENTD_SANDBOX_FIXTURE_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_create.h"
#include "agentd/sandbox/engine_driver.h"
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
#include "tests/unit/agentd/sandbox_sweep.h"

enum {
	FIXTURE_GUARD_MS = 30000
};

struct fixture {
	struct sandbox_host host;
	const struct driver *driver;
	char home[64];
	char inst[8];
	char shim[640];
	struct timer *guard;
	bool late; /* the guard ended the loop */
	bool done;
	struct err e; /* of the last completion */
	int runs;
	struct str out; /* of the last container */
	struct shim_exit exit;
};

static inline void
fixture_on_guard(void *arg)
{
	struct fixture *f = arg;

	f->late = true;
	loop_stop(f->host.loop);
}

static inline int
fixture_driver(struct fixture *f, struct err *e)
{
	f->driver = driver_find(getenv("COFFER_TEST_DRIVER"));
	if (f->driver != &engine_driver)
		return 0;
	f->host.engine = engine_new(
	    f->host.loop, getenv("COFFER_TEST_SOCKET"), NULL, e);
	return f->host.engine == NULL ? -1 : f->driver->probe(&f->host, e);
}

/* The agent's uid as it sees it itself. */
static inline unsigned
fixture_uid(const struct fixture *f, int64_t project)
{
	return f->host.engine == NULL
	    ? HOST_AGENT_UID
	    : engine_agent_uid(
		  engine_facts(f->host.engine), host_project_uid_base(project));
}

/* As the driver tells it; -1 when there is no such container. */
static inline int
fixture_state(const struct fixture *f, const char *id, char out[16])
{
	struct err e = ERR_INIT;

	return f->host.engine == NULL ? oci_state(&f->host, id, out, &e)
				      : engine_state(&f->host, id, out, &e);
}

static inline int
fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	unsigned char two[2];
	AUTO_FREE char *file = NULL;
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	*state = f;
	if (geteuid() != 0)
		return 0;
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-test-XXXXXX");
	if (n <= 0 || mkdtemp(f->home) == NULL || chmod(f->home, 0711) == -1)
		return -1;
	self[n] = '\0';
	*strstr(self, "/tests/unit/agentd/") = '\0';
	(void)snprintf(
	    f->shim, sizeof(f->shim), "%s/libexec/coffer/coffer-shim", self);
	rnd_bytes(two, 2);
	(void)snprintf(f->inst, sizeof(f->inst), "%02x%02x", two[0], two[1]);
	file = path_join(f->home, "instance");
	if (path_write_atomic(file, f->inst, 4, 0644, &e) == -1)
		return -1;
	f->host = (struct sandbox_host){ .loop = loop_new(&e),
		.home = f->home,
		.inst = f->inst,
		.shim = f->shim,
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	f->guard = timer_new(f->host.loop, fixture_on_guard, f);
	f->out = STR_INIT;
	if (fixture_driver(f, &e) == 0)
		return 0;
	(void)fprintf(stderr, "setup: %s\n", e.msg);
	return -1;
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	int r = 0;

	if (f->host.loop != NULL) {
		sweep_home(f->home, f->inst);
		oci_sweep_cgroups(&f->host);
		timer_free(f->guard);
		engine_free(f->host.engine);
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

static inline void
fixture_ok(struct fixture *f)
{
	if (fixture_wait(f) == -1)
		fail_msg("%s", f->e.msg);
}

static inline void
fixture_program(struct fixture *f, const char *const *argv)
{
	seq_program(f->host.loop, argv, false, fixture_on_done, f);
	fixture_ok(f);
}

#endif
