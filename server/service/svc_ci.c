#include "server/service/svc_ci.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "server/service/svc_ci_claim.h"
#include "server/service/svc_ci_lease.h"
#include "server/service/svc_ci_wait.h"

enum {
	SVC_CI_ONCE_MS = 5000 /* for one look into the queue */
};

struct svc_ci_waiter {
	TAILQ_ENTRY(svc_ci_waiter) entry;
	struct svc_ci *ci;
	struct svc_ci_want want;
	svc_ci_poll_fn *done;
	void *arg;
	struct timer *timer;
	bool once; /* one look, no waiting */
};

TAILQ_HEAD(svc_ci_waiters, svc_ci_waiter);

struct svc_ci {
	struct svc *s;
	struct svc_ci_waiters waiters;
	unsigned n;
	uint64_t last_id;
	bool claiming;
	bool kicked; /* while claiming */
	bool stopped;
	struct svc_leases *leases;
	struct svc_ci_waits *waits;
};

static void
svc_ci_waiter_free(struct svc_ci_waiter *w)
{
	TAILQ_REMOVE(&w->ci->waiters, w, entry);
	w->ci->n--;
	timer_free(w->timer);
	svc_ci_want_release(&w->want);
	free(w);
}

static void
svc_ci_answer(
    struct svc_ci_waiter *w, const struct err *fail, const struct job *job)
{
	svc_ci_poll_fn *done = w->done;
	void *arg = w->arg;

	svc_ci_waiter_free(w);
	done(fail, job, arg);
}

static struct svc_ci_waiter *
svc_ci_find(struct svc_ci *ci, uint64_t id)
{
	struct svc_ci_waiter *w;

	TAILQ_FOREACH(w, &ci->waiters, entry)
	if (w->want.waiter == id)
		return w;
	return NULL;
}

/* One waiter's part of a claim. */
static void
svc_ci_answer_want(struct svc_ci *ci, struct svc_ci_want *x)
{
	struct svc_ci_waiter *w = svc_ci_find(ci, x->waiter);

	/* What was lost may be what was claimed: the new lease comes last. */
	for (size_t i = 0; i < x->n_lost; i++)
		svc_ci_unleased(ci, x->lost[i], NULL);
	if (x->job.id != 0)
		svc_ci_leased(
		    ci, x->job.id, x->job.lease, x->job.check.timeout_s);
	if (w == NULL) {
		if (x->job.id != 0)
			svc_ci_give_back(ci->s, x->job.id, x->job.lease);
		return;
	}
	w->want.looked = true;
	if (x->fail.code != ERR_NONE)
		svc_ci_answer(w, &x->fail, NULL);
	else if (x->job.id != 0)
		svc_ci_answer(w, NULL, &x->job);
	else if (w->once)
		svc_ci_answer(w, NULL, NULL);
}

static void
svc_ci_claimed(const struct err *fail, void *arg, void *ci_)
{
	struct svc_ci_claim *op = arg;
	struct svc_ci *ci = ci_;
	bool again = ci->kicked;

	ci->claiming = false;
	ci->kicked = false;
	for (size_t i = 0; i < op->n; i++)
		if (op->v[i].job.id != 0)
			FAIL_POINT(ci_claimed);
	if (fail != NULL) {
		log_warn("ci claim reason=%s", log_val(fail->msg));
		for (size_t i = 0; i < op->n; i++) {
			struct svc_ci_waiter *w = svc_ci_find(
			    ci, op->v[i].waiter);

			if (w != NULL)
				svc_ci_answer(w, fail, NULL);
		}
	} else {
		for (size_t i = 0; i < op->n; i++)
			svc_ci_answer_want(ci, &op->v[i]);
	}
	if (again || (fail == NULL && op->requeued))
		svc_ci_kick(ci);
}

void
svc_ci_kick(struct svc_ci *ci)
{
	struct svc_ci_claim *op;
	struct svc_ci_waiter *w;

	if (ci->claiming) {
		ci->kicked = true;
		return;
	}
	if (TAILQ_EMPTY(&ci->waiters) || ci->stopped)
		return;
	op = svc_ci_claim_new(ci->s, ci->n);
	TAILQ_FOREACH(w, &ci->waiters, entry)
	svc_ci_want_copy(&op->v[op->n++], &w->want);
	ci->claiming = true;
	svc_ci_claim(op, svc_ci_claimed, ci);
}

static void
svc_ci_on_timer(void *arg)
{
	struct svc_ci_waiter *w = arg;

	svc_ci_answer(w, NULL, NULL);
}

/* Its connection may be gone without a word, and would be given a job. */
static void
svc_ci_replace(struct svc_ci *ci, int64_t user_id)
{
	struct svc_ci_waiter *w, *next;

	TAILQ_FOREACH_SAFE(w, &ci->waiters, entry, next)
	if (w->want.has_held && w->want.who.user_id == user_id)
		svc_ci_answer(w, NULL, NULL);
}

static size_t
svc_ci_waits(const struct svc_ci *ci, int64_t user_id)
{
	const struct svc_ci_waiter *w;
	size_t n = 0;

	TAILQ_FOREACH(w, &ci->waiters, entry)
	n += w->want.who.user_id == user_id;
	return n;
}

uint64_t
svc_ci_poll(struct svc_ci *ci, const struct svc_ci_ask *ask,
    svc_ci_poll_fn *done, void *arg)
{
	struct svc_ci_waiter *w;

	if (ask->has_held)
		svc_ci_replace(ci, ask->who->user_id);
	if (ci->n >= SVC_CI_POLLERS_MAX || ci->stopped ||
	    svc_ci_waits(ci, ask->who->user_id) >= SVC_CI_POLLS_MAX)
		return 0;
	w = xcalloc(1, sizeof(*w));
	w->ci = ci;
	svc_ci_want_init(&w->want, ++ci->last_id, ask);
	w->done = done;
	w->arg = arg;
	w->timer = timer_new(ci->s->loop, svc_ci_on_timer, w);
	w->once = ask->wait_s == 0;
	timer_set(w->timer,
	    ask->wait_s > 0 ? ask->wait_s * 1000 : (int64_t)SVC_CI_ONCE_MS);
	TAILQ_INSERT_TAIL(&ci->waiters, w, entry);
	ci->n++;
	svc_ci_kick(ci);
	return w->want.waiter;
}

void
svc_ci_leave(struct svc_ci *ci, uint64_t handle)
{
	struct svc_ci_waiter *w = svc_ci_find(ci, handle);

	if (w != NULL)
		svc_ci_waiter_free(w);
}

void
svc_ci_leased(
    struct svc_ci *ci, int64_t id, const char *lease, int64_t timeout_s)
{
	svc_leases_beat(ci->leases, id, lease, timeout_s);
}

void
svc_ci_told(struct svc_ci *ci, int64_t id)
{
	svc_leases_told(ci->leases, id);
}

int64_t
svc_ci_left(const struct svc_ci *ci, int64_t id)
{
	return svc_leases_left(ci->leases, id);
}

void
svc_ci_unleased(struct svc_ci *ci, int64_t id, const char *lease)
{
	svc_leases_drop(ci->leases, id, lease);
}

static void
svc_ci_on_requeued(void *arg)
{
	svc_ci_kick(arg);
}

struct svc_ci *
svc_ci_new(struct svc *s)
{
	struct svc_ci *ci = xcalloc(1, sizeof(*ci));

	ci->s = s;
	TAILQ_INIT(&ci->waiters);
	ci->leases = svc_leases_new(s, svc_ci_on_requeued, ci);
	ci->waits = svc_ci_waits_new(s);
	return ci;
}

void
svc_ci_start(struct svc_ci *ci)
{
	svc_leases_load(ci->leases);
	svc_ci_waits_start(ci->waits);
}

void
svc_ci_stop(struct svc_ci *ci)
{
	struct svc_ci_waiter *w, *next;

	ci->stopped = true;
	svc_leases_stop(ci->leases);
	svc_ci_waits_stop(ci->waits);
	TAILQ_FOREACH_SAFE(w, &ci->waiters, entry, next)
	svc_ci_answer(w, NULL, NULL);
}

void
svc_ci_free(struct svc_ci *ci)
{
	struct svc_ci_waiter *w, *next;

	if (ci == NULL)
		return;
	TAILQ_FOREACH_SAFE(w, &ci->waiters, entry, next)
	svc_ci_waiter_free(w);
	svc_leases_free(ci->leases);
	svc_ci_waits_free(ci->waits);
	free(ci);
}
