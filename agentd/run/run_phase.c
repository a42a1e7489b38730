#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/run/run_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

const char *const run_phase_names[RUN_PHASES] = {
	[RUN_PREPARE] = "prepare",
	[RUN_AGENT] = "agent",
	[RUN_FINISH] = "finish",
};

void
run_phase_dir(const struct run *r, enum run_phase phase, char out[RUN_PATH_MAX])
{
	(void)snprintf(
	    out, RUN_PATH_MAX, "%s/%s", r->dir, run_phase_names[phase]);
}

static void
run_on_running(void *arg)
{
	run_live_open(arg);
}

static void
run_on_exit(const struct shim_exit *x, void *arg)
{
	struct run *r = arg;

	r->watch = NULL;
	run_on_phase_exit(r, x);
}

/* It could not even be started, or followed. */
static void
run_phase_broken(struct run *r, const struct err *e)
{
	run_end(r, "failed", "%s: %s", run_phase_names[r->phase], e->msg);
	if (r->agent_ended)
		logship_finish(r->ship);
}

void
run_phase_stop(struct run *r)
{
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;

	if (r->watch == NULL || r->phase == RUN_FINISH)
		return;
	run_phase_dir(r, r->phase, dir);
	if (r->env->driver->kill(dir, false, &e) == -1)
		log_warn("run stop run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

static void
run_on_output(struct view bytes, uint64_t offset, void *arg)
{
	struct run *r = arg;

	(void)offset;
	if (!run_agent_feed(r, bytes) && !r->foreign) {
		r->foreign = true;
		log_warn("run beyond-bounds run=%lld", (long long)r->id);
		run_phase_stop(r);
	}
	if (r->ship != NULL)
		logship_kick(r->ship);
}

static void
run_phase_follow(struct run *r)
{
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;
	const bool agent = r->phase == RUN_AGENT;
	const struct shim_watch_spec spec = {
		.dir = dir,
		.on_output = agent ? run_on_output : NULL,
		.on_running = agent ? run_on_running : NULL,
		.on_exit = run_on_exit,
		.arg = r,
	};

	if (agent) {
		run_set_state(r, RUN_RUNNING);
		run_agent_open(r);
		run_record_watch(r);
	}
	run_phase_dir(r, r->phase, dir);
	r->watch = shim_watch_open(r->env->host->loop, &spec, &e);
	if (r->watch == NULL) {
		run_phase_broken(r, &e);
		return;
	}
	/* The order to stop may have come before there was what to stop. */
	if (r->cancelled)
		run_phase_stop(r);
}

static void
run_on_held(const struct err *e, void *arg)
{
	struct run *r = arg;
	run_next_fn *next = r->after_hold;

	r->holding = false;
	r->after_hold = NULL;
	/* Its phase tries again, and tells. */
	if (e != NULL)
		log_info("run hold run=%lld why=%s", (long long)r->id,
		    log_val(e->msg));
	if (next != NULL)
		next(r);
}

void
run_hold_start(struct run *r)
{
	struct run_container *c;
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;

	if (r->over || r->cancelled)
		return;
	c = run_container_new(r, RUN_AGENT, &e);
	if (c == NULL)
		return;
	run_phase_dir(r, RUN_AGENT, dir);
	run_container_hold(c);
	r->holding = true;
	r->env->driver->start(
	    r->env->host, run_container_spec(c), dir, run_on_held, r);
	run_container_free(c);
}

static void
run_on_started(const struct err *e, void *arg)
{
	struct run *r = arg;

	if (e != NULL) {
		run_phase_broken(r, e);
		return;
	}
	/* Only now: it shall not take time from the clone's start. */
	if (r->phase == RUN_PREPARE && !run_has(r, "agent"))
		run_hold_start(r);
	run_phase_follow(r);
}

static void
run_phase_launch(struct run *r)
{
	struct run_container *c;
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;

	run_phase_dir(r, r->phase, dir);
	c = run_container_new(r, r->phase, &e);
	if (c == NULL) {
		run_phase_broken(r, &e);
		return;
	}
	log_info("run phase run=%lld phase=%s", (long long)r->id,
	    run_phase_names[r->phase]);
	r->env->driver->start(
	    r->env->host, run_container_spec(c), dir, run_on_started, r);
	run_container_free(c);
}

static void
run_on_swept(const struct err *e, void *arg)
{
	struct run *r = arg;
	char dir[RUN_PATH_MAX];
	struct err bad = ERR_INIT;

	run_phase_dir(r, r->phase, dir);
	if (e == NULL && path_rmtree(dir, &bad) == -1)
		e = &bad;
	if (e != NULL)
		run_phase_broken(r, e);
	else if (r->cancelled && r->phase != RUN_FINISH)
		run_end(r, "cancelled", "%s", r->cancel_why);
	else
		run_phase_launch(r);
}

void
run_phase_again(struct run *r)
{
	char id[HOST_NAME_MAX], dir[RUN_PATH_MAX];

	host_run_id(r->env->host, r->id, run_phase_names[r->phase], id);
	run_phase_dir(r, r->phase, dir);
	r->env->driver->destroy(r->env->host, id, dir, run_on_swept, r);
}

static bool
run_phase_has(const struct run *r, const char *leaf)
{
	char path[RUN_PATH_MAX];

	(void)snprintf(
	    path, sizeof(path), "%s/%s", run_phase_names[r->phase], leaf);
	return run_has(r, path);
}

void
run_hold_stop(struct run *r)
{
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;

	run_phase_dir(r, RUN_AGENT, dir);
	if (!run_has(r, "go") && shim_alive(dir))
		(void)r->env->driver->kill(dir, true, &e);
}

/* The shim's first act is to make `alive`: without it nothing has run. */
static void
run_phase_resume(struct run *r)
{
	if (run_phase_has(r, "alive") || run_phase_has(r, "exit.json"))
		run_phase_follow(r);
	else if (r->cancelled && r->phase != RUN_FINISH)
		run_end(r, "cancelled", "%s", r->cancel_why);
	else if (run_has(r, run_phase_names[r->phase]))
		run_phase_again(r);
	else
		run_phase_launch(r);
}

/*
 * Let the agent go.  `go` is there before anything of it runs: an agent that
 * may have run is followed, never started again.
 */
static void
run_phase_agent(struct run *r)
{
	AUTO_STR struct str none = STR_INIT;
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;
	const bool told = run_has(r, "go");

	run_phase_dir(r, RUN_AGENT, dir);
	if (r->cancelled && !told) {
		run_end(r, "cancelled", "%s", r->cancel_why);
		return;
	}
	if (!told && run_file_put(r, "go", 0600, &none, &e) == -1) {
		run_phase_broken(r, &e);
		return;
	}
	if (r->env->driver->go(dir, &e) == 0)
		run_phase_follow(r);
	else if (told)
		run_phase_resume(r);
	else if (run_has(r, run_phase_names[RUN_AGENT]))
		run_phase_again(r);
	else
		run_phase_launch(r);
}

void
run_phase_start(struct run *r, enum run_phase phase)
{
	r->phase = phase;
	r->loading = false;
	if (phase != RUN_AGENT)
		run_phase_resume(r);
	else if (r->holding)
		r->after_hold = run_phase_agent;
	else
		run_phase_agent(r);
}
