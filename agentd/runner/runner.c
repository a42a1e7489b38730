#include "agentd/runner/runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/call.h"
#include "agentd/connect.h"
#include "agentd/run/reap.h"
#include "agentd/runner/config.h"
#include "agentd/runner/job.h"
#include "agentd/runner/job_priv.h"
#include "agentd/runner/registration.h"
#include "agentd/sandbox/routerctl.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	RUNNER_SLOTS_MAX = 64,
	/* A job that was told is removed while the next one runs. */
	RUNNER_PLACES = 2 * RUNNER_SLOTS_MAX,
	RUNNER_WAIT_S = 50,
	RUNNER_EMPTY_MS = 1000 /* between polls without a job */
};

struct runner {
	struct connection *connection;
	const struct runner_config *cfg;
	struct registration own; /* url NULL: of cofferd's own host */
	struct loop *loop;
	struct sandbox_host host;
	struct job_env env;
	struct routerctl *router;
	struct call *poll;
	struct timer *pause;
	int swept;     /* slots whose rest is gone */
	bool network;  /* the router is there, as far as is known */
	bool greeting; /* it is asked whether it is */
	char gateway[HOST_ADDR_MAX];
	char range[HOST_ADDR_MAX];
	int64_t asked_ms; /* monotonic, when the poll began */
	uint64_t slots;   /* jobs at a time */
	struct job *slot[RUNNER_PLACES];
	bool told[RUNNER_PLACES];
	bool waits[RUNNER_PLACES]; /* for an earlier lease of its job to go */
	unsigned busy;
	struct err fail;
};

/* A free one, RUNNER_PLACES when there is none. */
static int
runner_place(const struct runner *r)
{
	int place = 0;

	while (place < RUNNER_PLACES && r->slot[place] != NULL)
		place++;
	return place;
}

static void
runner_labels(struct jw *w, const char *labels)
{
	struct view rest = view_of(labels != NULL ? labels : ""), word;

	jw_array(w, "labels");
	while (view_split(&rest, ',', &word))
		if (view_trim(word).len > 0)
			jw_view(w, NULL, view_trim(word));
	jw_end(w);
}

/* The router says where it is; until then no job could have a network. */
static void
runner_greeted(struct runner *r, const struct json *reply, const struct err *e)
{
	const char *range = json_str_or(reply, "range", "10.214.0.0/16");

	r->greeting = false;
	r->network = e == NULL;
	(void)snprintf(r->gateway, sizeof(r->gateway), "%s",
	    json_str_or(reply, "address", "10.214.0.1"));
	(void)snprintf(r->range, sizeof(r->range), "%.*s",
	    (int)strcspn(range, "/"), range);
}

static void
runner_on_greeted(const struct json *reply, const struct err *e, void *arg)
{
	struct runner *r = arg;

	runner_greeted(r, reply, e);
	if (e == NULL)
		log_info("runner router there");
}

/* A router that came since is known at the next poll. */
static bool
runner_network(struct runner *r)
{
	AUTO_FREE char *sock = path_join(r->host.home, "run/router.sock");

	if (r->network && !routerctl_is_there(r->router)) {
		log_warn("runner router why=gone");
		r->network = false;
	}
	if (!r->network && !r->greeting && access(sock, F_OK) == 0) {
		r->greeting = true;
		routerctl_hello(r->router, runner_on_greeted, r);
	}
	return r->network;
}

static void
runner_poll(struct runner *r)
{
	AUTO_STR struct str body = STR_INIT;
	char path[64];
	struct jw w;

	if (r->busy >= r->slots || runner_place(r) == RUNNER_PLACES ||
	    call_busy(r->poll))
		return;
	(void)snprintf(path, sizeof(path), "/api/coffer/v1/ci/poll?wait=%d",
	    RUNNER_WAIT_S);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_u64(&w, "slots", r->slots);
	jw_str(&w, "version", "coffer-runner " VERSION);
	jw_bool(&w, "network", runner_network(r));
	if (r->own.url == NULL)
		runner_labels(&w, r->cfg->labels);
	jw_array(&w, "held");
	for (size_t i = 0; i < RUNNER_PLACES; i++)
		if (r->slot[i] != NULL && !r->waits[i])
			jw_i64(&w, NULL, job_id(r->slot[i]));
	jw_end(&w);
	jw_end(&w);
	r->asked_ms = clock_mono_ms();
	call_start(r->poll, "POST", path, str_cstr(&body));
}

static struct job *
runner_find(const struct runner *r, int64_t id, const struct job *but)
{
	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] != NULL && r->slot[i] != but &&
		    job_id(r->slot[i]) == id)
			return r->slot[i];
	}
	return NULL;
}

/* Two leases of one job would share its folder and its containers' names. */
static void
runner_begin(struct runner *r)
{
	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] == NULL || !r->waits[i] ||
		    runner_find(r, job_id(r->slot[i]), r->slot[i]) != NULL)
			continue;
		r->waits[i] = false;
		job_begin(r->slot[i]);
	}
}

/* A lease that waits and is outdated itself: nothing of it has begun. */
static struct job *
runner_waiting(const struct runner *r, int64_t id)
{
	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] != NULL && r->waits[i] &&
		    job_id(r->slot[i]) == id)
			return r->slot[i];
	}
	return NULL;
}

static void
runner_forget(struct runner *r, struct job *j)
{
	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] != j)
			continue;
		r->slot[i] = NULL;
		r->waits[i] = false;
		r->busy--;
	}
	job_free(j);
}

struct runner_end {
	struct runner *runner;
	struct job *job;
};

static void
runner_drop(void *arg)
{
	struct runner_end *x = arg;
	struct runner *r = x->runner;

	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] != x->job)
			continue;
		r->slot[i] = NULL;
		if (!r->told[i])
			r->busy--;
	}
	job_free(x->job);
	free(x);
	runner_begin(r);
	runner_poll(r);
}

/* Its slot is free for the next one. */
static void
runner_on_told(struct job *j, void *arg)
{
	struct runner *r = arg;

	for (size_t i = 0; i < RUNNER_PLACES; i++) {
		if (r->slot[i] != j || r->told[i])
			continue;
		r->told[i] = true;
		r->busy--;
	}
	runner_poll(r);
}

static void
runner_on_done(struct job *j, void *arg)
{
	struct runner *r = arg;
	struct runner_end *x = xcalloc(1, sizeof(*x));

	x->runner = r;
	x->job = j;
	loop_defer(r->loop, runner_drop, x);
}

/* An earlier lease of the same job ran out: its job goes, without a word. */
static void
runner_take(struct runner *r, const struct json *row)
{
	struct err e = ERR_INIT;
	struct job *old, *fresh;
	const struct job_ends ends = { runner_on_told, runner_on_done, r };
	int slot = runner_place(r);

	fresh = job_new(&r->env, slot, row, &ends, &e);
	if (fresh == NULL) {
		log_error("runner skip why=%s", log_val(e.msg));
		return;
	}
	while ((old = runner_waiting(r, job_id(fresh))) != NULL)
		runner_forget(r, old);
	old = runner_find(r, job_id(fresh), NULL);
	r->slot[slot] = fresh;
	r->waits[slot] = true;
	r->told[slot] = false;
	r->busy++;
	if (old != NULL)
		job_disown(old, "the job was leased anew");
	runner_begin(r);
}

static void
runner_on_job(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runner *r = arg;

	if (fail != NULL) {
		(void)err_set(&r->fail, fail->code, "%s%s", fail->msg,
		    status == 401 ? ": is this runner removed?" : "");
		loop_stop(r->loop);
		return;
	}
	if (status == 200 && j != NULL)
		runner_take(r, j);
	else if (clock_mono_ms() - r->asked_ms < RUNNER_EMPTY_MS) {
		/* cofferd did not wait: it is not asked without a pause. */
		timer_set(r->pause, RUNNER_EMPTY_MS);
		return;
	}
	runner_poll(r);
}

static void
runner_on_pause(void *arg)
{
	runner_poll(arg);
}

static void runner_sweep(struct runner *r);

static void
runner_on_clean(const struct err *e, void *arg)
{
	struct runner *r = arg;
	AUTO_FREE char *jobs = path_join(r->host.home, "jobs");
	struct err bad = ERR_INIT;

	if (e != NULL)
		log_warn("runner clean why=%s", log_val(e->msg));
	if (path_rmtree(jobs, &bad) == -1 && bad.code != ERR_NOTFOUND)
		log_warn("runner clean why=%s", log_val(bad.msg));
	runner_sweep(r);
}

/* The disks and networks of an earlier process, one after the other. */
static void
runner_on_swept(const struct err *e, void *arg)
{
	struct runner *r = arg;

	if (e != NULL)
		log_warn("runner clean why=%s", log_val(e->msg));
	r->swept++;
	runner_sweep(r);
}

static void
runner_sweep(struct runner *r)
{
	for (; r->swept < RUNNER_PLACES; r->swept++) {
		AUTO_FREE char *dir = job_slot_dir(&r->host, r->swept);

		if (access(dir, F_OK) == 0) {
			job_sweep(&r->host, r->swept, runner_on_swept, r);
			return;
		}
	}
	log_info("runner ready name=%s slots=%llu",
	    r->own.name != NULL ? r->own.name : r->cfg->name,
	    (unsigned long long)r->slots);
	runner_poll(r);
}

/* What an earlier process left; cofferd hears that it is not held any more. */
static void
runner_clean(struct runner *r)
{
	static const char *const phases[] = { "unpack", "setup", "test", NULL };
	AUTO_FREE char *root = path_join(r->host.home, "jobs");
	const struct reap_spec spec = {
		.host = &r->host,
		.driver = r->env.driver,
		.root = root,
		.phases = phases,
		.name = host_job_id,
		.done = runner_on_clean,
		.arg = r,
	};

	reap_start(&spec);
}

static void
runner_on_hello(const struct json *reply, const struct err *e, void *arg)
{
	struct runner *r = arg;

	/* Jobs without a network can do without the router. */
	if (e != NULL)
		log_warn("runner router why=%s", log_val(e->msg));
	runner_greeted(r, reply, e);
	runner_clean(r);
}

/* On a host without Cofferd there may be none. */
static void
runner_hello(struct runner *r)
{
	AUTO_FREE char *sock = path_join(r->host.home, "run/router.sock");
	struct err e = ERR_INIT;

	if (r->own.url == NULL || access(sock, F_OK) == 0) {
		routerctl_hello(r->router, runner_on_hello, r);
		return;
	}
	(void)err_set(
	    &e, ERR_NOTFOUND, "there is no router: jobs have no network");
	runner_on_hello(NULL, &e, r);
}

static void
runner_on_signal(void *arg)
{
	struct runner *r = arg;

	log_info("runner stop");
	loop_stop(r->loop);
}

/* Registered, it is a runner of its own, wherever the server is. */
static int
runner_connect(struct runner *r, struct err *e)
{
	struct connection *c = r->connection;

	r->slots = r->cfg->slots;
	if (registration_load(c->home, &r->own, e) == 0) {
		if (r->own.slots < r->slots)
			r->slots = r->own.slots;
		return connection_open_at(c, r->loop, r->own.url, r->own.secret,
		    r->own.ca, "coffer-runner", e);
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	return connection_open(
	    c, r->loop, r->cfg->server, "runner.token", "coffer-runner", e);
}

static int
runner_make(struct runner *r, struct err *e)
{
	struct connection *c = r->connection;
	AUTO_FREE char *sock = path_join(c->home, "run/router.sock");

	r->loop = loop_new(e);
	if (r->loop == NULL)
		return -1;
	r->host = (struct sandbox_host){ .loop = r->loop,
		.home = c->home,
		.inst = c->inst,
		.shim = c->shim,
		.gateway = r->gateway,
		.range = r->range };
	r->env.driver = driver_open(&r->host,
	    &(struct driver_choice){ .name = r->cfg->driver,
		.socket = r->cfg->engine_socket,
		.runtime = r->cfg->runtime },
	    e);
	if (r->env.driver == NULL)
		return -1;
	if (connection_lock(c, "runner", e) == -1 ||
	    host_check(&r->host, e) == -1 ||
	    r->env.driver->probe(&r->host, e) == -1 ||
	    runner_connect(r, e) == -1 ||
	    loop_on_signal(r->loop, SIGTERM, runner_on_signal, r, e) == -1 ||
	    loop_on_signal(r->loop, SIGINT, runner_on_signal, r, e) == -1)
		return -1;
	r->router = routerctl_new(r->loop, sock);
	r->env.host = &r->host;
	r->env.cfg = r->cfg;
	r->env.router = r->router;
	r->env.api = c->api;
	r->env.net = c->net;
	r->env.base = c->base;
	r->env.token = c->token;
	r->env.ca = r->own.ca;
	r->poll = call_new(r->loop, c->api, runner_on_job, r);
	r->pause = timer_new(r->loop, runner_on_pause, r);
	return 0;
}

static void
runner_free(struct runner *r)
{
	for (size_t i = 0; i < RUNNER_PLACES; i++)
		job_free(r->slot[i]);
	call_free(r->poll);
	timer_free(r->pause);
	routerctl_free(r->router);
	connection_close(r->connection);
	registration_release(&r->own);
	driver_close(&r->host);
	loop_free(r->loop);
}

int
runner_serve(
    struct connection *c, const struct runner_config *cfg, struct err *e)
{
	struct runner r = { .connection = c, .cfg = cfg };
	int rc = runner_make(&r, e);

	if (rc == 0) {
		runner_hello(&r);
		rc = loop_run(r.loop, e);
		loop_drain(r.loop);
	}
	if (rc == 0 && r.fail.code != ERR_NONE) {
		*e = r.fail;
		rc = -1;
	}
	runner_free(&r);
	return rc;
}
