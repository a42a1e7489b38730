#include "server/service/svc_review_comment.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_item.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_review.h"
#include "server/store/issues.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"

static void
svc_review_word_release(void *arg)
{
	struct svc_review_word *op = arg;

	free(op->body);
	review_comment_release(&op->comment);
}

struct svc_review_word *
svc_review_word_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_review_word), who, svc_review_word_release);
}

static int
svc_review_word_again(
    struct txn *t, struct svc_review_word *op, int64_t id, struct err *e)
{
	review_comment_release(&op->comment);
	return review_comments_get(
	    t, op->project_id, id, op->op.who.user_id, &op->comment, e);
}

/* Others hear of an answer, unless its review is not submitted yet. */
static int
svc_review_word_say(struct txn *t, const struct svc_review_word *op,
    const struct pull *p, struct err *e)
{
	const struct review_comment *c = &op->comment;
	const struct svc_words words = { .project_id = op->project_id,
		.item = c->item,
		.is_pull = true,
		.text = c->body };
	AUTO_STR struct str data = STR_INIT;
	struct review r;
	struct jw w;
	bool quiet;

	if (reviews_get(t, op->project_id, c->review_id, &r, e) == -1)
		return -1;
	quiet = r.state == REVIEW_PENDING;
	review_release(&r);
	if (quiet)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", c->review_id);
	jw_i64(&w, "comment", c->id);
	jw_i64(&w, "reply_to", c->reply_to);
	jw_str(&w, "path", c->path);
	jw_str(&w, "body", c->body);
	jw_end(&w);
	if (svc_item_note(t, &op->op, &p->issue, "code", &data, e) == -1 ||
	    issues_touch(t, op->project_id, c->item, op->op.now, e) == -1 ||
	    review_comments_count(t, op->project_id, c->item, e) == -1 ||
	    svc_mention_words(t, &op->op, &words, e) == -1)
		return -1;
	return svc_item_event(
	    t, &op->op, &p->issue, "review.commented", &data, e);
}

static int
svc_review_word_reply(struct txn *t, struct svc_review_word *op,
    const struct pull *p, struct err *e)
{
	struct review_comment c = op->comment;
	int64_t id;

	if (c.reply_to == 0)
		c.reply_to = c.id;
	c.author.id = op->op.who.user_id;
	c.created_at = op->op.now;
	c.body = op->body;
	if (review_comments_insert(t, &c, &id, e) == -1 ||
	    svc_review_word_again(t, op, id, e) == -1)
		return -1;
	return svc_review_word_say(t, op, p, e);
}

static int
svc_review_word_mine(const struct svc_review_word *op, struct err *e)
{
	const struct identity *who = &op->op.who;

	if (perm_edit(who->user_kind, who->user_id, op->comment.author.id))
		return 0;
	return err_set(e, ERR_DENIED, "it is another one's comment");
}

static int
svc_review_word_resolve(struct txn *t, struct svc_review_word *op,
    const struct pull *p, struct err *e)
{
	int64_t who = op->op.who.user_id;
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = op->what == REVIEW_WORD_RESOLVE
		    ? "review.resolved"
		    : "review.unresolved",
		.project_id = op->project_id,
		.item = p->issue.number,
		.is_pull = true,
		.data = &data };
	struct jw w;

	if (who != op->comment.author.id && who != p->issue.author.id &&
	    svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (review_comments_resolve(t, op->project_id, op->comment_id,
		op->what == REVIEW_WORD_RESOLVE ? who : 0, e) == -1 ||
	    svc_review_word_again(t, op, op->comment_id, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", op->comment.review_id);
	jw_i64(&w, "comment", op->comment.id);
	jw_str(&w, "path", op->comment.path);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
svc_review_word_do(struct txn *t, struct svc_review_word *op,
    const struct pull *p, struct err *e)
{
	switch (op->what) {
	case REVIEW_WORD_REPLY:
		return svc_review_word_reply(t, op, p, e);
	case REVIEW_WORD_EDIT:
		if (svc_review_word_mine(op, e) == -1 ||
		    review_comments_set_body(t, op->project_id, op->comment_id,
			op->body, op->op.now, e) == -1)
			return -1;
		return svc_review_word_again(t, op, op->comment_id, e);
	case REVIEW_WORD_DELETE:
		if (svc_review_word_mine(op, e) == -1 ||
		    review_comments_delete(
			t, op->project_id, op->comment_id, e) == -1)
			return -1;
		return review_comments_count(
		    t, op->project_id, op->comment.item, e);
	case REVIEW_WORD_RESOLVE:
	case REVIEW_WORD_REOPEN:
	default:
		return svc_review_word_resolve(t, op, p, e);
	}
}

static int
svc_review_word_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_review_word *op = arg;
	struct pull p = { .run_id = 0 };
	enum role role;
	int rc;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    svc_review_word_again(t, op, op->comment_id, e) == -1)
		return -1;
	if (op->item != 0 && op->item != op->comment.item)
		return err_set(
		    e, ERR_NOTFOUND, "review comment does not exist");
	if (svc_review_open(t, &op->op.who, op->project_id, op->comment.item,
		&role, &p, e) == -1)
		return -1;
	rc = svc_review_word_do(t, op, &p, e);
	pull_release(&p);
	return rc;
}

void
svc_review_word(struct svc_review_word *op, svc_done_fn *done, void *arg)
{
	bool words = op->what == REVIEW_WORD_REPLY ||
	    op->what == REVIEW_WORD_EDIT;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (words && issue_rule_comment(svc_text(op->body), &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_review_word_job, done, arg);
}
