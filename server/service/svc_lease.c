#include "server/service/svc_lease.h"

#include <inttypes.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_purge.h"
#include "server/store/leases.h"
#include "server/store/projects.h"
#include "server/store/seed.h"

struct svc_lease_op {
	struct svc_op op;
	int64_t project_id;
	int64_t seconds;
	bool over, purged;
};

static int
svc_lease_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_lease_op *op = arg;
	struct project p = { .id = 0 };

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_ADMIN, &p, e) == -1)
		return -1;
	project_release(&p);
	return leases_set(t, op->project_id, op->seconds, op->op.now, e);
}

void
svc_lease(struct svc *s, const struct identity *who, int64_t project_id,
    int64_t seconds, svc_done_fn *done, void *arg)
{
	struct svc_lease_op *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->project_id = project_id;
	op->seconds = seconds;
	svc_op_run(op, svc_lease_job, done, arg);
}

static int
svc_lease_end_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_lease_op *op = arg;
	struct project p = { .id = 0 };
	int rc;

	if (leases_is_over(t, op->project_id, op->op.now, &op->over, e) == -1)
		return -1;
	if (!op->over)
		return 0;
	if (projects_by_id(t, op->project_id, &p, e) == -1)
		return -1;
	rc = svc_project_remove(t, &op->op, &p, &op->purged, e);
	project_release(&p);
	return rc;
}

static void
svc_lease_ended(const struct err *fail, void *arg, void *ctx)
{
	const struct svc_lease_op *op = arg;
	struct svc *s = op->op.svc;

	(void)ctx;
	if (fail != NULL) {
		log_warn("lease end project=%" PRId64 " reason=%s",
		    op->project_id, log_val(fail->msg));
		return;
	}
	if (!op->over)
		return;
	log_info("lease end project=%" PRId64, op->project_id);
	if (op->purged)
		svc_project_forget(s, op->project_id);
	else
		svc_purge_soon(s->purge);
}

void
svc_lease_end(struct svc *s, int64_t project_id)
{
	struct svc_lease_op *op;
	struct identity who;

	svc_identity_of(s->agentd_id, SEED_AGENTD, USER_SERVICE, &who);
	op = svc_op_new(s, sizeof(*op), &who, NULL);
	op->project_id = project_id;
	svc_op_run(op, svc_lease_end_job, svc_lease_ended, NULL);
}
