#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_item.h"
#include "server/service/svc_look.h"
#include "server/store/pull_looks.h"
#include "server/store/pull_writers.h"
#include "server/store/pulls.h"
#include "server/store/users.h"

static void
svc_look_dismiss_release(void *arg)
{
	struct svc_look_dismiss *op = arg;

	free(op->reason);
	look_list_release(&op->found);
}

struct svc_look_dismiss *
svc_look_dismiss_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_look_dismiss), who, svc_look_dismiss_release);
}

static int
svc_look_dismiss_may(struct txn *t, const struct svc_look_dismiss *op,
    const struct pull *p, struct err *e)
{
	int64_t user = op->op.who.user_id;
	bool wrote = false;
	struct user u;

	if (users_by_id(t, user, &u, e) == -1)
		return -1;
	if (u.bot)
		return err_set(
		    e, ERR_DENIED, "a program's account lets nothing pass");
	if (p->issue.state != ISSUE_OPEN)
		return err_set(e, ERR_INVALID, "the pull request is not open");
	if (pull_writers_has(t, op->project_id, op->item, user, &wrote, e) ==
	    -1)
		return -1;
	if (wrote || user == p->issue.author.id)
		return err_set(e, ERR_DENIED,
		    "who wrote a part of it cannot dismiss what was found in "
		    "it");
	if (!look_may_dismiss(op->found.at[0].rule))
		return err_set(e, ERR_DENIED,
		    "what was not looked at cannot be dismissed; an admin may "
		    "merge over it");
	return 0;
}

/* By somebody whose word still counts? */
static int
svc_look_dismiss_again(struct txn *t, const struct svc_look_dismiss *op,
    const struct pull *p, struct err *e)
{
	struct look_list all;
	bool done = false;

	if (svc_look_list(t, p, &all, e) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (all.at[i].id == op->finding)
			done = all.at[i].counts;
	look_list_release(&all);
	return done ? err_set(e, ERR_EXISTS, "it is dismissed already") : 0;
}

static int
svc_look_dismiss_write(struct txn *t, struct svc_look_dismiss *op,
    const struct pull *p, struct err *e)
{
	const struct look_finding *f = &op->found.at[0];
	const struct look_dismissal d = { .project_id = op->project_id,
		.item = op->item,
		.account_id = op->op.who.user_id,
		.at = op->op.now,
		.reason = op->reason,
		.of = f };
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "rule", f->rule);
	jw_str(&w, "file", f->file);
	jw_i64(&w, "line", f->line);
	jw_str(&w, "reason", op->reason);
	jw_end(&w);
	if (pull_looks_dismiss(t, &d, e) == -1 ||
	    svc_item_note(t, &op->op, &p->issue, "dismiss_finding", &data, e) ==
		-1 ||
	    svc_item_event(t, &op->op, &p->issue, "pull.finding_dismissed",
		&data, e) == -1)
		return -1;
	look_list_release(&op->found);
	return pull_looks_finding(
	    t, op->project_id, op->item, op->finding, &op->found, e);
}

static int
svc_look_dismiss_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_look_dismiss *op = arg;
	struct pull p = { .run_id = 0 };
	int rc;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) ==
		-1 ||
	    pulls_get(t, op->project_id, op->item, &p, e) == -1)
		return -1;
	rc = pull_looks_finding(
	    t, op->project_id, op->item, op->finding, &op->found, e);
	if (rc == 0)
		rc = svc_look_dismiss_may(t, op, &p, e);
	if (rc == 0)
		rc = svc_look_dismiss_again(t, op, &p, e);
	if (rc == 0)
		rc = svc_look_dismiss_write(t, op, &p, e);
	pull_release(&p);
	return rc;
}

void
svc_look_dismiss(struct svc_look_dismiss *op, svc_done_fn *done, void *arg)
{
	size_t n = op->reason != NULL ? strlen(op->reason) : 0;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (n == 0 || n > LOOK_REASON_MAX) {
		(void)err_set(&e, ERR_INVALID,
		    "reason: say in 1 to %d bytes why it may pass",
		    LOOK_REASON_MAX);
		svc_op_end_later(op, &e);
		return;
	}
	svc_op_run(op, svc_look_dismiss_job, done, arg);
}
