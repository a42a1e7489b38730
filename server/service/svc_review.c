#include "server/service/svc_review.h"

#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/store/pulls.h"
#include "server/store/reviews.h"

static void
svc_review_create_release(void *arg)
{
	struct svc_review_create *op = arg;

	free(op->body);
	free(op->sha);
	review_release(&op->review);
}

struct svc_review_create *
svc_review_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_review_create), who,
	    svc_review_create_release);
}

static int
svc_review_allow(
    const struct svc_review_create *op, const struct pull *p, struct err *e)
{
	if (p->issue.state != ISSUE_OPEN)
		return err_set(
		    e, ERR_INVALID, "event: the pull request is not open");
	if (op->state != REVIEW_COMMENT &&
	    p->issue.author.id == op->op.who.user_id)
		return err_set(
		    e, ERR_INVALID, "event: it is your own pull request");
	if (op->sha != NULL && strcasecmp(op->sha, p->head_sha) != 0)
		return err_set(
		    e, ERR_EXISTS, "commit_id: it is not the head any more");
	return 0;
}

static int
svc_review_event(
    struct txn *t, const struct svc_review_create *op, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "review.created",
		.project_id = op->project_id,
		.item = op->item,
		.is_pull = true,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", op->review.id);
	jw_str(&w, "verdict", review_state_name(op->review.state));
	jw_str(&w, "sha", op->review.sha);
	jw_str(&w, "body", op->review.body);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
svc_review_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_review_create *op = arg;
	struct review_new n = { .project_id = op->project_id,
		.item = op->item,
		.author_id = op->op.who.user_id,
		.state = op->state,
		.body = svc_text(op->body),
		.sha = op->head_sha,
		.now = op->op.now };
	struct pull p = { .run_id = 0 };
	enum role role;
	int64_t id;
	int rc;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, &role, e) ==
		-1 ||
	    pulls_get(t, op->project_id, op->item, &p, e) == -1)
		return -1;
	rc = svc_review_allow(op, &p, e);
	memcpy(op->head_sha, p.head_sha, sizeof(op->head_sha));
	pull_release(&p);
	n.official = role >= ROLE_MAINTAINER;
	if (rc == -1 || reviews_insert(t, &n, &id, e) == -1 ||
	    reviews_get(t, op->project_id, id, &op->review, e) == -1)
		return -1;
	return svc_review_event(t, op, e);
}

void
svc_review_create(struct svc_review_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->state == REVIEW_APPROVED)
		issue_rule_body(svc_text(op->body), &e);
	else
		issue_rule_comment(svc_text(op->body), &e);
	if (e.code != ERR_NONE)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_review_create_job, done, arg);
}
