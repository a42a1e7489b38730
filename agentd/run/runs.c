#include "agentd/run/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/run/runs_sweep.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
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
	int64_t due; /* ms since 1970 */
	bool active;
	bool ended;
};

/* A project that was served: when, as a number that grows. */
struct runs_turn {
	LIST_ENTRY(runs_turn) link;
	int64_t project;
	uint64_t at;
};

struct runs {
	const struct run_env *env;
	unsigned max_active;
	unsigned active;
	TAILQ_HEAD(runs_list, runs_entry) list; /* by id */
	LIST_HEAD(, runs_request) requests;
	LIST_HEAD(, runs_turn) turns;
	uint64_t turn;
	struct timer *due; /* of the next that waits for its next try */
	sandbox_done_fn *adopted;
	void *adopted_arg;
	int64_t last; /* id of the last row asked for */
};

static void runs_pump(struct runs *s);

static struct runs_entry *
runs_find(const struct runs *s, int64_t id)
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

static struct runs_turn *
runs_turn_of(struct runs *s, int64_t project)
{
	struct runs_turn *x;

	LIST_FOREACH(x, &s->turns, link) {
		if (x->project == project)
			return x;
	}
	x = xcalloc(1, sizeof(*x));
	x->project = project;
	LIST_INSERT_HEAD(&s->turns, x, link);
	return x;
}

static bool
runs_may_start(struct runs *s, const struct runs_entry *x)
{
	const struct project *p = projects_find(
	    s->env->projects, run_project(x->run));

	return !x->active && (p == NULL || !p->runs_paused) &&
	    !runs_project_busy(s, run_project(x->run));
}

/* NULL: nothing may start.  *due: when what waits for a time may, or 0. */
static struct runs_entry *
runs_next(struct runs *s, int64_t now, int64_t *due)
{
	struct runs_entry *x, *best = NULL;
	uint64_t at = 0;

	*due = 0;
	TAILQ_FOREACH(x, &s->list, link)
	{
		uint64_t served;

		if (!runs_may_start(s, x))
			continue;
		if (x->due > now) {
			if (*due == 0 || x->due < *due)
				*due = x->due;
			continue;
		}
		served = runs_turn_of(s, run_project(x->run))->at;
		if (best == NULL || served < at) {
			best = x;
			at = served;
		}
	}
	return best;
}

static void
runs_pump(struct runs *s)
{
	int64_t now = clock_now_ms(), due = 0;
	struct runs_entry *x;

	while (s->active < s->max_active) {
		x = runs_next(s, now, &due);
		if (x == NULL)
			break;
		runs_turn_of(s, run_project(x->run))->at = ++s->turn;
		runs_start(s, x);
	}
	if (due != 0 && s->active < s->max_active)
		timer_set(s->due, due - now);
}

static void
runs_on_due(void *arg)
{
	runs_pump(arg);
}

void
runs_wake(struct runs *s)
{
	runs_pump(s);
}

static bool
runs_row_is_over(const struct json *row)
{
	const char *state = json_str_or(row, "state", "");

	return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
	    strcmp(state, "cancelled") == 0 ||
	    strcmp(state, "timed_out") == 0 || strcmp(state, "budget") == 0;
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
	if (json_str_or(row, "not_before", NULL) != NULL &&
	    clock_parse(json_str_or(row, "not_before", ""), &x->due, &e) == -1)
		x->due = 0;
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

/* A person said something on the item: what waits there is due. */
static void
runs_hurry(struct runs *s, int64_t project, int64_t item)
{
	struct runs_entry *x;

	TAILQ_FOREACH(x, &s->list, link)
	{
		if (run_project(x->run) == project && run_item(x->run) == item)
			x->due = 0;
	}
}

/* One order, or question, on its way. */
struct runs_request {
	LIST_ENTRY(runs_request) link;
	struct runs *all;
	int64_t project, item; /* item 0: of no person */
	char sha[SHA256_HEX];  /* of its command's file */
	sandbox_done_fn *done;
	void *arg;
};

static struct runs_request *
runs_request_new(struct runs *s, sandbox_done_fn *done, void *arg)
{
	struct runs_request *q = xcalloc(1, sizeof(*q));

	LIST_INSERT_HEAD(&s->requests, q, link);
	q->all = s;
	q->done = done;
	q->arg = arg;
	return q;
}

static void
runs_request_free(struct runs_request *q)
{
	LIST_REMOVE(q, link);
	free(q);
}

static void
runs_request_end(struct runs_request *q, const struct err *fail)
{
	struct runs *s = q->all;

	q->done(fail, q->arg);
	runs_request_free(q);
	runs_pump(s);
}

static void
runs_on_row(const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs_request *q = arg;
	const struct runs_entry *x = NULL;

	(void)status;
	FAIL_POINT(order_known);
	/* As in cofferd's row: a program's account ends no pause. */
	if (fail == NULL && q->item != 0 &&
	    strcmp(json_str_or(j, "verdict", ""), "bot") != 0)
		runs_hurry(q->all, q->project, q->item);
	/* No id: it was refused, and why stands on the item. */
	if (fail == NULL && json_i64_or(j, "id", 0) != 0)
		x = runs_add(q->all, j);
	if (x != NULL)
		run_ordered(x->run, q->sha);
	runs_request_end(q, fail);
}

static bool
runs_is_person(const struct watch_event *ev)
{
	return strcmp(ev->actor_kind, "user") == 0 ||
	    strcmp(ev->actor_kind, "admin") == 0;
}

void
runs_order(struct runs *s, const struct watch_event *ev,
    const struct trigger *t, sandbox_done_fn *done, void *arg)
{
	const struct project *p = projects_find(s->env->projects, ev->project);
	struct runs_request *q = runs_request_new(s, done, arg);
	AUTO_STR struct str body = STR_INIT;
	struct jw w;
	const struct api_call call = {
		.method = "POST",
		.path = "/api/coffer/v1/runs",
		.body = &body,
		.done = runs_on_row,
		.arg = q,
	};

	log_info("runs order event=%lld command=%s req=%s", (long long)ev->seq,
	    t->command->name, log_val(ev->request));
	q->project = ev->project;
	q->item = runs_is_person(ev) ? ev->item : 0;
	(void)snprintf(q->sha, sizeof(q->sha), "%s", t->command->sha);
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

static void
runs_on_answered(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs_request *q = arg;
	int64_t run = json_i64_or(j, "run", 0);

	(void)status;
	FAIL_POINT(answer_known);
	if (fail != NULL || run == 0) {
		runs_request_end(q, fail);
		return;
	}
	if (q->item != 0)
		runs_hurry(q->all, q->project, q->item);
	runs_learn(q->all, run, q->done, q->arg);
	runs_request_free(q);
}

void
runs_answer(struct runs *s, const struct watch_event *ev, const char *act,
    const char *text, sandbox_done_fn *done, void *arg)
{
	struct runs_request *q = runs_request_new(s, done, arg);
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/orders/%lld", (long long)ev->seq);
	AUTO_STR struct str body = STR_INIT;
	struct jw w;
	const struct api_call call = {
		.method = "POST",
		.path = path,
		.body = &body,
		.done = runs_on_answered,
		.arg = q,
	};

	q->project = ev->project;
	q->item = runs_is_person(ev) ? ev->item : 0;
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_i64(&w, "project", ev->project);
	jw_i64(&w, "item", ev->item);
	jw_str(&w, "act", act);
	if (text != NULL)
		jw_str(&w, "text", text);
	jw_end(&w);
	(void)api_start(s->env->api, &call);
}

static void
runs_on_learned(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs_request *q = arg;

	(void)status;
	if (fail == NULL)
		(void)runs_add(q->all, j);
	runs_request_end(q, fail);
}

void
runs_learn(struct runs *s, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct runs_request *q = runs_request_new(s, done, arg);
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%lld", (long long)id);
	const struct api_call call = {
		.method = "GET",
		.path = path,
		.done = runs_on_learned,
		.arg = q,
	};

	(void)api_start(s->env->api, &call);
}

bool
runs_knows(const struct runs *s, int64_t id)
{
	return runs_find(s, id) != NULL;
}

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
	if (e == NULL)
		runs_sweep(s->env->host, runs_on_rest, s);
	s->adopted(e, s->adopted_arg);
	if (e == NULL)
		runs_pump(s);
}

static void runs_ask_page(struct runs *s);

static void
runs_on_page(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct runs *s = arg;
	const struct json *row;
	struct err e = ERR_INIT;
	int64_t before = s->last;

	(void)status;
	if (fail == NULL && !json_is_array(j)) {
		(void)err_set(&e, ERR_PROTO, "runs: not a list");
		fail = &e;
	}
	if (fail != NULL) {
		runs_adopt_end(s, fail);
		return;
	}
	for (row = json_first(j); row != NULL; row = json_next(row)) {
		int64_t id = json_i64_or(row, "id", 0);

		(void)runs_add(s, row);
		if (id > s->last)
			s->last = id;
	}
	/* A list that does not get on would be asked for for ever. */
	if (json_count(j) == RUNS_PAGE && s->last > before)
		runs_ask_page(s);
	else
		runs_adopt_end(s, NULL);
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

struct driver_exec *
runs_diff(const struct runs *s, int64_t project, int64_t id,
    const struct driver_exec_spec *x, int *fd, struct err *e)
{
	const struct runs_entry *at = runs_find(s, id);

	if (at != NULL && at->active && !at->ended &&
	    run_project(at->run) == project)
		return run_diff(at->run, x, fd, e);
	(void)err_set(
	    e, ERR_NOTFOUND, "no run %lld goes on here", (long long)id);
	return NULL;
}

void
runs_count(const struct runs *s, size_t *active, size_t *waiting)
{
	const struct runs_entry *x;

	*active = *waiting = 0;
	TAILQ_FOREACH(x, &s->list, link)
	{
		if (x->active)
			(*active)++;
		else if (!x->ended)
			(*waiting)++;
	}
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
	LIST_INIT(&s->turns);
	s->due = timer_new(env->host->loop, runs_on_due, s);
	return s;
}

void
runs_free(struct runs *s)
{
	struct runs_request *q, *q_next;
	struct runs_entry *x, *x_next;
	struct runs_turn *t, *t_next;

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
	LIST_FOREACH_SAFE(t, &s->turns, link, t_next) {
		free(t);
	}
	timer_free(s->due);
	free(s);
}
