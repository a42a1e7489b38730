#include "server/service/svc_ci_lease.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"

enum {
	SVC_LEASE_LOOK_MS = 1000, /* how often they are looked at */
	SVC_LEASE_BATCH = 100     /* jobs in one transaction */
};

struct svc_leases {
	struct svc *s;
	loop_fn *requeued;
	void *arg;
	struct job_leases list;
	struct timer *timer;
	bool busy;
	bool stopped;
};

/* Those whose time is over, on their way to the database. */
struct svc_lease_end {
	struct svc_op op;
	struct svc_leases *l;
	size_t n, lost;
	struct job_lease_end v[SVC_LEASE_BATCH];
};

/* Queued again, or ended by it. */
static int
svc_ci_lost(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, const struct job *j, struct err *e)
{
	AUTO_STR struct str tail = STR_INIT;

	if (!job_state_is_end(j->state))
		return svc_ci_event(t, ci, now, "check.queued", j, NULL, e) ==
			-1
		    ? -1
		    : svc_ci_status(t, ci, now, j, e);
	if (job_rule_is_fault(j->state))
		svc_ci_tail(s, j, JOB_TAIL_MAX, &tail);
	return svc_ci_verdict(t, s, ci, now, j, &tail, e);
}

int
svc_ci_lose(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, const struct job_lease_end *end, bool *lost, struct err *e)
{
	struct job j;
	int rc = end->over ? jobs_overdue(t, end->id, end->lease, now, &j, e)
			   : jobs_lose(t, end->id, end->lease, now, &j, e);

	*lost = false;
	if (rc == -1) {
		if (e->code != ERR_BUSY)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	*lost = true;
	rc = svc_ci_lost(t, s, ci, now, &j, e);
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
			&op->v[i], &lost, e) == -1)
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
	struct job_lease_end first;
	struct svc_lease_end *op;
	struct identity ci;
	int64_t now = clock_mono_ms();

	if (l->busy || l->stopped)
		return;
	if (job_leases_ended(&l->list, now, &first, 1) == 0) {
		timer_set(l->timer, SVC_LEASE_LOOK_MS);
		return;
	}
	svc_identity_of(l->s->ci_id, "ci", USER_CI, &ci);
	op = svc_op_new(l->s, sizeof(*op), &ci, NULL);
	op->l = l;
	op->n = job_leases_ended(&l->list, now, op->v, SVC_LEASE_BATCH);
	l->busy = true;
	svc_op_run(op, svc_leases_job, svc_leases_ended, NULL);
}

void
svc_leases_beat(
    struct svc_leases *l, int64_t id, const char *lease, int64_t timeout_s)
{
	job_leases_beat(&l->list, id, lease, timeout_s, clock_mono_ms());
}

void
svc_leases_told(struct svc_leases *l, int64_t id)
{
	job_leases_stop(&l->list, id, clock_mono_ms());
}

int64_t
svc_leases_left(const struct svc_leases *l, int64_t id)
{
	return job_leases_left(&l->list, id, clock_mono_ms());
}

void
svc_leases_drop(struct svc_leases *l, int64_t id, const char *lease)
{
	job_leases_drop(&l->list, id, lease);
}

void
svc_leases_load(struct svc_leases *l)
{
	struct job_list list = { .n = 0 };
	struct err e = ERR_INIT;

	if (jobs_running(db_reader(l->s->db), 0, &list, &e) == -1)
		log_error("ci leases reason=%s", log_val(e.msg));
	for (size_t i = 0; i < list.n; i++) {
		const struct job *j = &list.at[i];

		svc_leases_beat(l, j->id, j->lease, j->check.timeout_s);
		if (j->cancel)
			svc_leases_told(l, j->id);
	}
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
	job_leases_release(&l->list);
	timer_free(l->timer);
	free(l);
}
