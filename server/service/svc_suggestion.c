#include "server/service/svc_suggestion.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/pull_rule.h"
#include "server/git/git_pool.h"
#include "server/service/svc_write.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"

enum {
	SVC_SUGGESTION_FILE_MAX = 1 << 20 /* bytes */
};

static void
svc_suggestion_release(void *arg)
{
	struct svc_suggestion *op = arg;

	free(op->noreply);
	free(op->co_author);
	free(op->branch);
	review_comment_release(&op->comment);
}

struct svc_suggestion *
svc_suggestion_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_suggestion), who, svc_suggestion_release);
}

/* Whoever suggested it is a co-author of what another one commits. */
static void
svc_suggestion_people(struct svc_suggestion *op)
{
	const struct author *by = &op->comment.author;
	AUTO_FREE char *theirs = NULL;

	op->noreply = svc_noreply(op->op.svc, op->op.who.login);
	if (by->id == op->op.who.user_id)
		return;
	theirs = svc_noreply(op->op.svc, by->login);
	op->co_author = xasprintf("%s <%s>", by->login, theirs);
}

/* What is applied is settled. */
static int
svc_suggestion_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_suggestion *op = arg;
	struct err gone = ERR_INIT;

	if (review_comments_resolve(t, op->project_id, op->comment_id,
		op->op.who.user_id, &gone) == 0 ||
	    gone.code == ERR_NOTFOUND)
		return 0;
	*e = gone;
	return -1;
}

/* Its file was another one when it was written than when it was looked at. */
static bool
svc_suggestion_late(const struct err *fail)
{
	return fail->code == ERR_INVALID &&
	    strstr(fail->msg, "sha does not match") != NULL;
}

static void
svc_suggestion_written(const struct err *fail, void *arg, void *arg2)
{
	const struct svc_write *files = arg;
	struct svc_suggestion *op = arg2;
	struct err late = ERR_INIT;

	if (fail != NULL && svc_suggestion_late(fail)) {
		(void)err_set(&late, ERR_EXISTS,
		    "it was applied already, or its file was changed "
		    "meanwhile");
		fail = &late;
	}
	if (fail != NULL) {
		svc_op_end(op, fail);
		return;
	}
	memcpy(op->commit, files->commit, sizeof(op->commit));
	svc_op_again(op, svc_suggestion_job);
}

static void
svc_suggestion_write(
    struct svc_suggestion *op, const char *blob, struct str *bytes)
{
	struct svc_write *f = svc_write_new(op->op.svc, &op->op.who);
	AUTO_STR struct str message = STR_INIT;

	str_addf(&message, "Apply a suggestion to %s\n", op->comment.path);
	if (op->co_author != NULL)
		str_addf(&message, "\nCo-authored-by: %s\n", op->co_author);
	f->project_id = op->project_id;
	f->also = op->comment.author.id;
	f->branch = xstrdup(op->branch);
	f->message = str_steal(&message);
	f->noreply = xstrdup(svc_text(op->noreply));
	f->v = xcalloc(1, sizeof(*f->v));
	f->n = 1;
	f->v[0].what = "update";
	f->v[0].path = xstrdup(op->comment.path);
	f->v[0].sha = xstrdup(blob);
	f->v[0].has_bytes = true;
	f->v[0].bytes = *bytes;
	*bytes = STR_INIT;
	svc_write(f, svc_suggestion_written, op);
}

static void
svc_suggestion_on_file(const struct git_result *res, void *arg)
{
	struct svc_suggestion *op = arg;
	AUTO_STR struct str lines = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	if (res->fail != NULL)
		e = *res->fail;
	else if (json_bool_or(res->j, "binary", false))
		err_set(&e, ERR_INVALID, "the file is not text");
	else if (!pull_rule_suggestion(view_of(op->comment.body), &lines))
		err_set(&e, ERR_INVALID,
		    "the comment has no ```suggestion block of at most %d "
		    "bytes",
		    PULL_SUGGESTION_MAX);
	else if (!pull_rule_replace(
		     res->raw, op->comment.line, str_view(&lines), &text))
		err_set(&e, ERR_EXISTS, "the line is not there any more");
	if (e.code != ERR_NONE)
		svc_op_end(op, &e);
	else
		svc_suggestion_write(op, json_str_or(res->j, "sha", ""), &text);
}

static int
svc_suggestion_check(
    const struct svc_suggestion *op, const struct pull *p, struct err *e)
{
	const struct review_comment *c = &op->comment;

	if (p->head_project != 0)
		return err_set(e, ERR_INVALID,
		    "the head is a branch of a fork: apply it there");
	if (p->issue.state != ISSUE_OPEN || p->head_gone)
		return err_set(e, ERR_INVALID,
		    "the pull request is not open, or its branch is gone");
	if (c->side == REVIEW_SIDE_OLD)
		return err_set(
		    e, ERR_INVALID, "the comment is on a line that is gone");
	if (c->outdated || strcmp(c->at_sha, p->head_sha) != 0)
		return err_set(e, ERR_EXISTS, "the comment is outdated");
	return 0;
}

static int
svc_suggestion_open(struct svc_suggestion *op, struct err *e)
{
	struct txn *t = db_reader(op->op.svc->db);
	struct pull p = { .run_id = 0 };
	int rc;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) ==
		-1 ||
	    review_comments_get(t, op->project_id, op->comment_id,
		op->op.who.user_id, &op->comment, e) == -1 ||
	    pulls_get(t, op->project_id, op->comment.item, &p, e) == -1)
		return -1;
	svc_suggestion_people(op);
	rc = svc_suggestion_check(op, &p, e);
	op->branch = xstrdup(p.head);
	memcpy(op->head, p.head_sha, sizeof(op->head));
	pull_release(&p);
	return rc;
}

void
svc_suggestion(struct svc_suggestion *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_suggestion_open(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		gitpool_blob(op->op.svc->git, op->project_id, op->head,
		    op->comment.path, SVC_SUGGESTION_FILE_MAX,
		    svc_suggestion_on_file, op);
}
