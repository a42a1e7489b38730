#include "server/service/svc_issue.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/store/issues.h"

static void
svc_issue_create_release(void *arg)
{
	struct svc_issue_create *op = arg;

	free(op->title);
	free(op->body);
	issue_release(&op->issue);
}

struct svc_issue_create *
svc_issue_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_issue_create), who, svc_issue_create_release);
}

static int
svc_issue_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_issue_create *op = arg;
	struct issue_new n = { .project_id = op->project_id,
		.author_id = op->op.who.user_id,
		.title = op->title,
		.body = svc_text(op->body),
		.now = op->op.now };
	AUTO_STR struct str data = STR_INIT;
	struct svc_event v = { .kind = "issue.opened",
		.project_id = op->project_id,
		.data = &data };
	struct jw w;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    issues_insert(t, &n, &v.item, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "title", n.title);
	jw_str(&w, "body", n.body);
	jw_end(&w);
	if (svc_event_add(t, &op->op.who, op->op.now, &v, e) == -1)
		return -1;
	return issues_get(t, op->project_id, v.item, &op->issue, e);
}

void
svc_issue_create(struct svc_issue_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->title == NULL)
		err_set(&e, ERR_INVALID, "title: it is missing");
	else if (issue_rule_title(op->title, &e) == 0)
		issue_rule_body(svc_text(op->body), &e);
	if (e.code != ERR_NONE)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_issue_create_job, done, arg);
}

static void
svc_issue_edit_release(void *arg)
{
	struct svc_issue_edit *op = arg;

	free(op->title);
	free(op->body);
	issue_release(&op->issue);
}

struct svc_issue_edit *
svc_issue_edit_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_issue_edit), who, svc_issue_edit_release);
}

static int
svc_issue_change_state(struct txn *t, const struct svc_op *op,
    const struct issue *i, enum issue_state to, struct err *e)
{
	static const char *const kinds[2][2] = {
		{ "issue.closed", "issue.reopened" },
		{ "pull.closed", "pull.reopened" },
	};
	struct svc_event v = { .kind = kinds[i->is_pull][to == ISSUE_OPEN],
		.project_id = i->project_id,
		.item = i->number,
		.is_pull = i->is_pull };

	if (to == 0 || to == i->state)
		return 0;
	if (i->is_pull && i->merged)
		return err_set(
		    e, ERR_INVALID, "state: the pull request is merged");
	if (issues_set_state(t, i->project_id, i->number, to, op->now, e) == -1)
		return -1;
	return svc_event_add(t, &op->who, op->now, &v, e);
}

int
svc_issue_change(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct svc_issue_change *c, struct err *e)
{
	bool text = (c->title != NULL && strcmp(c->title, i->title) != 0) ||
	    (c->body != NULL && strcmp(c->body, i->body) != 0);
	struct svc_event v = { .kind = "issue.edited",
		.project_id = i->project_id,
		.item = i->number,
		.is_pull = i->is_pull };

	if (!perm_edit(op->who.user_kind, op->who.user_id, i->author.id) &&
	    svc_may(t, &op->who, i->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (text) {
		if (issues_set_text(t, i->project_id, i->number, c->title,
			c->body, op->now, e) == -1 ||
		    svc_event_add(t, &op->who, op->now, &v, e) == -1)
			return -1;
	}
	return svc_issue_change_state(t, op, i, c->state, e);
}

static int
svc_issue_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_issue_edit *op = arg;
	const struct svc_issue_change c = { op->title, op->body, op->state };

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    issues_get(t, op->project_id, op->number, &op->issue, e) == -1 ||
	    svc_issue_change(t, &op->op, &op->issue, &c, e) == -1)
		return -1;
	issue_release(&op->issue);
	return issues_get(t, op->project_id, op->number, &op->issue, e);
}

void
svc_issue_edit(struct svc_issue_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if ((op->title != NULL && issue_rule_title(op->title, &e) == -1) ||
	    (op->body != NULL && issue_rule_body(op->body, &e) == -1))
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_issue_edit_job, done, arg);
}
