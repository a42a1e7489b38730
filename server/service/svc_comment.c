#include "server/service/svc_comment.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/store/comments.h"

static void
svc_comment_create_release(void *arg)
{
	struct svc_comment_create *op = arg;

	free(op->body);
	comment_release(&op->comment);
}

struct svc_comment_create *
svc_comment_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_comment_create), who,
	    svc_comment_create_release);
}

static int
svc_comment_event(struct txn *t, const struct svc_op *op, const char *kind,
    const struct comment *c, bool with_body, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = kind,
		.project_id = c->project_id,
		.item = c->item,
		.is_pull = c->item_is_pull,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "comment", c->id);
	if (with_body)
		jw_str(&w, "body", c->body);
	jw_end(&w);
	return svc_event_add(t, &op->who, op->now, &v, e);
}

int
svc_comment_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_comment_row *r, int64_t *id, struct err *e)
{
	const struct comment_new n = { .project_id = r->project_id,
		.item = r->item,
		.author_id = who->user_id,
		.body = r->body,
		.run_id = r->run_id,
		.now = now };
	const struct svc_op op = { .who = *who, .now = now };
	struct comment c = { .id = 0 };
	int rc;

	if (comments_insert(t, &n, id, e) == -1 ||
	    comments_get(t, r->project_id, *id, &c, e) == -1)
		return -1;
	rc = svc_comment_event(t, &op, "comment.created", &c, true, e);
	comment_release(&c);
	return rc;
}

static int
svc_comment_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_comment_create *op = arg;
	const struct svc_comment_row r = {
		.project_id = op->project_id, .item = op->item, .body = op->body
	};
	int64_t id;

	if (svc_may(t, &op->op.who, op->project_id, PERM_COMMENT, NULL, e) ==
		-1 ||
	    svc_comment_insert(t, &op->op.who, op->op.now, &r, &id, e) == -1)
		return -1;
	return comments_get(t, op->project_id, id, &op->comment, e);
}

void
svc_comment_create(struct svc_comment_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (issue_rule_comment(svc_text(op->body), &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_comment_create_job, done, arg);
}

static void
svc_comment_edit_release(void *arg)
{
	struct svc_comment_edit *op = arg;

	free(op->body);
	comment_release(&op->comment);
}

struct svc_comment_edit *
svc_comment_edit_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_comment_edit), who, svc_comment_edit_release);
}

static int
svc_comment_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_comment_edit *op = arg;
	struct comment *c = &op->comment;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    comments_get(t, op->project_id, op->id, c, e) == -1)
		return -1;
	if (!perm_edit(op->op.who.user_kind, op->op.who.user_id, c->author.id))
		return err_set(e, ERR_DENIED,
		    "only its author or an admin may change a comment");
	if (op->body == NULL) {
		if (comments_delete(t, op->project_id, op->id, op->op.now, e) ==
		    -1)
			return -1;
		return svc_comment_event(
		    t, &op->op, "comment.deleted", c, false, e);
	}
	if (comments_set_body(
		t, op->project_id, op->id, op->body, op->op.now, e) == -1 ||
	    svc_comment_event(t, &op->op, "comment.edited", c, false, e) == -1)
		return -1;
	comment_release(c);
	return comments_get(t, op->project_id, op->id, c, e);
}

void
svc_comment_edit(struct svc_comment_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->body != NULL && issue_rule_comment(op->body, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_comment_edit_job, done, arg);
}
