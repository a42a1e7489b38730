#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/app.h"
#include "agentd/config.h"
#include "agentd/connect.h"
#include "agentd/run/reap.h"
#include "agentd/sandbox/look.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/oci.h"
#include "agentd/sandbox/uplink.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/loop.h"

struct teardown;
typedef void teardown_step_fn(struct teardown *t);

struct teardown {
	struct sandbox_host host;
	const struct driver *driver;
	size_t step;
	DIR *dir;   /* HOME/sandboxes */
	int64_t id; /* in hand */
	struct err first;
};

static void teardown_next(void *arg);

/* What fails is told at the end; the rest is taken down all the same. */
static void
teardown_note(struct teardown *t, const struct err *e)
{
	if (e == NULL)
		return;
	log_warn("teardown step=%zu why=%s", t->step, log_val(e->msg));
	if (t->first.code == ERR_NONE)
		t->first = *e;
}

static void
teardown_on_step(const struct err *e, void *arg)
{
	struct teardown *t = arg;

	teardown_note(t, e);
	t->step++;
	loop_defer(t->host.loop, teardown_next, t);
}

static void
teardown_reap(struct teardown *t, const char *folder, const char *const *phases,
    reap_name_fn *name)
{
	AUTO_FREE char *root = path_join(t->host.home, folder);
	const struct reap_spec spec = {
		.host = &t->host,
		.driver = t->driver,
		.root = root,
		.phases = phases,
		.name = name,
		.done = teardown_on_step,
		.arg = t,
	};

	reap_start(&spec);
}

static void
teardown_runs(struct teardown *t)
{
	static const char *const phases[] = { "prepare", "agent", "finish",
		NULL };

	teardown_reap(t, "runs", phases, host_run_id);
}

static void
teardown_jobs(struct teardown *t)
{
	static const char *const phases[] = { "unpack", "setup", "test", NULL };

	teardown_reap(t, "jobs", phases, host_job_id);
}

static void
teardown_session_name(const struct sandbox_host *h, int64_t id,
    const char *phase, char out[HOST_NAME_MAX])
{
	if (strcmp(phase, "cache") == 0)
		host_cache_id(h, id, out);
	else if (strcmp(phase, "look") == 0)
		look_container_id(h, id, out);
	else
		host_session_id(h, id, out);
}

static void
teardown_sessions(struct teardown *t)
{
	static const char *const phases[] = { "cache", "look", "session",
		NULL };

	teardown_reap(t, "sandboxes", phases, teardown_session_name);
}

static void teardown_places(struct teardown *t);

static void
teardown_on_unmounted(const struct err *e, void *arg)
{
	struct teardown *t = arg;

	teardown_note(t, e);
	teardown_places(t);
}

static void
teardown_on_unlinked(const struct err *e, void *arg)
{
	struct teardown *t = arg;

	teardown_note(t, e);
	workspace_down(&t->host, t->id, teardown_on_unmounted, t);
}

/* Namespace and mount of each project, and of each slot of the runner. */
static void
teardown_places(struct teardown *t)
{
	AUTO_FREE char *root = path_join(t->host.home, "sandboxes");
	struct dirent *entry;
	struct err e = ERR_INIT;
	uint64_t id;

	if (t->dir == NULL)
		t->dir = opendir(root);
	while (t->dir != NULL && (entry = readdir(t->dir)) != NULL) {
		if (num_u64(entry->d_name, 1, HOST_MAX_PROJECT, &id, &e) == -1)
			continue;
		t->id = (int64_t)id;
		netns_project_down(&t->host, t->id, teardown_on_unlinked, t);
		return;
	}
	if (t->dir != NULL)
		(void)closedir(t->dir);
	t->dir = NULL;
	teardown_on_step(NULL, t);
}

static void
teardown_uplink(struct teardown *t)
{
	uplink_down(&t->host, teardown_on_step, t);
}

static teardown_step_fn *const teardown_steps[] = {
	teardown_runs,
	teardown_jobs,
	teardown_sessions,
	teardown_places,
	teardown_uplink,
};

static void
teardown_next(void *arg)
{
	struct teardown *t = arg;

	if (t->step < sizeof(teardown_steps) / sizeof(teardown_steps[0])) {
		teardown_steps[t->step](t);
		return;
	}
	oci_sweep_cgroups(&t->host);
	loop_stop(t->host.loop);
}

static int
teardown_driver(
    struct teardown *t, const struct agentd_config *cfg, struct err *e)
{
	struct err why = ERR_INIT;

	t->driver = driver_open(&t->host,
	    &(struct driver_choice){ .name = cfg->driver,
		.socket = cfg->engine_socket,
		.runtime = cfg->runtime },
	    e);
	if (t->driver == NULL)
		return -1;
	/* What it cannot be asked to take down is told; the rest goes. */
	if (t->host.engine != NULL && t->driver->probe(&t->host, &why) == -1)
		teardown_note(t, &why);
	return 0;
}

int
app_teardown(
    struct connection *c, const struct agentd_config *cfg, struct err *e)
{
	struct teardown t = {
		.host = { .home = c->home,
		    .inst = c->inst,
		    .shim = c->shim,
		    .gateway = "10.214.0.1",
		    .range = "10.214.0.0" },
	};
	int rc;

	t.host.loop = loop_new(e);
	if (t.host.loop == NULL)
		return -1;
	rc = teardown_driver(&t, cfg, e);
	if (rc == 0) {
		loop_defer(t.host.loop, teardown_next, &t);
		rc = loop_run(t.host.loop, e);
	}
	driver_close(&t.host);
	loop_free(t.host.loop);
	if (rc == 0 && t.first.code != ERR_NONE) {
		*e = t.first;
		return -1;
	}
	return rc;
}
