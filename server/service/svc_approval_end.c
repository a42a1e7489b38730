/* svc_approval_end: questions that nobody answered. */
#include "server/service/svc_approval.h"
#include "server/store/approvals.h"
#include "server/store/seed.h"

#include "lib/base/err.h"
#include "lib/base/log.h"

enum {
	SVC_APPROVAL_DUE_MAX = 500 /* at a time */
};

static int
svc_approval_end(struct txn *t, const struct svc_op *by, struct approval *a,
    enum approval_state state, const char *kind, struct err *e)
{
	if (approvals_end(t, a->id, state, e) == -1)
		return -1;
	a->state = state;
	return svc_approval_event(t, by, kind, a, e);
}

int
svc_approval_overdue(struct txn *t, const struct svc_op *by, struct err *e)
{
	struct approval_list l;
	int rc = 0;

	if (approvals_due(t, by->now, SVC_APPROVAL_DUE_MAX, &l, e) == -1)
		return -1;
	for (size_t i = 0; i < l.n && rc == 0; i++)
		rc = svc_approval_end(
		    t, by, &l.at[i], APPROVAL_EXPIRED, "approval.expired", e);
	approval_list_release(&l);
	return rc;
}

int
svc_approval_withdraw(
    struct txn *t, const struct svc_op *by, int64_t run_id, struct err *e)
{
	struct approval_list l;
	int rc = 0;

	/* What was over before the run ended is not withdrawn by it. */
	if (svc_approval_overdue(t, by, e) == -1 ||
	    approvals_of_run(t, run_id, by->now, &l, e) == -1)
		return -1;
	for (size_t i = 0; i < l.n && rc == 0; i++)
		rc = svc_approval_end(t, by, &l.at[i], APPROVAL_WITHDRAWN,
		    "approval.withdrawn", e);
	approval_list_release(&l);
	return rc;
}

static int
svc_approval_expire_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_op *op = arg;

	return svc_approval_overdue(t, op, e);
}

static void
svc_approval_expired(const struct err *fail, void *op, void *arg)
{
	(void)op;
	(void)arg;
	if (fail != NULL)
		log_warn("approvals expire err=%s", log_val(fail->msg));
}

void
svc_approval_expire(struct svc *s)
{
	struct approval_list l;
	struct err e = ERR_INIT;
	struct identity who;
	bool any;

	if (approvals_due(db_reader(s->db), s->now(), 1, &l, &e) == -1) {
		log_warn("approvals due err=%s", log_val(e.msg));
		return;
	}
	any = l.n > 0;
	approval_list_release(&l);
	if (!any)
		return;
	svc_identity_of(s->agentd_id, SEED_AGENTD, USER_SERVICE, &who);
	svc_op_run(svc_op_new(s, sizeof(struct svc_op), &who, NULL),
	    svc_approval_expire_job, svc_approval_expired, NULL);
}
