#include "agentd/runner/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/run/workdir.h"
#include "agentd/runner/job_priv.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/profile.h"
#include "agentd/sandbox/routerctl.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	JOB_BEAT_MS = 5 * 1000,
	JOB_CPUS_MAX = 1024,
	JOB_PIDS_MAX = 1 << 20,
	JOB_TREE_MS = 10 * 60 * 1000,
	JOB_STALL_MS = 60 * 1000,
	JOB_TIMEOUT_MAX_S = 24 * 3600,
	JOB_MIB = 1 << 20
};

int64_t
job_slot_id(int slot)
{
	return HOST_MAX_PROJECT - slot;
}

char *
job_slot_dir(const struct sandbox_host *h, int slot)
{
	return xasprintf(
	    "%s/sandboxes/%lld", h->home, (long long)job_slot_id(slot));
}

/* `open` is not a job's; what is not known has none. */
static int
job_read_net(
    const struct json *net, const char *phase, enum job_net *out, struct err *e)
{
	static const char *const modes[] = {
		[JOB_NET_OFF] = "off",
		[JOB_NET_LOCKED] = "locked",
		[JOB_NET_WEB] = "web",
	};
	const char *mode = "off";

	*out = JOB_NET_OFF;
	if (json_str(net, phase, 7, &mode, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(mode, modes[i]) == 0)
			*out = (enum job_net)i;
	return 0;
}

static char *
job_read_rules(const struct json *rules)
{
	AUTO_STR struct str list = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	if (!json_is_array(rules))
		return NULL;
	json_print(rules, &list);
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_raw(&w, "allow", str_view(&list));
	jw_end(&w);
	return str_steal(&text);
}

/* An image that is not here is told when the job begins. */
static int
job_read_root(struct job *j, const struct json *check, struct err *e)
{
	const char *image = "", *profile = "";

	if (json_str(check, "image", JOB_NAME_MAX - 1, &image, e) == -1 ||
	    json_str(check, "profile", JOB_NAME_MAX - 1, &profile, e) == -1)
		return -1;
	if (*image == '\0')
		image = profile;
	if (*image == '\0')
		return 0;
	j->root = profile_root(j->env->host, image, &j->part_fail);
	return 0;
}

static int
job_read_check(struct job *j, const struct json *check, struct err *e)
{
	const struct json *net = json_get(check, "network");
	const char *setup = "", *test = "";
	int64_t timeout_s = 600, memory = 0, cpus = 0, pids = 0, disk = 0;

	if (json_str(check, "setup", JOB_TEXT_MAX, &setup, e) == -1 ||
	    json_str(check, "test", JOB_TEXT_MAX, &test, e) == -1 ||
	    job_read_net(net, "setup", &j->net[JOB_SETUP], e) == -1 ||
	    job_read_net(net, "test", &j->net[JOB_TEST], e) == -1 ||
	    json_i64(check, "timeout_s", 1, JOB_TIMEOUT_MAX_S, &timeout_s, e) ==
		-1 ||
	    json_i64(check, "memory", 0, INT64_MAX, &memory, e) == -1 ||
	    json_i64(check, "cpus", 0, JOB_CPUS_MAX, &cpus, e) == -1 ||
	    json_i64(check, "pids", 0, JOB_PIDS_MAX, &pids, e) == -1 ||
	    json_i64(check, "disk", 0, INT64_MAX, &disk, e) == -1 ||
	    job_read_root(j, check, e) == -1)
		return -1;
	if (test[0] == '\0')
		return err_set(e, ERR_PROTO, "no test command");
	j->setup = setup[0] == '\0' ? NULL : xstrdup(setup);
	j->test = xstrdup(test);
	j->timeout_ms = timeout_s * 1000;
	j->memory = (uint64_t)memory;
	j->cpus = (uint64_t)cpus;
	j->pids = (uint64_t)pids;
	j->disk = (uint64_t)disk;
	j->rules = job_read_rules(json_get(net, "rules"));
	return 0;
}

static int
job_read(struct job *j, const struct json *row, struct err *e)
{
	const char *lease = "", *name = "", *full = "";

	if (json_i64(row, "id", 1, INT64_MAX, &j->id, e) == -1 ||
	    json_str(row, "lease", JOB_NAME_MAX - 1, &lease, e) == -1 ||
	    json_str(row, "name", JOB_NAME_MAX - 1, &name, e) == -1 ||
	    json_str(json_get(row, "project"), "full_name",
		JOB_NAME_MAX * 2 - 1, &full, e) == -1 ||
	    job_read_check(j, json_get(row, "check"), e) == -1)
		return err_wrap(e, "job");
	if (j->id == 0 || lease[0] == '\0')
		return err_set(e, ERR_PROTO, "job: no id or no lease");
	(void)snprintf(j->lease, sizeof(j->lease), "%s", lease);
	(void)snprintf(j->name, sizeof(j->name), "%s", name);
	(void)snprintf(j->full_name, sizeof(j->full_name), "%s", full);
	return 0;
}

static api_fn job_on_beat;
static api_fn job_on_told;
static loop_fn job_on_beat_time;

struct job *
job_new(const struct job_env *env, int slot, const struct json *row,
    const struct job_ends *ends, struct err *e)
{
	struct job *j = xcalloc(1, sizeof(*j));
	struct loop *l = env->host->loop;

	j->env = env;
	j->slot = slot;
	j->disk_id = job_slot_id(slot);
	j->ends = *ends;
	j->tar = -1;
	j->log = -1;
	j->exit_code = -1;
	j->why.max = 1024;
	if (job_read(j, row, e) == -1) {
		free(j->setup);
		free(j->test);
		free(j->root);
		free(j->rules);
		free(j);
		return NULL;
	}
	(void)snprintf(j->dir, sizeof(j->dir), "%s/jobs/%lld", env->host->home,
	    (long long)j->id);
	j->beat = timer_new(l, job_on_beat_time, j);
	j->heartbeat = call_new(l, env->api, job_on_beat, j);
	j->result = call_new(l, env->api, job_on_told, j);
	return j;
}

/* ---- the lease ---- */

int64_t
job_id(const struct job *j)
{
	return j->id;
}

static void
job_stop(struct job *j)
{
	char dir[JOB_PATH_MAX];
	struct err e = ERR_INIT;

	j->cancelled = true;
	if (j->fetch != NULL)
		fetch_cancel(j->fetch);
	if (j->watch == NULL)
		return;
	job_phase_dir(j, j->phase, dir);
	if (j->env->driver->kill(dir, false, &e) == -1)
		log_warn("job stop job=%lld why=%s", (long long)j->id,
		    log_val(e.msg));
}

void
job_disown(struct job *j, const char *why)
{
	if (j->disowned)
		return;
	log_warn(
	    "job disowned job=%lld why=%s", (long long)j->id, log_val(why));
	j->disowned = true;
	job_stop(j);
}

static void
job_on_beat(const struct err *fail, int status, const struct json *r, void *arg)
{
	struct job *j = arg;

	(void)status;
	if (fail != NULL) {
		job_disown(j, fail->msg);
		return;
	}
	if (json_bool_or(r, "cancel", false) && !j->cancelled)
		job_stop(j);
	timer_set(j->beat, JOB_BEAT_MS);
}

static void
job_on_beat_time(void *arg)
{
	struct job *j = arg;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/ci/jobs/%lld/heartbeat", (long long)j->id);
	AUTO_STR struct str body = STR_INIT;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "lease", j->lease);
	jw_end(&w);
	call_start(j->heartbeat, "POST", path, str_cstr(&body));
}

/* ---- the end ---- */

static void
job_on_removed(const struct err *e, void *arg)
{
	struct job *j = arg;

	if (e != NULL)
		log_warn("job clean job=%lld why=%s", (long long)j->id,
		    log_val(e->msg));
	j->ends.done(j, j->ends.arg);
}

static void
job_on_destroyed(const struct err *fail, void *arg)
{
	struct job *j = arg;
	struct err e = ERR_INIT;

	if (fail != NULL)
		log_warn("job clean job=%lld why=%s", (long long)j->id,
		    log_val(fail->msg));
	if (--j->cleaning > 0)
		return;
	if (path_rmtree(j->dir, &e) == -1)
		log_warn("job clean job=%lld why=%s", (long long)j->id,
		    log_val(e.msg));
	job_sweep(j->env->host, j->slot, job_on_removed, j);
}

static void
job_clean_containers(struct job *j)
{
	char id[HOST_NAME_MAX], dir[JOB_PATH_MAX];

	j->cleaning = JOB_PHASES;
	for (int p = 0; p < JOB_PHASES; p++) {
		host_job_id(j->env->host, j->id, job_phase_names[p], id);
		job_phase_dir(j, (enum job_phase)p, dir);
		j->env->driver->destroy(
		    j->env->host, id, dir, job_on_destroyed, j);
	}
}

static void
job_on_unrouted(const struct json *reply, const struct err *e, void *arg)
{
	struct job *j = arg;

	(void)reply;
	if (e != NULL)
		log_warn("job clean job=%lld why=%s", (long long)j->id,
		    log_val(e->msg));
	job_clean_containers(j);
}

static void
job_clean(struct job *j)
{
	timer_cancel(j->beat);
	call_free(j->heartbeat);
	j->heartbeat = NULL;
	if (j->netns_up)
		routerctl_project_del(
		    j->env->router, j->disk_id, job_on_unrouted, j);
	else
		job_clean_containers(j);
}

static void
job_on_told(const struct err *fail, int status, const struct json *r, void *arg)
{
	struct job *j = arg;

	(void)status;
	(void)r;
	if (fail != NULL)
		log_warn("job result-refused job=%lld why=%s", (long long)j->id,
		    log_val(fail->msg));
	log_info("job end job=%lld state=%s exit=%d why=%s", (long long)j->id,
	    j->state, j->exit_code, log_val(str_cstr(&j->why)));
	FAIL_POINT(job_told);
	j->ends.told(j, j->ends.arg);
	job_clean(j);
}

/* The log has arrived: the verdict may follow. */
static void
job_tell(void *arg)
{
	struct job *j = arg;
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/ci/jobs/%lld/result", (long long)j->id);
	struct jw w;

	if (j->disowned) {
		job_clean(j);
		return;
	}
	FAIL_POINT(job_untold);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "lease", j->lease);
	jw_str(&w, "state", j->state);
	jw_str(&w, "phase", j->phase == JOB_TEST ? "test" : "setup");
	if (j->exit_code >= 0)
		jw_i64(&w, "exit_code", j->exit_code);
	else
		jw_null(&w, "exit_code");
	jw_i64(&w, "signal", j->signal);
	jw_str(&w, "why", str_cstr(&j->why));
	jw_end(&w);
	call_start(j->result, "POST", path, str_cstr(&body));
}

void
job_end(struct job *j, const char *state, const char *fmt, ...)
{
	va_list ap;

	if (j->over)
		return;
	j->over = true;
	j->state = state;
	va_start(ap, fmt);
	str_vaddf(&j->why, fmt, ap);
	va_end(ap);
	if (j->ship == NULL) {
		loop_defer(j->env->host->loop, job_tell, j);
		return;
	}
	if (j->log >= 0) {
		AUTO_STR struct str tail = STR_INIT;

		str_addf(&tail, "== %s: %s\n", state, str_cstr(&j->why));
		job_log(j, tail.p, tail.len);
	}
	logship_finish(j->ship);
}

static void
job_verdict(struct job *j, const struct shim_exit *x)
{
	const char *phase = job_phase_names[j->phase];

	j->exit_code = x->exit_code;
	j->signal = x->signal;
	if (j->cancelled)
		job_end(j, "cancelled", "cancelled during %s", phase);
	else if (x->lost || x->error[0] != '\0')
		job_end(j, "infrastructure_error", "%s: %s", phase,
		    x->lost ? "the sandbox was lost" : x->error);
	else if (x->timed_out)
		job_end(j, "timed_out", "%s: over %lld s", phase,
		    (long long)j->timeout_ms / 1000);
	else if (x->oom)
		job_end(j, "out_of_memory", "%s: out of memory", phase);
	else if (x->stopped)
		job_end(j, "infrastructure_error",
		    "%s: stopped with the service", phase);
	else if (x->exit_code == 0)
		job_end(j, "passed", "exit status 0");
	else if (x->signal != 0)
		job_end(j, j->phase == JOB_TEST ? "failed" : "setup_failed",
		    "%s: killed by signal %d", phase, x->signal);
	else
		job_end(j, j->phase == JOB_TEST ? "failed" : "setup_failed",
		    "%s: exit status %d", phase, x->exit_code);
}

/* Told to stop between two steps. */
static bool
job_was_cancelled(struct job *j)
{
	if (j->cancelled)
		job_end(j, "cancelled", "cancelled before it ran");
	return j->cancelled;
}

static void
job_drop_tar(const struct job *j)
{
	AUTO_FREE char *file = path_join(j->dir, "tree.tar");

	(void)unlink(file);
}

void
job_on_phase_exit(struct job *j, const struct shim_exit *x)
{
	bool good = x->exit_code == 0 && !x->lost && x->error[0] == '\0' &&
	    !x->timed_out && !x->oom && !x->stopped && !j->cancelled;

	if (j->phase == JOB_UNPACK) {
		job_drop_tar(j);
		FAIL_POINT(job_unpacked);
	}

	if (!good && j->phase == JOB_UNPACK && !j->cancelled)
		job_end(j, "infrastructure_error",
		    "the tree could not be unpacked: %s",
		    x->error[0] != '\0' ? x->error : "see the log");
	else if (!good || j->phase == JOB_TEST)
		job_verdict(j, x);
	else if (j->phase == JOB_UNPACK && j->setup != NULL)
		job_phase_start(j, JOB_SETUP);
	else
		job_phase_start(j, JOB_TEST);
}

/* ---- the beginning ---- */

/* What a check asks for is not more than the runner gives. */
static uint64_t
job_disk(const struct job *j)
{
	return job_bound(j->disk, j->env->cfg->disk);
}

static bool
job_on_tree_data(struct view chunk, void *arg)
{
	struct job *j = arg;

	j->tar_bytes += chunk.len;
	if (j->tar_bytes > job_disk(j))
		return false;
	while (chunk.len > 0) {
		ssize_t n = write(j->tar, chunk.p, chunk.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		chunk = view_from(chunk, (size_t)n);
	}
	return true;
}

/* The disk or the tree is there, or failed; both are waited for. */
static void
job_part_done(struct job *j, const struct err *fail)
{
	struct err e = ERR_INIT;

	if (fail != NULL && j->part_fail.code == ERR_NONE)
		j->part_fail = *fail;
	if (fail != NULL && j->fetch != NULL)
		fetch_cancel(j->fetch);
	if (--j->parts > 0 || job_was_cancelled(j))
		return;
	FAIL_POINT(job_fetched);
	if (j->part_fail.code == ERR_NONE)
		(void)workdir_make(j->env->host, j->disk_id, j->id, &e);
	else
		e = j->part_fail;
	if (e.code != ERR_NONE) {
		job_end(j, "infrastructure_error", "%s", e.msg);
		return;
	}
	j->deadline_ms = clock_mono_ms() + j->timeout_ms;
	job_phase_start(j, JOB_UNPACK);
}

static void
job_on_tree(const struct fetch_reply *r, void *arg)
{
	struct job *j = arg;
	struct err e = ERR_INIT;

	j->fetch = NULL;
	(void)close(j->tar);
	j->tar = -1;
	if (r->error != 0 || r->status != 200)
		(void)err_set(&e, ERR_IO,
		    "the tree did not arrive: %s (HTTP %d)",
		    r->error != 0 ? r->error_text : "refused", r->status);
	job_part_done(j, e.code == ERR_NONE ? NULL : &e);
}

static int
job_fetch_tree(struct job *j, struct err *e)
{
	AUTO_FREE char *url = xasprintf(
	    "%s/api/coffer/v1/ci/jobs/%lld/tree.tar", j->env->base,
	    (long long)j->id);
	AUTO_FREE char *lease = xasprintf("X-Coffer-Lease: %s", j->lease);
	AUTO_FREE char *auth = xasprintf(
	    "Authorization: Bearer %s", j->env->token);
	AUTO_FREE char *file = path_join(j->dir, "tree.tar");
	const char *const headers[] = { lease, auth, NULL };
	const struct fetch_spec spec = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.limit_ms = JOB_TREE_MS,
		.stall_ms = JOB_STALL_MS,
		.ca_file = j->env->ca,
		.on_data = job_on_tree_data,
		.on_done = job_on_tree,
		.arg = j,
	};

	j->tar = open(
	    file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->tar == -1)
		return err_sys(e, ERR_IO, "%s", file);
	return fetch_start(j->env->net, &spec, &j->fetch, e);
}

static void
job_on_disk(const struct err *fail, void *arg)
{
	struct job *j = arg;
	struct err e = ERR_INIT;

	if (fail != NULL)
		(void)err_set(&e, ERR_IO, "disk: %s", fail->msg);
	job_part_done(j, fail == NULL ? NULL : &e);
}

static void
job_on_swept(const struct err *fail, void *arg)
{
	struct job *j = arg;
	struct err e = ERR_INIT;

	if (fail != NULL) {
		job_end(j, "infrastructure_error", "disk: %s", fail->msg);
		return;
	}
	if (job_was_cancelled(j))
		return;
	/* The tree comes while the disk is made. */
	j->parts = 2;
	workspace_up(
	    j->env->host, j->disk_id, job_disk(j) / JOB_MIB, job_on_disk, j);
	if (job_fetch_tree(j, &e) == -1)
		job_part_done(j, &e);
}

static int
job_log_open(struct job *j, struct err *e)
{
	AUTO_FREE char *file = path_join(j->dir, "log");
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/ci/jobs/%lld/log", (long long)j->id);
	AUTO_FREE char *lease = xasprintf("X-Coffer-Lease: %s", j->lease);
	const struct logship_spec spec = {
		.loop = j->env->host->loop,
		.api = j->env->api,
		.file = file,
		.path = path,
		.header = lease,
		.on_done = job_tell,
		.arg = j,
	};

	if (path_mkdirs(j->dir, 0711, e) == -1)
		return -1;
	j->log = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (j->log == -1)
		return err_sys(e, ERR_IO, "%s", file);
	j->ship = logship_new(&spec);
	return 0;
}

void
job_begin(struct job *j)
{
	struct err e = ERR_INIT;

	FAIL_POINT(job_taken);
	log_info("job begin job=%lld project=%s check=%s slot=%d",
	    (long long)j->id, j->full_name, j->name, j->slot);
	timer_set(j->beat, JOB_BEAT_MS);
	(void)path_rmtree(j->dir, &e);
	e = ERR_INIT;
	if (job_log_open(j, &e) == -1) {
		job_end(j, "infrastructure_error", "%s", e.msg);
		return;
	}
	if (j->part_fail.code != ERR_NONE) { /* there is no such image */
		job_end(j, "infrastructure_error", "%s", j->part_fail.msg);
		return;
	}
	/* A job of an earlier process may have left its disk behind. */
	job_sweep(j->env->host, j->slot, job_on_swept, j);
}

void
job_free(struct job *j)
{
	if (j == NULL)
		return;
	if (j->tar >= 0)
		(void)close(j->tar);
	if (j->log >= 0)
		(void)close(j->log);
	shim_watch_close(j->watch);
	logship_free(j->ship);
	timer_free(j->beat);
	call_free(j->heartbeat);
	call_free(j->result);
	free(j->setup);
	free(j->test);
	free(j->root);
	free(j->rules);
	str_release(&j->why);
	free(j);
}
