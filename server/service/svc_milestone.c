#include "server/service/svc_milestone.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/store/milestones.h"

static void
svc_milestone_write_release(void *arg)
{
	struct svc_milestone_write *op = arg;

	free(op->title);
	free(op->description);
	milestone_release(&op->milestone);
}

struct svc_milestone_write *
svc_milestone_write_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_milestone_write), who,
	    svc_milestone_write_release);
}

static int
svc_milestone_check(const struct svc_milestone_write *op, struct err *e)
{
	if (op->id == 0 && op->title == NULL)
		return err_set(e, ERR_INVALID, "title: it is missing");
	if (op->title != NULL &&
	    (view_trim(view_of(op->title)).len == 0 ||
		strlen(op->title) > MILESTONE_TITLE_MAX))
		return err_set(e, ERR_INVALID, "title: want 1 to %d bytes",
		    MILESTONE_TITLE_MAX);
	if (op->description != NULL &&
	    strlen(op->description) > MILESTONE_TEXT_MAX)
		return err_set(e, ERR_INVALID, "description: over %d bytes",
		    MILESTONE_TEXT_MAX);
	return 0;
}

static void
svc_milestone_text(char **to, const char *from)
{
	if (from == NULL && *to != NULL)
		return;
	free(*to);
	*to = xstrdup(svc_text(from));
}

static int
svc_milestone_write_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_milestone_write *op = arg;
	struct milestone *m = &op->milestone;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (op->remove)
		return milestones_delete(t, op->project_id, op->id, e);
	if (op->id != 0 &&
	    milestones_get(t, op->project_id, op->id, m, e) == -1)
		return -1;
	m->project_id = op->project_id;
	svc_milestone_text(&m->title, op->title);
	svc_milestone_text(&m->description, op->description);
	if (op->id == 0)
		m->created_at = op->op.now;
	m->updated_at = op->op.now;
	if (op->set_due)
		m->due_at = op->due_at;
	if (op->state != 0 && (op->state == ISSUE_CLOSED) != m->closed) {
		m->closed = !m->closed;
		m->closed_at = m->closed ? op->op.now : 0;
	}
	return op->id != 0 ? milestones_update(t, m, e)
			   : milestones_insert(t, m, &m->id, e);
}

void
svc_milestone_write(
    struct svc_milestone_write *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (!op->remove && svc_milestone_check(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_milestone_write_job, done, arg);
}
