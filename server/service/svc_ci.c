#include "server/service/svc_ci.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "server/domain/checks.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"

enum {
	SVC_CI_RUNNER_MAX = 100,
	SVC_CI_ONCE_MS = 5000,   /* for one look into the queue */
	SVC_CI_EXPIRE_MAX = 100, /* jobs in one transaction */
	SVC_CI_EXPIRE_MS = 5000  /* how often leases are looked at */
};

struct svc_ci_waiter {
	TAILQ_ENTRY(svc_ci_waiter) entry;
	struct svc_ci *ci;
	uint64_t id;
	char runner[SVC_CI_RUNNER_MAX + 1];
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
	bool expiring;
	struct timer *expiry;
};

/* One claim on its way; the waiter may leave meanwhile. */
struct svc_ci_claim {
	struct svc_op op;
	struct svc_ci *ci;
	uint64_t waiter;
	char runner[SVC_CI_RUNNER_MAX + 1];
	bool none;
	struct job job;
};

struct svc_ci_expire {
	struct svc_op op;
	struct svc_ci *ci;
	struct job_list list;
};

static void
svc_ci_waiter_free(struct svc_ci_waiter *w)
{
	TAILQ_REMOVE(&w->ci->waiters, w, entry);
	w->ci->n--;
	timer_free(w->timer);
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
	if (w->id == id)
		return w;
	return NULL;
}

static void
svc_ci_claim_release(void *arg)
{
	struct svc_ci_claim *op = arg;

	job_release(&op->job);
}

static int
svc_ci_claim_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_claim *op = arg;
	char lease[LEASE_HEX + 1];
	const struct job_claim c = { .runner = op->runner,
		.lease = lease,
		.lease_until = op->op.now + JOB_LEASE_MS,
		.now = op->op.now };

	rnd_hex(lease, LEASE_HEX / 2);
	if (jobs_claim_next(t, &c, &op->job, e) == -1) {
		op->none = e->code == ERR_NOTFOUND;
		return -1;
	}
	return svc_ci_event(
	    t, &op->op.who, op->op.now, "check.started", &op->job, NULL, e);
}

static void
svc_ci_claimed(const struct err *fail, void *arg, void *ignored)
{
	struct svc_ci_claim *op = arg;
	struct svc_ci *ci = op->ci;
	struct svc_ci_waiter *w = svc_ci_find(ci, op->waiter);
	bool again = ci->kicked;

	(void)ignored;
	ci->claiming = false;
	ci->kicked = false;
	if (op->none && w != NULL && w->once) {
		again = true; /* for the next waiter, if there is one */
		svc_ci_answer(w, NULL, NULL);
	} else if (fail != NULL && !op->none) {
		log_warn("ci claim reason=%s", log_val(fail->msg));
		if (w != NULL)
			svc_ci_answer(w, fail, NULL);
	} else if (fail == NULL) {
		again = true; /* perhaps there is one for the next */
		/* Nobody to give it to: its lease ends and it is queued again.
		 */
		if (w != NULL)
			svc_ci_answer(w, NULL, &op->job);
	}
	if (again)
		svc_ci_kick(ci);
}

void
svc_ci_kick(struct svc_ci *ci)
{
	struct svc_ci_waiter *w = TAILQ_FIRST(&ci->waiters);
	struct svc_ci_claim *op;
	struct identity who;

	if (ci->claiming) {
		ci->kicked = true;
		return;
	}
	if (w == NULL || ci->stopped)
		return;
	svc_identity_of(ci->s->ci_id, "ci", USER_CI, &who);
	op = svc_op_new(ci->s, sizeof(*op), &who, svc_ci_claim_release);
	op->ci = ci;
	op->waiter = w->id;
	memcpy(op->runner, w->runner, sizeof(op->runner));
	ci->claiming = true;
	svc_op_run(op, svc_ci_claim_job, svc_ci_claimed, NULL);
}

static void
svc_ci_on_timer(void *arg)
{
	struct svc_ci_waiter *w = arg;

	svc_ci_answer(w, NULL, NULL);
}

uint64_t
svc_ci_poll(struct svc_ci *ci, const char *runner, int64_t wait_s,
    svc_ci_poll_fn *done, void *arg)
{
	struct svc_ci_waiter *w;

	if (ci->n >= SVC_CI_POLLERS_MAX || ci->stopped)
		return 0;
	w = xcalloc(1, sizeof(*w));
	w->ci = ci;
	w->id = ++ci->last_id;
	snprintf(w->runner, sizeof(w->runner), "%s", runner);
	w->done = done;
	w->arg = arg;
	w->timer = timer_new(ci->s->loop, svc_ci_on_timer, w);
	w->once = wait_s == 0;
	timer_set(w->timer, wait_s > 0 ? wait_s * 1000 : SVC_CI_ONCE_MS);
	TAILQ_INSERT_TAIL(&ci->waiters, w, entry);
	ci->n++;
	svc_ci_kick(ci);
	return w->id;
}

void
svc_ci_cancel(struct svc_ci *ci, uint64_t handle)
{
	struct svc_ci_waiter *w = svc_ci_find(ci, handle);

	if (w != NULL)
		svc_ci_waiter_free(w);
}

static void
svc_ci_expire_release(void *arg)
{
	struct svc_ci_expire *op = arg;

	job_list_release(&op->list);
}

static int
svc_ci_expire_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_expire *op = arg;

	if (jobs_requeue_expired(
		t, op->op.now, SVC_CI_EXPIRE_MAX, &op->list, e) == -1)
		return -1;
	for (size_t i = 0; i < op->list.n; i++) {
		const struct job *j = &op->list.at[i];
		int rc = job_state_is_end(j->state)
		    ? svc_ci_verdict(t, &op->op.who, op->op.now, j, NULL, e)
		    : svc_ci_event(t, &op->op.who, op->op.now, "check.queued",
			  j, NULL, e);

		if (rc == -1)
			return -1;
	}
	return 0;
}

static void
svc_ci_expired(const struct err *fail, void *arg, void *ignored)
{
	struct svc_ci_expire *op = arg;
	struct svc_ci *ci = op->ci;

	(void)ignored;
	ci->expiring = false;
	if (fail != NULL)
		log_error("ci expire reason=%s", log_val(fail->msg));
	else if (op->list.n > 0) {
		log_info("ci leases ended jobs=%zu", op->list.n);
		svc_ci_kick(ci);
	}
	timer_set(
	    ci->expiry, op->list.n == SVC_CI_EXPIRE_MAX ? 1 : SVC_CI_EXPIRE_MS);
}

static void
svc_ci_on_expiry(void *arg)
{
	struct svc_ci *ci = arg;
	struct svc_ci_expire *op;
	struct identity who;

	if (ci->expiring || ci->stopped)
		return;
	ci->expiring = true;
	svc_identity_of(ci->s->ci_id, "ci", USER_CI, &who);
	op = svc_op_new(ci->s, sizeof(*op), &who, svc_ci_expire_release);
	op->ci = ci;
	svc_op_run(op, svc_ci_expire_job, svc_ci_expired, NULL);
}

struct svc_ci *
svc_ci_new(struct svc *s)
{
	struct svc_ci *ci = xcalloc(1, sizeof(*ci));

	ci->s = s;
	TAILQ_INIT(&ci->waiters);
	ci->expiry = timer_new(s->loop, svc_ci_on_expiry, ci);
	return ci;
}

void
svc_ci_start(struct svc_ci *ci)
{
	timer_set(ci->expiry, 1);
}

void
svc_ci_stop(struct svc_ci *ci)
{
	struct svc_ci_waiter *w, *next;

	ci->stopped = true;
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
	timer_free(ci->expiry);
	free(ci);
}
