#include "server/service/svc_verdict.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/projects.h"
#include "server/store/verdicts.h"

static void
svc_verdict_release(void *arg)
{
	struct svc_verdict *op = arg;

	verdict_release(&op->v);
}

struct svc_verdict *
svc_verdict_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_verdict), who, svc_verdict_release);
}

static int
svc_verdict_event(struct txn *t, const struct svc_verdict *op, struct err *e)
{
	const struct verdict *v = &op->v;
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event x = { .kind = "sandbox.proved",
		.project_id = v->project_id,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_time(&w, "at", v->at);
	jw_str(&w, "result", verdict_result_name(v->result));
	jw_i64(&w, "passed", v->passed);
	jw_i64(&w, "failed", v->failed);
	jw_i64(&w, "untestable", v->untestable);
	jw_str(&w, "network", v->network);
	jw_str(&w, "driver", v->driver);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &x, e);
}

static int
svc_verdict_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_verdict *op = arg;
	struct project p = { .id = 0 };
	bool fresh = false;
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->v.project_id, PERM_SERVE, &p, e) == -1)
		return -1;
	rc = p.state == PROJECT_ACTIVE
	    ? verdicts_put(t, &op->v, &fresh, e)
	    : err_set(e, ERR_EXISTS, "the project is being deleted");
	if (rc == 0 && fresh)
		rc = svc_verdict_event(t, op, e);
	project_release(&p);
	return rc;
}

void
svc_verdict(struct svc_verdict *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_verdict_job, done, arg);
}
