#include "server/service/svc_comment.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_attachment.h"
#include "server/service/svc_mention.h"
#include "server/store/check_orders.h"
#include "server/store/comments.h"
#include "server/store/revisions.h"

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

/* before: the body that an edit replaced, or NULL. */
static int
svc_comment_event(struct txn *t, const struct svc_op *op, const char *kind,
    const struct comment *c, const char *before, struct err *e)
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
	jw_str(&w, "body", c->body);
	if (before != NULL)
		jw_str(&w, "before", before);
	jw_object(&w, "user");
	jw_i64(&w, "id", c->author.id);
	jw_str(&w, "login", c->author.login);
	jw_end(&w);
	jw_i64(&w, "created_at", c->created_at);
	jw_i64(&w, "updated_at", c->updated_at);
	jw_end(&w);
	return svc_event_add(t, &op->who, op->now, &v, e);
}

int
svc_comment_may(struct txn *t, const struct identity *who,
    struct words_target *on, struct words_state *state, struct err *e)
{
	if (svc_may(t, who, on->project_id, PERM_COMMENT, NULL, e) == -1 ||
	    words_target_get(t, on, state, e) == -1)
		return -1;
	if (!state->locked)
		return 0;
	if (svc_may(t, who, on->project_id, PERM_WRITE, NULL, e) == 0)
		return 0;
	return e->code != ERR_DENIED
	    ? -1
	    : err_set(
		  e, ERR_DENIED, "it is locked: only maintainers may speak");
}

static int
svc_comment_refer(struct txn *t, const struct svc_op *op,
    const struct comment *c, const char *before, struct err *e)
{
	const struct svc_words w = { .project_id = c->project_id,
		.item = c->item,
		.is_pull = c->item_is_pull,
		.comment_id = c->id,
		.text = c->body,
		.before = before };

	return svc_mention_words(t, op, &w, e);
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
	int rc = -1;

	if (comments_insert(t, &n, id, e) == -1 ||
	    comments_get(t, r->project_id, *id, &c, e) == -1)
		return -1;
	if (svc_comment_refer(t, &op, &c, NULL, e) == 0)
		rc = svc_comment_event(t, &op, "comment.created", &c, NULL, e);
	comment_release(&c);
	return rc;
}

static int
svc_comment_change(struct txn *t, const struct svc_op *op, struct comment *c,
    const char *body, struct err *e)
{
	struct comment now = { .id = 0 };
	int rc = 0;

	if (strcmp(c->body, body) == 0)
		return 0;
	if (comments_set_body(t, c->project_id, c->id, body, op->now, e) ==
		-1 ||
	    comments_get(t, c->project_id, c->id, &now, e) == -1)
		return -1;
	rc = svc_comment_event(t, op, "comment.edited", &now, c->body, e);
	comment_release(&now);
	return rc;
}

int
svc_comment_put(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_comment_row *r, int64_t *id, struct err *e)
{
	const struct comment_new n = { .project_id = r->project_id,
		.item = r->item,
		.author_id = who->user_id,
		.body = r->body,
		.now = now };
	const struct svc_op op = { .who = *who, .now = now };
	struct comment c = { .id = 0 };
	int rc;

	if (*id != 0) {
		rc = comments_get(t, r->project_id, *id, &c, e);
		if (rc == -1 && e->code != ERR_NOTFOUND)
			return -1;
		if (rc == 0) {
			rc = svc_comment_change(t, &op, &c, r->body, e);
			comment_release(&c);
			return rc;
		}
		*e = ERR_INIT;
	}
	if (comments_insert(t, &n, id, e) == -1 ||
	    comments_get(t, r->project_id, *id, &c, e) == -1)
		return -1;
	rc = svc_comment_event(t, &op, "comment.created", &c, NULL, e);
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
	struct words_target on = { .project_id = op->project_id,
		.item = op->item };
	struct words_state state;
	int64_t id;

	if (svc_comment_may(t, &op->op.who, &on, &state, e) == -1 ||
	    svc_comment_insert(t, &op->op.who, op->op.now, &r, &id, e) == -1 ||
	    comments_get(t, op->project_id, id, &op->comment, e) == -1)
		return -1;
	return svc_word_obey(t, &op->op, &op->comment, &op->word, e);
}

static bool
svc_comment_created(void *arg)
{
	const struct svc_comment_create *op = arg;

	svc_word_after(op->op.svc, &op->comment, op->word);
	return false;
}

void
svc_comment_create(struct svc_comment_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_comment_created;
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
svc_comment_edit_body(struct txn *t, struct svc_comment_edit *op, struct err *e)
{
	const struct words_target of = { op->project_id, op->comment.item,
		op->id };
	struct comment was = op->comment;
	int rc = -1;

	op->comment = (struct comment){ .id = 0 };
	if (revisions_add(
		t, &of, op->op.who.user_id, op->op.now, was.body, e) == 0 &&
	    comments_set_body(
		t, op->project_id, op->id, op->body, op->op.now, e) == 0 &&
	    comments_get(t, op->project_id, op->id, &op->comment, e) == 0 &&
	    svc_comment_refer(t, &op->op, &op->comment, was.body, e) == 0)
		rc = svc_comment_event(
		    t, &op->op, "comment.edited", &op->comment, was.body, e);
	comment_release(&was);
	return rc;
}

static int
svc_comment_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_comment_edit *op = arg;
	struct words_target on = { op->project_id, op->item, op->id };
	struct words_state state;
	struct comment *c = &op->comment;

	if (svc_comment_may(t, &op->op.who, &on, &state, e) == -1 ||
	    comments_get(t, op->project_id, op->id, c, e) == -1)
		return -1;
	if (!perm_edit_comment(
		op->op.who.user_kind, op->op.who.user_id, c->author.id))
		return err_set(e, ERR_DENIED,
		    "only its author or an admin may change a comment");
	if (op->body == NULL) {
		if (comments_delete(t, op->project_id, op->id, op->op.now, e) ==
		    -1)
			return -1;
		if (check_orders_drop(t, op->id, e) == -1)
			return -1;
		return svc_comment_event(
		    t, &op->op, "comment.deleted", c, NULL, e);
	}
	if (op->set_seen && op->seen != c->updated_at)
		return err_set(
		    e, ERR_EXISTS, "the comment was changed meanwhile");
	if (strcmp(op->body, c->body) == 0)
		return 0;
	return svc_comment_edit_body(t, op, e);
}

/* With a comment went what was attached to it. */
static bool
svc_comment_removed(void *arg)
{
	struct svc_comment_edit *op = arg;

	svc_files_soon(op->op.svc->files);
	return false;
}

void
svc_comment_edit(struct svc_comment_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->body == NULL)
		op->op.then = svc_comment_removed;
	if (op->body != NULL && issue_rule_comment(op->body, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_comment_edit_job, done, arg);
}
