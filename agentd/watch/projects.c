#include "agentd/watch/projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/sandbox/sandbox.h"
#include "agentd/watch/project_read.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	PROJECTS_PAGE = 50,
	PROJECTS_RETRY_MIN_MS = 1000,
	PROJECTS_RETRY_MAX_MS = 60 * 1000,
	PROJECTS_PATH_MAX = 320
};

struct project_waiter {
	TAILQ_ENTRY(project_waiter) link;
	sandbox_done_fn *done;
	void *arg;
};

struct project_entry {
	struct project p;
	struct projects *all;
	bool busy;              /* a step is on its way */
	bool dirty;             /* look again after it */
	char mode[8];           /* what the running sandbox has */
	enum project_want goal; /* of the step on its way */
	int64_t retry_ms;
	struct timer *retry;
	TAILQ_HEAD(, project_waiter) waiters;
};

struct projects {
	const struct sandbox_host *host;
	struct apiclient *api;
	struct sandboxes *sandboxes;
	struct map *by_id;
	int64_t page;
	sandbox_done_fn *loaded;
	void *loaded_arg;
};

struct project_query {
	struct projects *all;
	sandbox_done_fn *done;
	void *arg;
};

static void projects_settle(struct project_entry *x);

static void
projects_report_done(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	(void)status;
	(void)j;
	(void)arg;
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_warn("project report-failed why=%s", log_val(fail->msg));
}

static void
projects_report(struct project_entry *x, const char *state, const char *reason)
{
	AUTO_STR struct str body = STR_INIT;
	char path[PROJECTS_PATH_MAX], address[HOST_ADDR_MAX] = "";
	struct err e = ERR_INIT;
	struct jw w;
	struct api_call call = {
		.method = "PUT",
		.path = path,
		.body = &body,
		.done = projects_report_done,
	};

	(void)host_project_address(x->all->host, x->p.id, address, &e);
	(void)snprintf(path, sizeof(path), "/api/coffer/v1/projects/%s/sandbox",
	    x->p.full_name);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "state", state);
	jw_str(&w, "reason", reason);
	jw_str(&w, "address", address);
	jw_end(&w);
	log_info("project sandbox id=%lld state=%s reason=%s",
	    (long long)x->p.id, state, log_val(reason));
	(void)api_start(x->all->api, &call);
}

static void
projects_answer(struct project_entry *x, const struct err *e)
{
	struct project_waiter *w;

	while ((w = TAILQ_FIRST(&x->waiters)) != NULL) {
		TAILQ_REMOVE(&x->waiters, w, link);
		w->done(e, w->arg);
		free(w);
	}
}

static void
projects_entry_free(struct project_entry *x)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_NOTFOUND, "the project is gone");
	projects_answer(x, &e);
	timer_free(x->retry);
	project_release(&x->p);
	free(x);
}

static void
projects_failed(struct project_entry *x, const struct err *e)
{
	projects_report(x, "failed", e->msg);
	projects_answer(x, e);
	timer_set(x->retry, x->retry_ms);
	x->retry_ms *= 2;
	if (x->retry_ms > PROJECTS_RETRY_MAX_MS)
		x->retry_ms = PROJECTS_RETRY_MAX_MS;
}

static void
projects_on_step(const struct err *e, void *arg)
{
	struct project_entry *x = arg;

	x->busy = false;
	if (e != NULL) {
		projects_failed(x, e);
		return;
	}
	x->retry_ms = PROJECTS_RETRY_MIN_MS;
	switch (x->goal) {
	case PROJECT_WANT_GONE:
		projects_report(x, "absent", "");
		(void)map_del_u64(x->all->by_id, (uint64_t)x->p.id);
		projects_entry_free(x);
		return;
	case PROJECT_WANT_STOPPED:
		projects_report(x, "stopped", "");
		break;
	case PROJECT_WANT_RUNNING:
		projects_report(x, "running", "");
		projects_answer(x, NULL);
		break;
	}
	if (x->dirty)
		projects_settle(x);
}

static void
projects_start(struct project_entry *x)
{
	struct sandbox_project sp = {
		.id = x->p.id,
		.name = x->p.full_name,
		.mode = x->p.network,
		.disk_mib = x->p.disk_mib,
		.limits = x->p.limits,
	};

	if (sandbox_state(x->all->sandboxes, x->p.id) != SANDBOX_RUNNING)
		projects_report(x, "starting", "");
	(void)snprintf(x->mode, sizeof(x->mode), "%s", x->p.network);
	sandbox_start(x->all->sandboxes, &sp, projects_on_step, x);
}

/* Take the next step towards what is wanted, if there is one. */
static void
projects_settle(struct project_entry *x)
{
	enum sandbox_state is;

	if (x->all->sandboxes == NULL)
		return;
	if (x->busy) {
		x->dirty = true;
		return;
	}
	x->dirty = false;
	is = sandbox_state(x->all->sandboxes, x->p.id);
	x->goal = x->p.want;
	timer_cancel(x->retry);
	switch (x->p.want) {
	case PROJECT_WANT_RUNNING:
		if (is == SANDBOX_RUNNING &&
		    strcmp(x->mode, x->p.network) == 0) {
			projects_answer(x, NULL);
			return;
		}
		x->busy = true;
		projects_start(x);
		return;
	case PROJECT_WANT_STOPPED:
		if (is == SANDBOX_STOPPED)
			return;
		x->busy = true;
		sandbox_stop(x->all->sandboxes, x->p.id, projects_on_step, x);
		return;
	case PROJECT_WANT_GONE:
		x->busy = true;
		sandbox_destroy(
		    x->all->sandboxes, x->p.id, projects_on_step, x);
		return;
	}
}

static void
projects_on_retry(void *arg)
{
	projects_settle(arg);
}

static int
projects_take(struct projects *all, const struct json *j, struct err *e)
{
	struct project fresh;
	struct project_entry *x;

	if (project_read(j, &fresh, e) == -1)
		return -1;
	x = map_get_u64(all->by_id, (uint64_t)fresh.id);
	if (x == NULL) {
		if (map_count(all->by_id) >= PROJECT_MAX) {
			project_release(&fresh);
			return err_set(
			    e, ERR_LIMIT, "over %d projects", PROJECT_MAX);
		}
		x = xcalloc(1, sizeof(*x));
		x->all = all;
		x->retry_ms = PROJECTS_RETRY_MIN_MS;
		x->retry = timer_new(all->host->loop, projects_on_retry, x);
		TAILQ_INIT(&x->waiters);
		(void)map_put_u64(all->by_id, (uint64_t)fresh.id, x);
	} else {
		project_release(&x->p);
	}
	x->p = fresh;
	projects_settle(x);
	return 0;
}

static void
projects_on_one(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_query *q = arg;
	struct err e = ERR_INIT;

	(void)status;
	/* Gone: its `project.deleting` was handled, or never was ours. */
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		e = *fail;
	else if (fail == NULL && projects_take(q->all, j, &e) == -1)
		log_error("project skip why=%s", log_val(e.msg));
	if (q->done != NULL)
		q->done(fail != NULL && e.code != ERR_NONE ? &e : NULL, q->arg);
	free(q);
}

void
projects_refresh(
    struct projects *p, const char *full_name, sandbox_done_fn *done, void *arg)
{
	struct project_query *q = xcalloc(1, sizeof(*q));
	char path[PROJECTS_PATH_MAX];
	struct api_call call = {
		.method = "GET",
		.path = path,
		.done = projects_on_one,
		.arg = q,
	};

	q->all = p;
	q->done = done;
	q->arg = arg;
	(void)snprintf(
	    path, sizeof(path), "/api/coffer/v1/projects/%s", full_name);
	(void)api_start(p->api, &call);
}

static api_fn projects_on_page;

static void
projects_ask_page(struct projects *p)
{
	char path[PROJECTS_PATH_MAX];
	struct api_call call = {
		.method = "GET",
		.path = path,
		.done = projects_on_page,
		.arg = p,
	};

	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/projects?page=%lld&limit=%d", (long long)p->page,
	    PROJECTS_PAGE);
	(void)api_start(p->api, &call);
}

static void
projects_on_page(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct projects *p = arg;
	struct err e = ERR_INIT;
	const struct json *one;

	(void)status;
	if (fail != NULL) {
		p->loaded(fail, p->loaded_arg);
		return;
	}
	for (one = json_first(j); one != NULL; one = json_next(one)) {
		if (projects_take(p, one, &e) == -1)
			log_error("project skip why=%s", log_val(e.msg));
	}
	if (json_count(j) == PROJECTS_PAGE) {
		p->page++;
		projects_ask_page(p);
		return;
	}
	p->loaded(NULL, p->loaded_arg);
}

void
projects_load(struct projects *p, sandbox_done_fn *done, void *arg)
{
	p->page = 1;
	p->loaded = done;
	p->loaded_arg = arg;
	projects_ask_page(p);
}

void
projects_on_lost(struct projects *p, int64_t id, const char *why)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);
	struct err e = ERR_INIT;

	if (x == NULL || x->busy)
		return;
	(void)err_set(&e, ERR_INTERNAL, "the session ended: %s", why);
	projects_failed(x, &e);
}

const struct project *
projects_find(const struct projects *p, int64_t id)
{
	const struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	return x == NULL ? NULL : &x->p;
}

struct project_verdict {
	struct err e;
	sandbox_done_fn *done;
	void *arg;
};

static void
projects_tell(void *arg)
{
	struct project_verdict *v = arg;

	v->done(v->e.code == ERR_NONE ? NULL : &v->e, v->arg);
	free(v);
}

void
projects_when_running(
    struct projects *p, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);
	struct project_verdict *v;
	struct project_waiter *w;

	if (x != NULL && x->p.want == PROJECT_WANT_RUNNING &&
	    (x->busy || sandbox_state(p->sandboxes, id) != SANDBOX_RUNNING)) {
		w = xcalloc(1, sizeof(*w));
		w->done = done;
		w->arg = arg;
		TAILQ_INSERT_TAIL(&x->waiters, w, link);
		projects_settle(x);
		return;
	}
	v = xcalloc(1, sizeof(*v));
	v->done = done;
	v->arg = arg;
	if (x == NULL)
		(void)err_set(&v->e, ERR_NOTFOUND, "the project is gone");
	else if (x->p.want != PROJECT_WANT_RUNNING)
		(void)err_set(&v->e, ERR_DENIED,
		    "the project's sandbox is stopped: `coffer start %s`",
		    x->p.full_name);
	loop_defer(p->host->loop, projects_tell, v);
}

void
projects_forget(struct projects *p, const void *arg)
{
	struct project_entry *x;
	struct project_waiter *w, *next;
	size_t cursor = 0;
	void *value;

	while (map_next(p->by_id, &cursor, NULL, &value)) {
		x = value;
		TAILQ_FOREACH_SAFE(w, &x->waiters, link, next)
		{
			if (w->arg != arg)
				continue;
			TAILQ_REMOVE(&x->waiters, w, link);
			free(w);
		}
	}
}

struct projects *
projects_new(const struct sandbox_host *h, struct apiclient *api)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->host = h;
	p->api = api;
	p->by_id = map_new();
	return p;
}

void
projects_set_sandboxes(struct projects *p, struct sandboxes *m)
{
	p->sandboxes = m;
}

void
projects_free(struct projects *p)
{
	size_t cursor = 0;
	void *value;

	if (p == NULL)
		return;
	while (map_next(p->by_id, &cursor, NULL, &value))
		projects_entry_free(value);
	map_free(p->by_id);
	free(p);
}
