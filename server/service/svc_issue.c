#include "server/service/svc_issue.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_item.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_repo.h"
#include "server/store/check_orders.h"
#include "server/store/issues.h"
#include "server/store/revisions.h"

static void
svc_issue_create_release(void *arg)
{
	struct svc_issue_create *op = arg;

	free(op->title);
	free(op->body);
	item_fields_release(&op->fields);
	issue_release(&op->issue);
}

struct svc_issue_create *
svc_issue_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_issue_create), who, svc_issue_create_release);
}

/* What title and body refer to; was: what they were, NULL for a new one. */
static int
svc_issue_refer(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *title, const char *body, const struct issue *was, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_STR struct str before = STR_INIT;
	struct svc_words w = { .project_id = i->project_id,
		.item = i->number,
		.is_pull = i->is_pull };

	str_addf(&text, "%s\n%s", title, body);
	w.text = str_cstr(&text);
	if (was != NULL) {
		str_addf(&before, "%s\n%s", was->title, was->body);
		w.before = str_cstr(&before);
	}
	return svc_mention_words(t, op, &w, e);
}

static int
svc_issue_opened(struct txn *t, const struct svc_op *op, const struct issue *i,
    struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "title", i->title);
	jw_str(&w, "body", i->body);
	jw_end(&w);
	return svc_item_event(t, op, i, "issue.opened", &data, e);
}

static int svc_issue_change_state(struct txn *t, const struct svc_op *op,
    const struct issue *i, enum issue_state to, struct err *e);

static int
svc_issue_create_rows(struct txn *t, struct svc_issue_create *op, struct err *e)
{
	const struct issue *i = &op->issue;

	if (svc_issue_opened(t, &op->op, i, e) == -1 ||
	    svc_item_apply(t, &op->op, i, &op->fields, e) == -1 ||
	    svc_issue_refer(t, &op->op, i, i->title, i->body, NULL, e) == -1)
		return -1;
	return op->closed
	    ? svc_issue_change_state(t, &op->op, i, ISSUE_CLOSED, e)
	    : 0;
}

static int
svc_issue_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_issue_create *op = arg;
	const struct issue_new n = { .project_id = op->project_id,
		.author_id = op->op.who.user_id,
		.title = op->title,
		.body = svc_text(op->body),
		.now = op->op.now };
	int64_t number;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    svc_repo_unit(t, op->project_id, false, e) == -1 ||
	    issues_insert(t, &n, &number, e) == -1 ||
	    issues_get(t, op->project_id, number, &op->issue, e) == -1 ||
	    svc_issue_create_rows(t, op, e) == -1)
		return -1;
	issue_release(&op->issue);
	return issues_get(t, op->project_id, number, &op->issue, e);
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
	item_fields_release(&op->fields);
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
	bool open = to == ISSUE_OPEN;

	if (to == 0 || to == i->state)
		return 0;
	if (i->is_pull && i->merged)
		return err_set(
		    e, ERR_INVALID, "state: the pull request is merged");
	if (issues_set_state(t, i->project_id, i->number, to, op->now, e) ==
		-1 ||
	    svc_item_note(t, op, i, open ? "reopen" : "close", NULL, e) == -1)
		return -1;
	/* Its jobs were superseded when it was closed. */
	if (open && i->is_pull &&
	    check_orders_again(t, i->project_id, i->number, e) == -1)
		return -1;
	return svc_item_event(t, op, i, kinds[i->is_pull][open], NULL, e);
}

static bool
svc_issue_differs(const char *to, const char *is)
{
	return to != NULL && strcmp(to, is) != 0;
}

/* title or body NULL: it does not change. */
static int
svc_issue_edited(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *title, const char *body, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_object(&w, "changes");
	if (title != NULL) {
		jw_object(&w, "title");
		jw_str(&w, "from", i->title);
		jw_end(&w);
	}
	if (body != NULL) {
		jw_object(&w, "body");
		jw_str(&w, "from", i->body);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	return svc_item_event(t, op, i, "issue.edited", &data, e);
}

static int
svc_issue_retitled(struct txn *t, const struct svc_op *op,
    const struct issue *i, const char *title, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "old_title", i->title);
	jw_str(&w, "new_title", title);
	jw_end(&w);
	return svc_item_note(t, op, i, "change_title", &data, e);
}

static int
svc_issue_change_text(struct txn *t, const struct svc_op *op,
    const struct issue *i, const struct svc_issue_change *c, struct err *e)
{
	const struct words_target of = { i->project_id, i->number, 0 };
	const char *title = svc_issue_differs(c->title, i->title) ? c->title
								  : NULL;
	const char *body = svc_issue_differs(c->body, i->body) ? c->body : NULL;

	if (title == NULL && body == NULL)
		return 0;
	if (i->locked &&
	    svc_may(t, &op->who, i->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (issues_set_text(
		t, i->project_id, i->number, title, body, op->now, e) == -1 ||
	    (title != NULL && svc_issue_retitled(t, op, i, title, e) == -1) ||
	    (body != NULL &&
		revisions_add(t, &of, op->who.user_id, op->now, i->body, e) ==
		    -1))
		return -1;
	if (svc_issue_refer(t, op, i, title != NULL ? title : i->title,
		body != NULL ? body : i->body, i, e) == -1)
		return -1;
	return svc_issue_edited(t, op, i, title, body, e);
}

int
svc_issue_change(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct svc_issue_change *c, struct err *e)
{
	if (!perm_edit(op->who.user_kind, op->who.user_id, i->author.id) &&
	    svc_may(t, &op->who, i->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (svc_issue_change_text(t, op, i, c, e) == -1)
		return -1;
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
	    svc_item_apply(t, &op->op, &op->issue, &op->fields, e) == -1 ||
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
