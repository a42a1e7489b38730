#include "agentd/run/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/run/runs_sweep.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	RUNS_PAGE = 50,
	RUNS_PATH_MAX = 160
};

struct runs_entry {
	TAILQ_ENTRY(runs_entry) link;
	struct runs *all;
	struct run *run;
	bool active;
	bool ended;
};

struct runs {
	const struct run_env *env;
	unsigned max_active;
	unsigned active;
	TAILQ_HEAD(runs_list, runs_entry) list; /* by id */
	LIST_HEAD(, runs_request) requests;
	sandbox_done_fn *adopted;
	void *adopted_arg;
	struct json *rows; /* of the adoption */
	const struct json *row;
	bool more;
	int64_t last; /* id of the last row asked for */
};

static void runs_pump(struct runs *s);

static struct runs_entry *
runs_find(struct runs *s, int64_t id)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (run_id(x->run) == id)
			return x;
	}
	return NULL;
}

static void
runs_drop(void *arg)
{
	struct runs_entry *x = arg;
	struct runs *s = x->all;

	TAILQ_REMOVE(&s->list, x, link);
	s->active--;
	projects_release(s->env->projects, run_project(x->run));
	run_free(x->run);
	free(x);
	runs_pump(s);
}

static void
runs_on_done(struct run *r, void *arg)
{
	struct runs_entry *x = arg;

	(void)r;
	x->ended = true;
	/* We are inside a callback of the run: it dies in the next turn. */
	loop_defer(x->all->env->host->loop, runs_drop, x);
}

static bool
runs_project_busy(struct runs *s, int64_t project)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (x->active && run_project(x->run) == project)
			return true;
	}
	return false;
}

static void
runs_start(struct runs *s, struct runs_entry *x)
{
	x->active = true;
	s->active++;
	projects_hold(s->env->projects, run_project(x->run));
	run_begin(x->run);
}

static void
runs_pump(struct runs *s)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (s->active >= s->max_active)
			return;
		if (x->active || runs_project_busy(s, run_project(x->run)))
			continue;
		runs_start(s, x);
	}
}

static bool
runs_row_is_over(const struct json *row)
{
	const char *state = json_str_or(row, "state", "");

	return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
	    strcmp(state, "cancelled") == 0 || strcmp(state, "timed_out") == 0;
}

/* NULL: over, known already, or not to be understood. */
static struct runs_entry *
runs_add(struct runs *s, const struct json *row)
{
	struct runs_entry *x, *after;
	struct err e = ERR_INIT;

	if (runs_row_is_over(row) ||
	    runs_find(s, json_i64_or(row, "id", 0)) != NULL)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->all = s;
	x->run = run_new(s->env, row, runs_on_done, x, &e);
	if (x->run == NULL) {
		log_error("runs skip why=%s", log_val(e.msg));
		free(x);
		return NULL;
	}
	TAILQ_FOREACH(after, &s->list, link)
	{
		if (run_id(after->run) > run_id(x->run))
			break;
	}
	if (after != NULL)
		TAILQ_INSERT_BEFORE(after, x, link);
	else
		TAILQ_INSERT_TAIL(&s->list, x, link);
	return x;
}

/* One order on its way to being a row. */
struct runs_request {
	LIST_ENTRY(runs_request) link;
	struct runs *all;
	char *args;
	const char *why; /* constant */
	char *actor;
	struct json *data;
	sandbox_done_fn *done;
	void *arg;
};

static void
runs_request_free(struct runs_request *q)
{
	LIST_REMOVE(q, link);
	free(q->args);
	free(q->actor);
	json_free(q->data);
	free(q);
}

static void
runs_on_row(const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs_request *q = arg;
	struct runs_entry *x;
	struct runs *s;

	(void)status;
	if (fail == NULL) {
		x = runs_add(q->all, j);
		if (x != NULL)
			run_set_order(x->run, view_of(q->args), q->why,
			    q->actor, q->data);
	}
	s = q->all;
	q->done(fail, q->arg);
	runs_request_free(q);
	runs_pump(s);
}

static struct runs_request *
runs_request_new(struct runs *s, const struct watch_event *ev,
    const struct trigger *t, sandbox_done_fn *done, void *arg)
{
	struct runs_request *q = xcalloc(1, sizeof(*q));
	AUTO_STR struct str copy = STR_INIT;
	struct err e = ERR_INIT;

	LIST_INSERT_HEAD(&s->requests, q, link);
	q->all = s;
	q->args = view_dup(t->args);
	q->why = t->why;
	q->actor = xstrdup(ev->actor);
	q->done = done;
	q->arg = arg;
	if (ev->data != NULL) {
		json_print(ev->data, &copy);
		q->data = json_parse(str_view(&copy), 0, &e);
	}
	return q;
}

void
runs_order(struct runs *s, const struct watch_event *ev,
    const struct trigger *t, sandbox_done_fn *done, void *arg)
{
	const struct project *p = projects_find(s->env->projects, ev->project);
	struct runs_request *q = runs_request_new(s, ev, t, done, arg);
	AUTO_STR struct str body = STR_INIT;
	struct jw w;
	const struct api_call call = {
		.method = "POST",
		.path = "/api/coffer/v1/runs",
		.body = &body,
		.done = runs_on_row,
		.arg = q,
	};

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_i64(&w, "event", ev->seq);
	jw_i64(&w, "project", ev->project);
	jw_i64(&w, "item", ev->item);
	jw_str(&w, "command", t->command->name);
	jw_str(&w, "access", command_access_name(t->command->access));
	jw_str(&w, "agent", p == NULL ? "command" : p->agent);
	jw_str(&w, "network",
	    t->command->offline || p == NULL ? "off" : p->network);
	jw_i64(&w, "wall_s", p == NULL ? 1 : p->wall_ms / 1000);
	jw_end(&w);
	(void)api_start(s->env->api, &call);
}

static void runs_adopt_next(struct runs *s);

/* A run that cofferd does not count among the unfinished ones any more. */
static void
runs_on_rest(const struct json *row, void *arg)
{
	struct runs *s = arg;
	struct runs_entry *x = runs_add(s, row);

	if (x == NULL)
		return;
	x->active = true;
	s->active++;
	projects_hold(s->env->projects, run_project(x->run));
	run_sweep(x->run);
}

static void
runs_adopt_end(struct runs *s, const struct err *e)
{
	json_free(s->rows);
	s->rows = NULL;
	s->row = NULL;
	if (e == NULL)
		runs_sweep(s->env->host, runs_on_rest, s);
	s->adopted(e, s->adopted_arg);
	if (e == NULL)
		runs_pump(s);
}

/* The order stands in the event that caused the run, if it is still there. */
static void
runs_on_event(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs *s = arg;
	struct runs_entry *x;
	const struct json *first = json_at(json_get(j, "events"), 0);
	struct watch_event ev;
	struct trigger t;
	struct err e = ERR_INIT;
	int64_t id;

	(void)status;
	if (fail != NULL) {
		runs_adopt_end(s, fail);
		return;
	}
	x = runs_add(s, s->row);
	if (x != NULL && first != NULL &&
	    watch_event_read(first, &ev, &e) == 0 &&
	    ev.seq == json_i64_or(s->row, "event", 0)) {
		trigger_decide(&ev, s->env->commands, true, &t);
		run_set_order(x->run, t.args, t.why, ev.actor, ev.data);
	}
	id = json_i64_or(s->row, "id", 0);
	/* A list that does not get on would be asked for for ever. */
	if (id > s->last)
		s->last = id;
	else
		s->more = false;
	s->row = json_next(s->row);
	runs_adopt_next(s);
}

static void runs_ask_page(struct runs *s);

static void
runs_adopt_next(struct runs *s)
{
	char path[RUNS_PATH_MAX];
	const struct api_call call = {
		.method = "GET",
		.path = path,
		.done = runs_on_event,
		.arg = s,
	};

	if (s->row != NULL) {
		(void)snprintf(path, sizeof(path),
		    "/api/coffer/v1/events?after=%lld&limit=1",
		    (long long)json_i64_or(s->row, "event", 1) - 1);
		(void)api_start(s->env->api, &call);
		return;
	}
	json_free(s->rows);
	s->rows = NULL;
	if (s->more)
		runs_ask_page(s);
	else
		runs_adopt_end(s, NULL);
}

static void
runs_on_page(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs *s = arg;
	AUTO_STR struct str copy = STR_INIT;
	struct err e = ERR_INIT;

	(void)status;
	if (fail == NULL && !json_is_array(j)) {
		(void)err_set(&e, ERR_PROTO, "runs: not a list");
		fail = &e;
	}
	if (fail == NULL) {
		json_print(j, &copy);
		s->rows = json_parse(str_view(&copy), STR_MAX_DEFAULT, &e);
		if (s->rows == NULL)
			fail = &e;
	}
	if (fail != NULL) {
		runs_adopt_end(s, fail);
		return;
	}
	s->more = json_count(s->rows) == RUNS_PAGE;
	s->row = json_first(s->rows);
	runs_adopt_next(s);
}

static void
runs_ask_page(struct runs *s)
{
	char path[RUNS_PATH_MAX];
	const struct api_call call = {
		.method = "GET",
		.path = path,
		.done = runs_on_page,
		.arg = s,
	};

	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/runs?state=unfinished&after=%lld&limit=%d",
	    (long long)s->last, RUNS_PAGE);
	(void)api_start(s->env->api, &call);
}

void
runs_adopt(struct runs *s, sandbox_done_fn *done, void *arg)
{
	s->adopted = done;
	s->adopted_arg = arg;
	s->last = 0;
	runs_ask_page(s);
}

void
runs_cancel(struct runs *s, int64_t id)
{
	struct runs_entry *x = runs_find(s, id);

	if (x == NULL || x->ended)
		return;
	run_cancel(x->run, "a maintainer cancelled it");
	if (!x->active) {
		/* It still has to be told to cofferd: let it run its end. */
		runs_start(s, x);
	}
}

void
runs_cancel_project(struct runs *s, int64_t project, const char *why)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (x->active && !x->ended && run_project(x->run) == project)
			run_cancel(x->run, why);
	}
}

void
runs_freeze_project(struct runs *s, int64_t project, bool frozen)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (x->active && !x->ended && run_project(x->run) == project)
			run_freeze(x->run, frozen);
	}
}

size_t
runs_names(const struct runs *s, int64_t project, char (*names)[HOST_NAME_MAX],
    size_t max)
{
	const struct runs_entry *x;
	size_t n = 0;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (n < max && x->active && !x->ended &&
		    run_project(x->run) == project)
			run_container_name(x->run, names[n++]);
	}
	return n;
}

bool
runs_idle(const struct runs *s)
{
	return TAILQ_EMPTY(&s->list);
}

struct runs *
runs_new(const struct run_env *env, unsigned max_active)
{
	struct runs *s = xcalloc(1, sizeof(*s));

	s->env = env;
	s->max_active = max_active;
	TAILQ_INIT(&s->list);
	LIST_INIT(&s->requests);
	return s;
}

void
runs_free(struct runs *s)
{
	struct runs_request *q, *q_next;
	struct runs_entry *x, *x_next;

	if (s == NULL)
		return;
	apiclient_forget(s->env->api, s);
	LIST_FOREACH_SAFE(q, &s->requests, link, q_next) {
		apiclient_forget(s->env->api, q);
		runs_request_free(q);
	}
	TAILQ_FOREACH_SAFE(x, &s->list, link, x_next)
	{
		run_free(x->run);
		free(x);
	}
	json_free(s->rows);
	free(s);
}
