#include "server/service/svc_ci_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"

enum {
	SVC_LEASE_LOOK_MS = 1000, /* how often they are looked at */
	SVC_LEASE_BATCH = 100     /* jobs in one transaction */
};

struct svc_lease {
	TAILQ_ENTRY(svc_lease) entry;
	int64_t id;
	char lease[LEASE_HEX + 1];
	int64_t until; /* monotonic */
};

TAILQ_HEAD(svc_lease_list, svc_lease);

struct svc_leases {
	struct svc *s;
	loop_fn *requeued;
	void *arg;
	struct svc_lease_list list; /* who was heard of longest ago first */
	struct timer *timer;
	bool busy;
	bool stopped;
};

/* Those whose time is over, on their way to the database. */
struct svc_lease_end {
	struct svc_op op;
	struct svc_leases *l;
	size_t n, lost;
	struct svc_lease v[SVC_LEASE_BATCH];
};

int
svc_ci_lose(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, int64_t id, const char *lease, bool *lost, struct err *e)
{
	struct job j;
	int rc;

	*lost = false;
	if (jobs_lose(t, id, lease, now, &j, e) == -1) {
		if (e->code != ERR_BUSY)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	*lost = true;
	rc = job_state_is_end(j.state)
	    ? svc_ci_verdict(t, s, ci, now, &j, NULL, e)
	    : svc_ci_event(t, ci, now, "check.queued", &j, NULL, e);
	if (rc == 0 && !job_state_is_end(j.state))
		rc = svc_ci_status(t, ci, now, &j, e);
	job_release(&j);
	return rc;
}

static int
svc_leases_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_lease_end *op = arg;

	op->lost = 0;
	for (size_t i = 0; i < op->n; i++) {
		bool lost;

		if (svc_ci_lose(t, op->op.svc, &op->op.who, op->op.now,
			op->v[i].id, op->v[i].lease, &lost, e) == -1)
			return -1;
		op->lost += lost;
	}
	return 0;
}

static void
svc_leases_ended(const struct err *fail, void *arg, void *ignored)
{
	struct svc_lease_end *op = arg;
	struct svc_leases *l = op->l;

	(void)ignored;
	l->busy = false;
	if (fail != NULL) {
		log_error("ci leases reason=%s", log_val(fail->msg));
	} else {
		for (size_t i = 0; i < op->n; i++)
			svc_leases_drop(l, op->v[i].id, op->v[i].lease);
		if (op->lost > 0) {
			log_info("ci leases ended jobs=%zu", op->lost);
			l->requeued(l->arg);
		}
	}
	if (!l->stopped)
		timer_set(l->timer, SVC_LEASE_LOOK_MS);
}

static void
svc_leases_look(void *arg)
{
	struct svc_leases *l = arg;
	int64_t now = clock_mono_ms();
	const struct svc_lease *x = TAILQ_FIRST(&l->list);
	struct svc_lease_end *op;
	struct identity ci;

	if (l->busy || l->stopped)
		return;
	if (x == NULL || x->until > now) {
		timer_set(l->timer, SVC_LEASE_LOOK_MS);
		return;
	}
	svc_identity_of(l->s->ci_id, "ci", USER_CI, &ci);
	op = svc_op_new(l->s, sizeof(*op), &ci, NULL);
	op->l = l;
	TAILQ_FOREACH(x, &l->list, entry)
	if (x->until <= now && op->n < SVC_LEASE_BATCH)
		op->v[op->n++] = *x;
	l->busy = true;
	svc_op_run(op, svc_leases_job, svc_leases_ended, NULL);
}

static struct svc_lease *
svc_leases_find(struct svc_leases *l, int64_t id)
{
	struct svc_lease *x;

	TAILQ_FOREACH(x, &l->list, entry)
	if (x->id == id)
		return x;
	return NULL;
}

void
svc_leases_set(struct svc_leases *l, int64_t id, const char *lease)
{
	struct svc_lease *x = svc_leases_find(l, id);

	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
		x->id = id;
	} else {
		TAILQ_REMOVE(&l->list, x, entry);
	}
	(void)snprintf(x->lease, sizeof(x->lease), "%s", lease);
	x->until = clock_mono_ms() + JOB_LEASE_MS;
	TAILQ_INSERT_TAIL(&l->list, x, entry);
}

void
svc_leases_drop(struct svc_leases *l, int64_t id, const char *lease)
{
	struct svc_lease *x = svc_leases_find(l, id);

	if (x == NULL || (lease != NULL && strcmp(lease, x->lease) != 0))
		return;
	TAILQ_REMOVE(&l->list, x, entry);
	free(x);
}

void
svc_leases_load(struct svc_leases *l)
{
	struct job_list list = { .n = 0 };
	struct err e = ERR_INIT;

	if (jobs_running(db_reader(l->s->db), 0, &list, &e) == -1)
		log_error("ci leases reason=%s", log_val(e.msg));
	for (size_t i = 0; i < list.n; i++)
		svc_leases_set(l, list.at[i].id, list.at[i].lease);
	job_list_release(&list);
	timer_set(l->timer, SVC_LEASE_LOOK_MS);
}

void
svc_leases_stop(struct svc_leases *l)
{
	l->stopped = true;
	timer_cancel(l->timer);
}

struct svc_leases *
svc_leases_new(struct svc *s, loop_fn *requeued, void *arg)
{
	struct svc_leases *l = xcalloc(1, sizeof(*l));

	l->s = s;
	l->requeued = requeued;
	l->arg = arg;
	TAILQ_INIT(&l->list);
	l->timer = timer_new(s->loop, svc_leases_look, l);
	return l;
}

void
svc_leases_free(struct svc_leases *l)
{
	struct svc_lease *x, *next;

	TAILQ_FOREACH_SAFE(x, &l->list, entry, next)
	free(x);
	timer_free(l->timer);
	free(l);
}
