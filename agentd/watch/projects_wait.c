/* projects_wait: who waits for a sandbox, and who holds one. */
#include <stdlib.h>
#include <string.h>

#include "agentd/watch/projects_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "lib/io/timer.h"

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

void
projects_answer(struct project_entry *x, const struct err *e)
{
	projects_answer_all(&x->waiters, e);
}

void
projects_drop_waiters(struct project_waiters *list)
{
	struct project_waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		free(w);
	}
}

void
projects_unwanted_err(const struct project *p, struct err *e)
{
	if (p->want == PROJECT_WANT_GONE)
		(void)err_set(e, ERR_NOTFOUND, "the project is gone");
	else if (p->want == PROJECT_WANT_PAUSED)
		(void)err_set(e, ERR_DENIED,
		    "the project's sandbox is paused: `coffer unpause %s`",
		    p->full_name);
	else
		(void)err_set(e, ERR_DENIED,
		    "the project's sandbox is stopped: `coffer start %s`",
		    p->full_name);
}

void
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
		!projects_has_policy(x) || projects_is_outdated(x))) {
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
	if (x->p.want != PROJECT_WANT_RUNNING || projects_is_outdated(x))
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
