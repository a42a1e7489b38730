#include "server/service/svc_ci_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/str.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"
#include "server/store/runners.h"

/* One text for all that is wrong with a lease. */
static int
svc_ci_stale(struct err *e)
{
	return err_set(e, ERR_EXISTS, "the lease is not good any more");
}

static int
svc_ci_own(struct txn *t, const struct identity *who, int64_t id,
    const char *lease, struct job *out, struct err *e)
{
	struct runner r = { .id = 0 };

	*out = (struct job){ .id = 0 };
	if (strlen(lease) != LEASE_HEX)
		return svc_ci_stale(e);
	if (jobs_by_lease(t, id, lease, out, e) == -1)
		return e->code == ERR_BUSY ? svc_ci_stale(e) : -1;
	if (runners_by_account(t, who->user_id, &r, e) == -1)
		goto fail;
	if (r.id != out->runner_id) {
		svc_ci_stale(e);
		goto fail;
	}
	runner_release(&r);
	return 0;
fail:
	if (e->code == ERR_NOTFOUND)
		svc_ci_stale(e);
	runner_release(&r);
	job_release(out);
	return -1;
}

static int
svc_ci_beat_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_beat *op = arg;
	struct job j;

	if (svc_ci_own(t, &op->op.who, op->id, op->lease, &j, e) == -1)
		return -1;
	(void)runners_seen(t, j.runner_id, op->op.now, e);
	op->timeout_s = j.check.timeout_s;
	job_release(&j);
	op->lease_until = op->op.now + op->left_ms;
	if (jobs_heartbeat(
		t, op->id, op->lease, op->lease_until, &op->cancel, e) == 0)
		return 0;
	return e->code == ERR_BUSY ? svc_ci_stale(e) : -1;
}

static bool
svc_ci_beat_then(void *arg)
{
	const struct svc_ci_beat *op = arg;

	svc_ci_leased(op->op.svc->ci, op->id, op->lease, op->timeout_s);
	return false;
}

void
svc_ci_heartbeat(struct svc *s, const struct identity *who, int64_t id,
    const char *lease, svc_done_fn *done, void *arg)
{
	struct svc_ci_beat *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->id = id;
	op->left_ms = svc_ci_left(s->ci, id);
	op->op.then = svc_ci_beat_then;
	(void)snprintf(op->lease, sizeof(op->lease), "%s", lease);
	svc_op_run(op, svc_ci_beat_job, done, arg);
}

static void
svc_ci_result_release(void *arg)
{
	struct svc_ci_result *op = arg;

	free(op->why);
	job_release(&op->job);
}

struct svc_ci_result *
svc_ci_result_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_ci_result), who, svc_ci_result_release);
}

static int
svc_ci_result_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_result *op = arg;
	const struct job_result r = { .lease = op->lease,
		.state = op->state,
		.phase = op->phase,
		.has_exit = op->has_exit,
		.exit_code = op->exit_code,
		.signal = op->signal,
		.why = svc_text(op->why),
		.now = op->op.now };
	AUTO_STR struct str tail = STR_INIT;
	enum job_outcome outcome;

	if (svc_ci_own(t, &op->op.who, op->id, op->lease, &op->job, e) == -1)
		return -1;
	job_release(&op->job);
	if (jobs_finish(t, op->id, &r, &outcome, e) == -1 ||
	    jobs_get(t, op->id, &op->job, e) == -1)
		return -1;
	if (outcome != JOB_RESULT_TAKEN)
		return 0;
	if (job_rule_is_fault(op->job.state))
		svc_ci_tail(op->op.svc, &op->job, JOB_TAIL_MAX, &tail);
	return svc_ci_verdict(
	    t, op->op.svc, &op->op.who, op->op.now, &op->job, &tail, e);
}

static bool
svc_ci_result_then(void *arg)
{
	const struct svc_ci_result *op = arg;

	FAIL_POINT(ci_result_written);
	svc_ci_unleased(op->op.svc->ci, op->id, op->lease);
	svc_ci_kick(op->op.svc->ci); /* its runner has a slot again */
	return false;
}

void
svc_ci_result(struct svc_ci_result *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (!job_rule_is_result(op->state)) {
		err_set(&e, ERR_INVALID, "state: not a result");
		svc_op_end_later(op, &e);
		return;
	}
	op->op.then = svc_ci_result_then;
	svc_op_run(op, svc_ci_result_job, done, arg);
}

static void
svc_ci_cancel_release(void *arg)
{
	struct svc_ci_cancel *op = arg;

	job_release(&op->job);
}

static int
svc_ci_cancel_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_cancel *op = arg;
	AUTO_FREE char *why = xasprintf("cancelled by %s", op->op.who.login);
	struct identity ci;
	struct job j;
	int rc;

	if (jobs_get(t, op->id, &j, e) == -1)
		return -1;
	rc = svc_may(t, &op->op.who, j.project_id, PERM_WRITE, NULL, e);
	job_release(&j);
	if (rc == -1 ||
	    jobs_cancel(t, op->id, why, op->op.now, &op->job, e) == -1)
		return -1;
	if (!job_state_is_end(op->job.state))
		return 0;
	svc_identity_of(op->op.svc->ci_id, "ci", USER_CI, &ci);
	return svc_ci_verdict(
	    t, op->op.svc, &ci, op->op.now, &op->job, NULL, e);
}

/* Its runner has JOB_STOP_MS from now. */
static bool
svc_ci_cancel_then(void *arg)
{
	const struct svc_ci_cancel *op = arg;

	if (!job_state_is_end(op->job.state))
		svc_ci_told(op->op.svc->ci, op->id);
	return false;
}

void
svc_ci_cancel(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg)
{
	struct svc_ci_cancel *op = svc_op_new(
	    s, sizeof(*op), who, svc_ci_cancel_release);

	op->id = id;
	op->op.then = svc_ci_cancel_then;
	svc_op_run(op, svc_ci_cancel_job, done, arg);
}

int
svc_ci_by_lease(struct svc *s, const struct identity *who, int64_t id,
    const char *lease, struct job *out, struct err *e)
{
	if (svc_ci_own(db_reader(s->db), who, id, lease, out, e) == -1)
		return -1;
	if (out->state == JOB_RUNNING)
		return 0;
	job_release(out);
	return svc_ci_stale(e);
}
