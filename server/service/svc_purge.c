#include "server/service/svc_purge.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_run_env.h"
#include "server/store/projects.h"
#include "server/store/purge.h"
#include "server/store/seed.h"

enum {
	SVC_PURGE_SOON_MS = 1,
	SVC_PURGE_AGAIN_MS = 5000 /* after a failure */
};

/* One slice. */
struct svc_purge_op {
	struct svc_op op;
	struct svc_purge *owner;
	int64_t project_id;
	bool purged;
};

struct svc_purge {
	struct svc *svc;
	struct timer *timer;
	bool busy;  /* a slice is with the writer */
	bool again; /* somebody asked meanwhile */
	bool stopped;
};

/* Nothing is left to remove but files that no row names any more. */
static int
svc_purge_files(struct txn *t, void *arg, struct err *e)
{
	const struct svc_purge_op *op = arg;

	return svc_run_env_sweep(op->op.svc, t, e);
}

static int
svc_purge_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_purge_op *op = arg;
	struct project p = { .id = 0 };
	int rc;

	if (projects_by_id(t, op->project_id, &p, e) == -1)
		return -1;
	rc = svc_project_remove(t, &op->op, &p, &op->purged, e);
	project_release(&p);
	return rc;
}

static void
svc_purge_done(const struct err *fail, void *arg, void *ctx)
{
	struct svc_purge_op *op = arg;
	struct svc_purge *p = op->owner;

	(void)ctx;
	if (fail != NULL)
		log_warn("project purge project=%" PRId64 " reason=%s",
		    op->project_id, log_val(fail->msg));
	else if (op->purged)
		svc_project_forget(op->op.svc, op->project_id);
	p->busy = false;
	if (!p->stopped && (fail != NULL || op->project_id != 0 || p->again))
		timer_set(p->timer,
		    fail != NULL ? SVC_PURGE_AGAIN_MS : SVC_PURGE_SOON_MS);
}

static void
svc_purge_on_timer(void *arg)
{
	struct svc_purge *p = arg;
	struct svc *s = p->svc;
	struct svc_purge_op *op;
	struct err e = ERR_INIT;
	struct identity who;
	int64_t id = 0;

	if (p->busy || p->stopped)
		return;
	if (purge_next(db_reader(s->db), &id, &e) == -1) {
		log_warn("project purge reason=%s", log_val(e.msg));
		timer_set(p->timer, SVC_PURGE_AGAIN_MS);
		return;
	}
	p->again = false;
	svc_identity_of(s->agentd_id, SEED_AGENTD, USER_SERVICE, &who);
	op = svc_op_new(s, sizeof(*op), &who, NULL);
	op->owner = p;
	op->project_id = id;
	p->busy = true;
	svc_op_run(op, id == 0 ? svc_purge_files : svc_purge_job,
	    svc_purge_done, NULL);
}

struct svc_purge *
svc_purge_new(struct svc *s)
{
	struct svc_purge *p = xcalloc(1, sizeof(*p));

	p->svc = s;
	p->timer = timer_new(s->loop, svc_purge_on_timer, p);
	return p;
}

void
svc_purge_stop(struct svc_purge *p)
{
	p->stopped = true;
	timer_cancel(p->timer);
}

void
svc_purge_free(struct svc_purge *p)
{
	if (p == NULL)
		return;
	timer_free(p->timer);
	free(p);
}

void
svc_purge_soon(struct svc_purge *p)
{
	if (p == NULL)
		return;
	p->again = true;
	if (!p->stopped && !p->busy && !timer_pending(p->timer))
		timer_set(p->timer, SVC_PURGE_SOON_MS);
}
