#include "server/service/svc_sandbox.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_renewal.h"
#include "server/service/svc_use.h"
#include "server/service/svc_work.h"
#include "server/store/projects.h"
#include "server/store/renewals.h"
#include "server/store/tokens.h"
#include "server/store/verdicts.h"

static void
svc_sandbox_report_release(void *arg)
{
	struct svc_sandbox_report *op = arg;

	free(op->cause);
	free(op->reason);
	free(op->address);
}

struct svc_sandbox_report *
svc_sandbox_report_new(struct svc *s, const struct identity *who)
{
	struct svc_sandbox_report *op = svc_op_new(
	    s, sizeof(*op), who, svc_sandbox_report_release);

	op->generation = -1;
	op->kept = -1;
	return op;
}

/* What cannot be made anew is not made when nobody thinks of it any more. */
static int
svc_sandbox_withdraw(struct txn *t, struct svc_sandbox_report *op,
    const struct project *p, struct err *e)
{
	if (op->kept < 0 || op->kept >= op->generation ||
	    op->generation != p->sandbox.generation)
		return 0;
	if (projects_keep_sandbox(t, p->id, op->generation, op->kept, e) == -1)
		return -1;
	op->withdrawn = true;
	return svc_renewal_undo(t, &op->op, p, e);
}

/* What becomes of a sandbox that was to be made anew. */
static int
svc_sandbox_renewed(struct txn *t, struct svc_sandbox_report *op,
    const struct project *p, struct err *e)
{
	if (strcmp(op->cause, "refused") == 0)
		return svc_sandbox_withdraw(t, op, p, e);
	if (op->state == SANDBOX_ABSENT)
		return renewals_end(t, p->id, INT64_MAX, e);
	if (op->state == SANDBOX_RUNNING)
		return renewals_end(t, p->id, op->generation, e);
	return 0;
}

static int
svc_sandbox_report_rows(struct txn *t, struct svc_sandbox_report *op,
    const struct project *p, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct sandbox_state st = { .state = op->state,
		.cause = op->cause,
		.reason = op->reason,
		.address = op->address,
		.updated_at = op->op.now };
	const struct svc_event v = {
		.kind = "sandbox.updated", .project_id = p->id, .data = &data
	};
	struct jw w;

	/* Who asked for the same once more waits for an answer, too. */
	if (!op->withdrawn && p->sandbox.state == op->state &&
	    strcmp(svc_text(p->sandbox.cause), op->cause) == 0 &&
	    strcmp(svc_text(p->sandbox.reason), op->reason) == 0 &&
	    strcmp(svc_text(p->sandbox.address), op->address) == 0)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "state", sandbox_status_name(op->state));
	jw_str(&w, "cause", op->cause);
	jw_str(&w, "reason", op->reason);
	if (op->generation != -1)
		jw_i64(&w, "generation", op->generation);
	jw_end(&w);
	if (projects_set_sandbox(t, p->id, &st, e) == -1)
		return -1;
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
svc_sandbox_report_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_sandbox_report *op = arg;
	struct project p = { .id = 0 };
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_SERVE, &p, e) == -1)
		return -1;
	rc = svc_sandbox_renewed(t, op, &p, e);
	if (rc == 0)
		rc = svc_sandbox_report_rows(t, op, &p, e);
	if (rc == 0 &&
	    (op->state == SANDBOX_STOPPED || op->state == SANDBOX_ABSENT))
		rc = tokens_delete_sessions(t, p.id, e);
	if (rc == 0 && op->state == SANDBOX_ABSENT)
		rc = verdicts_set_gone(t, p.id, e);
	if (rc == 0 && p.state == PROJECT_DELETING &&
	    op->state == SANDBOX_ABSENT)
		rc = svc_project_purge(t, &op->op, p.id, &op->purged, e);
	project_release(&p);
	return rc;
}

static bool
svc_sandbox_reported(void *arg)
{
	struct svc_sandbox_report *op = arg;

	if (op->state != SANDBOX_RUNNING && op->state != SANDBOX_PAUSED)
		svc_use_forget(op->op.svc->uses, op->project_id);
	if (op->purged)
		svc_project_forget(op->op.svc, op->project_id);
	else
		svc_purge_soon(op->op.svc->purge);
	return false;
}

void
svc_sandbox_report(struct svc_sandbox_report *op, svc_done_fn *done, void *arg)
{
	if (op->cause == NULL)
		op->cause = xstrdup("");
	if (op->reason == NULL)
		op->reason = xstrdup("");
	if (op->address == NULL)
		op->address = xstrdup("");
	op->op.then = svc_sandbox_reported;
	svc_op_run(op, svc_sandbox_report_job, done, arg);
}

struct svc_sandbox_said {
	struct svc_op op;
	int64_t project_id;
	const char *kind;
	enum perm_verb verb;
	int64_t asked; /* of a look: the event that it answers */
	bool awaited;  /* somebody waited for it */
	struct str data;
};

static void
svc_sandbox_said_release(void *arg)
{
	struct svc_sandbox_said *op = arg;

	str_release(&op->data);
}

static int
svc_sandbox_said_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_sandbox_said *op = arg;
	const struct svc_event v = { .kind = op->kind,
		.project_id = op->project_id,
		.data = &op->data };
	struct project p = { .id = 0 };
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, op->verb, &p, e) == -1)
		return -1;
	rc = p.state == PROJECT_ACTIVE
	    ? svc_event_add(t, &op->op.who, op->op.now, &v, e)
	    : err_set(e, ERR_BUSY, "the project is being deleted");
	project_release(&p);
	return rc;
}

static struct svc_sandbox_said *
svc_sandbox_said_new(struct svc *s, const struct identity *who, int64_t project)
{
	struct svc_sandbox_said *op = svc_op_new(
	    s, sizeof(*op), who, svc_sandbox_said_release);

	op->project_id = project;
	op->data = STR_INIT;
	return op;
}

void
svc_sandbox_ask(struct svc *s, const struct identity *who, int64_t project,
    svc_done_fn *done, void *arg)
{
	struct svc_sandbox_said *op = svc_sandbox_said_new(s, who, project);

	op->kind = "sandbox.asked";
	op->verb = PERM_WRITE;
	str_add(&op->data, "{\"ask\":\"work\"}");
	svc_op_run(op, svc_sandbox_said_job, done, arg);
}

static bool
svc_sandbox_worked(void *arg)
{
	struct svc_sandbox_said *op = arg;

	op->awaited = svc_work_heard(
	    op->op.svc->works, op->project_id, op->asked, str_view(&op->data));
	return false;
}

void
svc_sandbox_work(struct svc *s, const struct identity *who, int64_t project,
    int64_t asked, struct view data, svc_done_fn *done, void *arg)
{
	struct svc_sandbox_said *op = svc_sandbox_said_new(s, who, project);

	op->kind = "sandbox.work";
	op->asked = asked;
	op->verb = PERM_SERVE;
	op->op.then = svc_sandbox_worked;
	str_addv(&op->data, data);
	svc_op_run(op, svc_sandbox_said_job, done, arg);
}

bool
svc_sandbox_work_awaited(const void *op)
{
	const struct svc_sandbox_said *said = op;

	return said->awaited;
}
