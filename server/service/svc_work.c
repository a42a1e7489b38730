#include "server/service/svc_work.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/service/svc_use.h"
#include "server/store/events.h"
#include "server/store/projects.h"
#include "server/store/runs.h"

enum {
	WORK_RUNS_MAX = 50, /* that are counted */
	WORK_DATA_MAX = 64 << 10
};

struct work_waiter {
	LIST_ENTRY(work_waiter) link;
	struct svc_works *all;
	struct svc_work_check *op;
	int64_t asked; /* a look that began before does not count */
	struct timer *timer;
};

struct svc_works {
	struct svc *svc;
	bool stopped;
	LIST_HEAD(, work_waiter) waiters;
};

/* The op with what only this file knows of it. */
struct work_op {
	struct svc_work_check pub;
	bool clear;    /* there is no sandbox */
	int64_t asked; /* the event that asks agentd */
	bool served;   /* it is there */
};

struct svc_works *
svc_works_new(struct svc *s)
{
	struct svc_works *w = xcalloc(1, sizeof(*w));

	w->svc = s;
	LIST_INIT(&w->waiters);
	return w;
}

/* Out of the list; its op is the caller's to end. */
static struct svc_work_check *
work_waiter_free(struct work_waiter *x)
{
	struct svc_work_check *op = x->op;

	LIST_REMOVE(x, link);
	timer_free(x->timer);
	free(x);
	return op;
}

void
svc_works_stop(struct svc_works *w)
{
	struct work_waiter *x;
	struct err e = ERR_INIT;

	w->stopped = true;
	(void)err_set(&e, ERR_BUSY, "the server is stopping");
	while ((x = LIST_FIRST(&w->waiters)) != NULL)
		svc_op_end(work_waiter_free(x), &e);
}

void
svc_works_free(struct svc_works *w)
{
	struct work_waiter *x;

	if (w == NULL)
		return;
	while ((x = LIST_FIRST(&w->waiters)) != NULL)
		svc_op_drop(work_waiter_free(x));
	free(w);
}

static void
work_op_release(void *arg)
{
	struct work_op *x = arg;

	str_release(&x->pub.lost);
}

struct svc_work_check *
svc_work_check_new(struct svc *s, const struct identity *who)
{
	struct work_op *x = svc_op_new(s, sizeof(*x), who, work_op_release);

	x->pub.lost = STR_INIT;
	return &x->pub;
}

static int
work_check_runs(struct txn *t, int64_t project, struct err *e)
{
	const struct run_filter f = { .project_id = project,
		.state = RUN_RUNNING,
		.limit = WORK_RUNS_MAX };
	struct run_list list = { .at = NULL };
	size_t n;

	if (runs_list(t, &f, &list, e) == -1)
		return -1;
	n = list.n;
	run_list_release(&list);
	return n == 0 ? 0
		      : err_set(e, ERR_EXISTS,
			    "%zu run%s running; cancel them, or use force", n,
			    n == 1 ? " is" : "s are");
}

static int
work_ask(struct txn *t, struct work_op *x, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "sandbox.asked",
		.project_id = x->pub.project_id,
		.data = &data };

	str_add(&data, "{\"ask\":\"remove\"}");
	if (svc_event_add(t, &x->pub.op.who, x->pub.op.now, &v, e) == -1)
		return -1;
	return events_last(t, &x->asked, e);
}

static int
work_check_job(struct txn *t, void *arg, struct err *e)
{
	struct work_op *x = arg;
	const struct identity *who = &x->pub.op.who;
	struct project p = { .id = 0 };
	int rc = -1;

	if (svc_project_by_id(t, who, x->pub.project_id, PERM_READ, &p, e) ==
	    -1)
		return -1;
	x->clear = p.state != PROJECT_ACTIVE;
	if (svc_may(t, who, p.id, x->pub.verb, NULL, e) == 0 &&
	    (x->clear || work_check_runs(t, p.id, e) == 0)) {
		x->clear = x->clear || p.sandbox.state == SANDBOX_ABSENT;
		rc = x->clear ? 0
		    : x->served
		    ? work_ask(t, x, e)
		    : err_set(e, ERR_EXISTS,
			  "coffer-agentd is not there to look into the "
			  "sandbox; start it, or use force");
	}
	project_release(&p);
	return rc;
}

static void
work_on_timer(void *arg)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_EXISTS,
	    "coffer-agentd did not say what is in the sandbox; start "
	    "it again, or use force");
	svc_op_end(work_waiter_free(arg), &e);
}

static bool
work_asked(void *arg)
{
	struct work_op *x = arg;
	struct svc *s = x->pub.op.svc;
	struct work_waiter *waiter;
	struct err e = ERR_INIT;

	if (x->clear)
		return false;
	if (s->works->stopped)
		(void)err_set(&e, ERR_BUSY, "the server is stopping");
	if (e.code != ERR_NONE) {
		svc_op_end(x, &e);
		return true;
	}
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->all = s->works;
	waiter->op = &x->pub;
	waiter->asked = x->asked;
	waiter->timer = timer_new(s->loop, work_on_timer, waiter);
	timer_set(waiter->timer, SVC_WORK_WAIT_MS);
	LIST_INSERT_HEAD(&s->works->waiters, waiter, link);
	return true;
}

void
svc_work_check(struct svc_work_check *op, svc_done_fn *done, void *arg)
{
	struct work_op *x = (struct work_op *)op;
	struct svc *s = op->op.svc;

	x->served = svc_use_served(s->uses, s->now());
	op->op.then = work_asked;
	svc_op_run(op, work_check_job, done, arg);
}

/* 0: nothing would be lost. */
static int
work_judge(struct view data, struct err *e)
{
	struct json *j = json_parse(data, WORK_DATA_MAX, e);
	const char *error = json_str_or(j, "error", "");
	int rc = 0;

	if (j == NULL)
		return -1;
	if (error[0] != '\0')
		rc = err_set(e, ERR_EXISTS,
		    "its work could not be looked at (%.150s); use force "
		    "to do without",
		    error);
	else if (json_count(json_get(j, "clones")) > 0 ||
	    json_i64_or(j, "files", 0) > 0)
		rc = err_set(e, ERR_EXISTS,
		    "there is work in the sandbox that exists nowhere else: "
		    "push it, or use force");
	json_free(j);
	return rc;
}

bool
svc_work_heard(
    struct svc_works *w, int64_t project, int64_t asked, struct view data)
{
	struct work_waiter *x, *next;
	struct err e = ERR_INIT;
	int rc = work_judge(data, &e);
	bool awaited = false;

	LIST_FOREACH_SAFE(x, &w->waiters, link, next) {
		struct svc_work_check *op = x->op;

		if (op->project_id != project || x->asked > asked)
			continue;
		awaited = true;
		(void)work_waiter_free(x);
		if (rc == -1)
			str_addv(&op->lost, data);
		svc_op_end(op, rc == -1 ? &e : NULL);
	}
	return awaited;
}
