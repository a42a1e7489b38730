#include "agentd/watch/projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/call.h"
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
	PROJECTS_PATH_MAX = 320,
	PROJECTS_TOKEN_HEX = 40
};

struct project_waiter {
	TAILQ_ENTRY(project_waiter) link;
	sandbox_done_fn *done;
	void *arg;
	struct err e; /* of one that is answered in the next turn */
};

TAILQ_HEAD(project_waiters, project_waiter);

struct project_entry {
	struct project p;
	struct projects *all;
	bool busy;              /* a step is on its way */
	bool dirty;             /* look again after it */
	bool gone;              /* destroyed; freed once cofferd knows */
	char mode[8];           /* what the running sandbox has */
	char next_mode[8];      /* what the step on its way gives it */
	enum project_want goal; /* of the step on its way */
	unsigned holds;
	int64_t retry_ms;
	struct timer *retry;
	struct call *report;
	struct call *mint; /* the session's token */
	bool mint_next;    /* when what is being reported was heard */
	const char *state; /* the newest to report, NULL: none yet */
	char reason[240];
	bool untold; /* it is newer than what is being reported */
	struct project_waiters waiters;
};

struct project_query;

struct projects {
	const struct sandbox_host *host;
	struct apiclient *api;
	struct sandboxes *sandboxes;
	struct map *by_id;
	int64_t page;
	sandbox_done_fn *loaded;
	void *loaded_arg;
	projects_unwanted_fn *unwanted;
	void *unwanted_arg;
	projects_running_fn *running;
	void *running_arg;
	bool open;
	struct project_waiters ready; /* answered by the timer */
	struct timer *turn;
	LIST_HEAD(, project_query) queries;
};

struct project_query {
	LIST_ENTRY(project_query) link;
	struct projects *all;
	sandbox_done_fn *done;
	void *arg;
};

static void projects_settle(struct project_entry *x);
static void projects_tell(struct project_entry *x);
static void projects_mint(struct project_entry *x);

static void
projects_answer_all(struct project_waiters *list, const struct err *e)
{
	struct project_waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		if (e == NULL && w->e.code != ERR_NONE)
			w->done(&w->e, w->arg);
		else
			w->done(e, w->arg);
		free(w);
	}
}

static void
projects_answer(struct project_entry *x, const struct err *e)
{
	projects_answer_all(&x->waiters, e);
}

static void
projects_drop_waiters(struct project_waiters *list)
{
	struct project_waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		free(w);
	}
}

static void
projects_entry_free(struct project_entry *x)
{
	projects_drop_waiters(&x->waiters);
	timer_free(x->retry);
	call_free(x->report);
	call_free(x->mint);
	project_release(&x->p);
	free(x);
}

static void
projects_on_gone(struct project_entry *x)
{
	struct err e = ERR_INIT;

	(void)map_del_u64(x->all->by_id, (uint64_t)x->p.id);
	(void)err_set(&e, ERR_NOTFOUND, "the project is gone");
	projects_answer(x, &e);
	projects_entry_free(x);
}

static void
projects_on_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_entry *x = arg;

	(void)status;
	(void)j;
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_warn("project report-refused id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
	if (x->untold)
		projects_tell(x);
	else if (x->gone)
		projects_on_gone(x);
	else if (x->mint_next)
		projects_mint(x);
}

static void
projects_tell(struct project_entry *x)
{
	AUTO_STR struct str body = STR_INIT;
	char path[PROJECTS_PATH_MAX], address[HOST_ADDR_MAX] = "";
	struct err e = ERR_INIT;
	struct jw w;

	x->untold = call_busy(x->report);
	if (x->untold)
		return;
	(void)host_project_address(x->all->host, x->p.id, address, &e);
	(void)snprintf(path, sizeof(path), "/api/coffer/v1/projects/%s/sandbox",
	    x->p.full_name);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "state", x->state);
	jw_str(&w, "reason", x->reason);
	jw_str(&w, "address", address);
	jw_end(&w);
	call_start(x->report, "PUT", path, str_cstr(&body));
}

static void
projects_report(struct project_entry *x, const char *state, const char *reason)
{
	log_info("project sandbox id=%lld state=%s reason=%s",
	    (long long)x->p.id, state, log_val(reason));
	x->state = state;
	(void)snprintf(x->reason, sizeof(x->reason), "%s", reason);
	projects_tell(x);
}

static void
projects_failed(struct project_entry *x, const struct err *e)
{
	projects_report(x, "failed", e->msg);
	projects_answer(x, e);
	if (x->dirty) {
		/* What was wanted then is not what is wanted now. */
		projects_settle(x);
		return;
	}
	timer_set(x->retry, x->retry_ms);
	x->retry_ms *= 2;
	if (x->retry_ms > PROJECTS_RETRY_MAX_MS)
		x->retry_ms = PROJECTS_RETRY_MAX_MS;
}

static void
projects_on_step(const struct err *e, void *arg)
{
	struct project_entry *x = arg;
	struct err lost = ERR_INIT;

	x->busy = false;
	if (e == NULL && x->goal == PROJECT_WANT_RUNNING &&
	    sandbox_state(x->all->sandboxes, x->p.id) != SANDBOX_RUNNING) {
		(void)err_set(&lost, ERR_INTERNAL, "the session ended at once");
		e = &lost;
	}
	if (e != NULL) {
		x->mode[0] = '\0';
		projects_failed(x, e);
		return;
	}
	x->retry_ms = PROJECTS_RETRY_MIN_MS;
	switch (x->goal) {
	case PROJECT_WANT_GONE:
		x->gone = true;
		projects_report(x, "absent", "");
		return;
	case PROJECT_WANT_STOPPED:
		projects_report(x, "stopped", "");
		break;
	case PROJECT_WANT_RUNNING:
		(void)snprintf(x->mode, sizeof(x->mode), "%s", x->next_mode);
		projects_report(x, "running", "");
		if (x->all->running != NULL)
			x->all->running(x->p.id, x->all->running_arg);
		/* In a mode that is not wanted any more nothing may begin. */
		if (strcmp(x->mode, x->p.network) == 0)
			projects_answer(x, NULL);
		break;
	}
	if (x->dirty)
		projects_settle(x);
}

/* gitconfig NULL: none; of a running session it is not looked at. */
static void
projects_start_with(struct project_entry *x, const char *gitconfig)
{
	struct sandbox_project sp = {
		.id = x->p.id,
		.name = x->p.full_name,
		.mode = x->p.network,
		.gitconfig = gitconfig,
		.disk_mib = x->p.disk_mib,
		.limits = x->p.limits,
	};

	x->mode[0] = '\0';
	(void)snprintf(x->next_mode, sizeof(x->next_mode), "%s", x->p.network);
	sandbox_start(x->all->sandboxes, &sp, projects_on_step, x);
}

/* The session's /etc/gitconfig: who commits, and the token; without one git
 * works, but not towards cofferd. */
static void
projects_gitconfig(struct str *out, const char *token)
{
	str_add(out,
	    "[user]\n\tname = agent\n\temail = agent@cofferd.invalid\n"
	    "[init]\n\tdefaultBranch = main\n"
	    "[credential]\n\thelper =\n");
	if (strspn(token, "0123456789abcdef") == PROJECTS_TOKEN_HEX &&
	    token[PROJECTS_TOKEN_HEX] == '\0')
		str_addf(out,
		    "[http \"http://coffer/\"]\n\textraHeader = "
		    "Authorization: Bearer %s\n",
		    token);
}

static void
projects_on_minted(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_entry *x = arg;
	struct str text = STR_INIT;

	(void)status;
	if (fail != NULL)
		log_warn("project session-token id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
	if (x->p.want != PROJECT_WANT_RUNNING) {
		x->busy = false;
		projects_settle(x);
		return;
	}
	projects_gitconfig(
	    &text, fail == NULL ? json_str_or(j, "token", "") : "");
	projects_start_with(x, str_cstr(&text));
	explicit_bzero(text.p, text.len);
	str_release(&text);
}

static void
projects_mint(struct project_entry *x)
{
	char path[PROJECTS_PATH_MAX];

	x->mint_next = false;
	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/projects/%s/session-token", x->p.full_name);
	call_start(x->mint, "POST", path, NULL);
}

/* A new session has a token of its own.  It is asked for when all before was
 * heard: a late "stopped" would end it. */
static void
projects_start(struct project_entry *x)
{
	if (sandbox_state(x->all->sandboxes, x->p.id) == SANDBOX_RUNNING) {
		projects_start_with(x, NULL);
		return;
	}
	x->mint_next = true;
	projects_report(x, "starting", "");
}

static void
projects_unwanted_err(const struct project *p, struct err *e)
{
	if (p->want == PROJECT_WANT_GONE)
		(void)err_set(e, ERR_NOTFOUND, "the project is gone");
	else
		(void)err_set(e, ERR_DENIED,
		    "the project's sandbox is stopped: `coffer start %s`",
		    p->full_name);
}

static void
projects_refuse(struct project_entry *x)
{
	struct err e = ERR_INIT;

	projects_unwanted_err(&x->p, &e);
	projects_answer(x, &e);
}

/* Nobody may be in a sandbox that is taken away. */
static bool
projects_may_remove(struct project_entry *x)
{
	if (!x->all->open)
		return false;
	if (x->holds == 0)
		return true;
	if (x->all->unwanted != NULL)
		x->all->unwanted(x->p.id, x->all->unwanted_arg);
	return false;
}

static void
projects_settle_stopped(struct project_entry *x, enum sandbox_state is)
{
	const char *known = x->state != NULL ? x->state : x->p.state;

	if (is != SANDBOX_STOPPED) {
		x->busy = true;
		sandbox_stop(x->all->sandboxes, x->p.id, projects_on_step, x);
	} else if (strcmp(known, "stopped") != 0 &&
	    strcmp(known, "absent") != 0) {
		projects_report(x, "stopped", "");
	}
}

/* Take the next step towards what is wanted, if there is one. */
static void
projects_settle(struct project_entry *x)
{
	enum sandbox_state is;

	if (x->all->sandboxes == NULL || x->gone)
		return;
	if (x->busy) {
		x->dirty = true;
		return;
	}
	x->dirty = false;
	is = sandbox_state(x->all->sandboxes, x->p.id);
	timer_cancel(x->retry);
	if (x->p.want != PROJECT_WANT_RUNNING) {
		projects_refuse(x);
		if (!projects_may_remove(x))
			return;
	}
	x->goal = x->p.want;
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
		projects_settle_stopped(x, is);
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
		x->report = call_new(
		    all->host->loop, all->api, projects_on_told, x);
		x->mint = call_new(
		    all->host->loop, all->api, projects_on_minted, x);
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
	LIST_REMOVE(q, link);
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
	LIST_INSERT_HEAD(&p->queries, q, link);
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
	if (fail == NULL && !json_is_array(j)) {
		(void)err_set(&e, ERR_PROTO, "projects: not a list");
		fail = &e;
	}
	if (fail != NULL) {
		p->loaded(fail, p->loaded_arg);
		return;
	}
	for (one = json_first(j); one != NULL; one = json_next(one)) {
		if (projects_take(p, one, &e) == -1)
			log_error("project skip why=%s", log_val(e.msg));
	}
	if (json_count(j) == PROJECTS_PAGE &&
	    p->page <= PROJECT_MAX / PROJECTS_PAGE) {
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

	/* The end of the step on its way looks for itself. */
	if (x == NULL || x->busy || x->gone)
		return;
	x->mode[0] = '\0';
	(void)err_set(&e, ERR_INTERNAL, "the session ended: %s", why);
	projects_failed(x, &e);
}

const struct project *
projects_find(const struct projects *p, int64_t id)
{
	const struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	return x == NULL ? NULL : &x->p;
}

static void
projects_on_turn(void *arg)
{
	struct projects *p = arg;

	projects_answer_all(&p->ready, NULL);
}

void
projects_when_running(
    struct projects *p, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);
	struct project_waiter *w = xcalloc(1, sizeof(*w));

	w->done = done;
	w->arg = arg;
	if (x != NULL && x->p.want == PROJECT_WANT_RUNNING && !x->gone &&
	    (x->busy || sandbox_state(p->sandboxes, id) != SANDBOX_RUNNING ||
		strcmp(x->mode, x->p.network) != 0)) {
		TAILQ_INSERT_TAIL(&x->waiters, w, link);
		if (!x->busy)
			projects_settle(x);
		return;
	}
	if (x == NULL)
		(void)err_set(&w->e, ERR_NOTFOUND, "the project is gone");
	else if (x->p.want != PROJECT_WANT_RUNNING)
		projects_unwanted_err(&x->p, &w->e);
	TAILQ_INSERT_TAIL(&p->ready, w, link);
	timer_set(p->turn, 0);
}

static void
projects_forget_in(struct project_waiters *list, const void *arg)
{
	struct project_waiter *w, *next;

	TAILQ_FOREACH_SAFE(w, list, link, next)
	{
		if (w->arg != arg)
			continue;
		TAILQ_REMOVE(list, w, link);
		free(w);
	}
}

void
projects_on_unwanted(struct projects *p, projects_unwanted_fn *fn, void *arg)
{
	p->unwanted = fn;
	p->unwanted_arg = arg;
}

void
projects_on_running(struct projects *p, projects_running_fn *fn, void *arg)
{
	p->running = fn;
	p->running_arg = arg;
}

void
projects_open(struct projects *p)
{
	struct project_entry *x;
	size_t cursor = 0;
	void *value;

	p->open = true;
	while (map_next(p->by_id, &cursor, NULL, &value)) {
		x = value;
		if (x->p.want != PROJECT_WANT_RUNNING)
			projects_settle(x);
	}
}

void
projects_hold(struct projects *p, int64_t id)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	if (x != NULL)
		x->holds++;
}

void
projects_release(struct projects *p, int64_t id)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	if (x == NULL || x->holds == 0 || --x->holds > 0)
		return;
	if (x->p.want != PROJECT_WANT_RUNNING)
		projects_settle(x);
}

bool
projects_held(const struct projects *p, int64_t id)
{
	const struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	return x != NULL && x->holds > 0;
}

void
projects_forget(struct projects *p, const void *arg)
{
	struct project_entry *x;
	size_t cursor = 0;
	void *value;

	projects_forget_in(&p->ready, arg);
	while (map_next(p->by_id, &cursor, NULL, &value)) {
		x = value;
		projects_forget_in(&x->waiters, arg);
	}
}

struct projects *
projects_new(const struct sandbox_host *h, struct apiclient *api)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->host = h;
	p->api = api;
	p->by_id = map_new();
	p->turn = timer_new(h->loop, projects_on_turn, p);
	TAILQ_INIT(&p->ready);
	LIST_INIT(&p->queries);
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
	struct project_query *q;
	size_t cursor = 0;
	void *value;

	if (p == NULL)
		return;
	apiclient_forget(p->api, p);
	while ((q = LIST_FIRST(&p->queries)) != NULL) {
		LIST_REMOVE(q, link);
		apiclient_forget(p->api, q);
		free(q);
	}
	while (map_next(p->by_id, &cursor, NULL, &value))
		projects_entry_free(value);
	projects_drop_waiters(&p->ready);
	timer_free(p->turn);
	map_free(p->by_id);
	free(p);
}
