/* api_health: is it alive, is it ready, and its numbers for Prometheus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/prom.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/httpd/httpd.h"
#include "lib/httpd/tls_door.h"
#include "lib/httpd/tls_keys.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/api_figures.h"
#include "server/git/git_pool.h"
#include "server/http/http_stats.h"
#include "server/service/svc_use.h"
#include "server/store/census.h"

enum {
	HEALTH_WAIT_MS = 5000,   /* what does not answer by then is not well */
	HEALTH_SEEN_MS = 120000, /* a runner that was not heard of is away */
	HEALTH_METRICS_MAX = 1 << 20
};

/* Two answers come, whatever becomes of the call. */
struct health {
	struct call *c; /* NULL: it was answered */
	struct svc *svc;
	struct timer *limit;
	int waits;
	bool db, git;
};

/* The disk has what a mirror must leave free. */
static bool
api_health_disk(const struct svc *s)
{
	struct statvfs v;

	return statvfs(s->home, &v) == 0 &&
	    (uint64_t)v.f_bavail * v.f_frsize >= s->min_free;
}

static void
api_health_reply(struct health *h)
{
	struct str body = STR_INIT;
	bool disk = api_health_disk(h->svc);
	bool ready = h->db && h->git && disk && h->svc->reconciled;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_bool(&w, "ready", ready);
	jw_bool(&w, "database", h->db);
	jw_bool(&w, "git", h->git);
	jw_bool(&w, "disk", disk);
	jw_bool(&w, "started", h->svc->reconciled);
	jw_end(&w);
	call_header(h->c, "Cache-Control", "no-store");
	call_reply_json(h->c, ready ? 200 : 503, &body);
	str_release(&body);
	call_release(h->c);
	h->c = NULL;
}

static void
api_health_answered(struct health *h)
{
	if (--h->waits > 0)
		return;
	if (h->c != NULL)
		api_health_reply(h);
	timer_free(h->limit);
	free(h);
}

static void
api_health_late(void *arg)
{
	struct health *h = arg;

	log_warn("health late db=%d git=%d", h->db, h->git);
	if (h->c != NULL)
		api_health_reply(h);
}

/* BEGIN IMMEDIATE and COMMIT are what it is about. */
static int
api_health_job(struct txn *t, void *arg, struct err *e)
{
	(void)t;
	(void)arg;
	(void)e;
	return 0;
}

static void
api_health_on_db(const struct err *fail, void *arg)
{
	struct health *h = arg;

	h->db = fail == NULL;
	api_health_answered(h);
}

/* Of a repository that is not there: a worker that says so is well. */
static void
api_health_on_git(const struct git_result *r, void *arg)
{
	struct health *h = arg;

	h->git = r->fail == NULL ||
	    (r->fail->code != ERR_BUSY && r->fail->code != ERR_TIMEOUT &&
		r->fail->code != ERR_INTERNAL);
	api_health_answered(h);
}

/* A sandbox has no business with it. */
static bool
api_health_from_sandbox(struct call *c)
{
	const struct request *q = call_request(c);

	if (q != NULL && request_label(q)[0] == '\0')
		return false;
	call_reply_error(c, 404, "not found");
	return true;
}

static void
api_health_ready(struct call *c)
{
	struct health *h;

	if (api_health_from_sandbox(c))
		return;
	h = xcalloc(1, sizeof(*h));
	h->svc = api_svc(c);
	h->c = c;
	h->waits = 2;
	h->limit = timer_new(h->svc->loop, api_health_late, h);
	timer_set(h->limit, HEALTH_WAIT_MS);
	call_hold(c);
	db_write(h->svc->db, api_health_job, api_health_on_db, h);
	gitpool_resolve(h->svc->git, 0, "HEAD", api_health_on_git, h);
}

static void
api_health_live(struct call *c)
{
	call_header(c, "Cache-Control", "no-store");
	call_reply_text(c, 200, "text/plain; charset=utf-8", view_of("ok\n"));
}

static void
api_metrics_one(struct str *out, const char *name, const char *help, int64_t v)
{
	prom_head(out, name, "gauge", help);
	prom_i64(out, name, NULL, v);
}

static int64_t
api_metrics_rss(void)
{
	long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%*s %lld", &pages) != 1)
		pages = 0;
	(void)fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int64_t
api_metrics_cpu(int who)
{
	struct rusage u;

	if (getrusage(who, &u) == -1)
		return 0;
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000) +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void
api_metrics_process(const struct svc *s, struct str *out)
{
	struct statvfs v;

	prom_head(out, "process_cpu_seconds_total", "counter",
	    "processor time of cofferd");
	prom_milli(out, "process_cpu_seconds_total", NULL,
	    api_metrics_cpu(RUSAGE_SELF));
	prom_head(out, "cofferd_children_cpu_seconds_total", "counter",
	    "processor time of its children that ended: git, workers");
	prom_milli(out, "cofferd_children_cpu_seconds_total", NULL,
	    api_metrics_cpu(RUSAGE_CHILDREN));
	api_metrics_one(out, "process_resident_memory_bytes",
	    "memory of cofferd", api_metrics_rss());
	prom_head(out, "process_start_time_seconds", "gauge",
	    "when it began, since 1970");
	prom_milli(out, "process_start_time_seconds", NULL, s->started_at);
	api_metrics_one(out, "cofferd_database_queue",
	    "writes that are not on disk yet", (int64_t)db_queued(s->db));
	api_metrics_one(out, "cofferd_tls_certificate_expires_seconds",
	    "its end, since 1970; 0: cofferd itself has no TLS",
	    s->tls != NULL ? tls_keys_expires_s(tls_door_keys(s->tls)) : 0);
	if (statvfs(s->home, &v) == -1)
		return;
	api_metrics_one(out, "coffer_disk_free_bytes",
	    "of the file system of HOME, for cofferd",
	    (int64_t)(v.f_bavail * v.f_frsize));
	api_metrics_one(out, "coffer_disk_size_bytes",
	    "of the file system of HOME", (int64_t)(v.f_blocks * v.f_frsize));
}

static const char *
api_metrics_mirror(int i)
{
	return mirror_status_name((enum mirror_status)i);
}

static const char *
api_metrics_sandbox(int i)
{
	return sandbox_status_name((enum sandbox_status)i);
}

static const char *
api_metrics_run(int i)
{
	return i < RUN_DONE ? run_state_name((enum run_state)i) : "";
}

/* One sample for each state that has a name. */
static void
api_metrics_states(struct str *out, const char *name, const char *help,
    const int64_t *n, const char *(*state)(int i))
{
	prom_head(out, name, "gauge", help);
	for (int i = 1; i < CENSUS_STATES; i++)
		if (state(i)[0] != '\0')
			prom_i64(
			    out, name, PROM_LABELS("state", state(i)), n[i]);
}

static void
api_metrics_census(const struct census *n, struct str *out)
{
	api_metrics_one(out, "coffer_projects", "projects", n->projects);
	api_metrics_states(out, "coffer_mirrors",
	    "projects by the state of their mirror", n->mirrors,
	    api_metrics_mirror);
	api_metrics_states(out, "coffer_sandboxes",
	    "projects by the state of their sandbox", n->sandboxes,
	    api_metrics_sandbox);
	api_metrics_states(out, "coffer_runs", "runs that have not ended",
	    n->runs, api_metrics_run);
	prom_head(out, "coffer_jobs", "gauge", "CI jobs that have not ended");
	prom_i64(
	    out, "coffer_jobs", PROM_LABELS("state", "queued"), n->jobs_queued);
	prom_i64(out, "coffer_jobs", PROM_LABELS("state", "running"),
	    n->jobs_running);
	api_metrics_one(out, "coffer_approvals_open",
	    "questions that wait for a person", n->approvals_open);
	api_metrics_one(out, "coffer_webhook_deliveries_waiting",
	    "deliveries that are not done", n->deliveries_waiting);
	api_metrics_one(
	    out, "coffer_runners", "registered runners", n->runners);
	api_metrics_one(out, "coffer_runners_seen",
	    "of them heard of in the last two minutes", n->runners_seen);
	api_metrics_one(out, "coffer_users", "users", n->users);
	prom_head(out, "coffer_events_total", "counter", "events so far");
	prom_i64(out, "coffer_events_total", NULL, n->events);
	prom_head(out, "coffer_audit_rows_total", "counter",
	    "rows of the audit log so far");
	prom_i64(out, "coffer_audit_rows_total", NULL, n->audit);
	api_metrics_one(out, "coffer_agentd_lag_events",
	    "events that agentd has not taken, -1: it never took one",
	    n->agentd_lag);
}

static void
api_metrics(struct call *c)
{
	struct str out = STR_INIT_MAX(HEALTH_METRICS_MAX);
	struct svc *s = api_svc(c);
	struct census n;
	struct err e = ERR_INIT;

	if (census_take(api_reader(c), s->agentd_id, s->now() - HEALTH_SEEN_MS,
		&n, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	prom_head(&out, "cofferd_build_info", "gauge", "its version");
	prom_i64(
	    &out, "cofferd_build_info", PROM_LABELS("version", VERSION), 1);
	api_metrics_process(s, &out);
	http_stats_write(s->http, &out);
	api_metrics_census(&n, &out);
	api_figures_metrics(
	    svc_use_figures(s->uses), svc_use_served(s->uses, s->now()), &out);
	call_header(c, "Cache-Control", "no-store");
	call_reply_text(c, 200, PROM_TYPE, str_view(&out));
	str_release(&out);
}

const struct route api_health_routes[] = {
	{ "GET", "/healthz", ROUTE_ANON, api_health_live },
	{ "GET", "/readyz", ROUTE_ANON, api_health_ready },
	{ "GET", "/metrics", ROUTE_ADMIN, api_metrics },
	{ .method = NULL },
};
