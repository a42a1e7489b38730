#include "server/service/svc_tag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/repo_use.h"
#include "server/service/svc_refmove.h"

static void
svc_tag_release(void *arg)
{
	struct svc_tag *op = arg;

	free(op->name);
	free(op->target);
	free(op->message);
	free(op->noreply);
	svc_person_release(&op->tagger);
	repo_use_leave(op->hold);
}

struct svc_tag *
svc_tag_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_tag), who, svc_tag_release);
}

static void
svc_tag_on_moved(const struct err *fail, void *move, void *arg)
{
	(void)move;
	svc_op_end(arg, fail);
}

static void
svc_tag_move(struct svc_tag *op, const char *sha)
{
	struct svc_refmove *m = svc_refmove_new(op->op.svc, &op->op.who);

	m->project_id = op->project_id;
	m->kind = REFMOVE_CREATE;
	m->ref = xasprintf("refs/tags/%s", op->name);
	memcpy(m->new_sha, sha, sizeof(m->new_sha));
	svc_refmove(m, svc_tag_on_moved, op);
}

static void
svc_tag_on_sha(const struct git_result *r, void *arg)
{
	struct svc_tag *op = arg;
	char sha[GIT_SHA_TEXT];

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	gitpool_sha(r, "sha", sha);
	svc_tag_move(op, sha);
}

/* The commit itself, for a light tag. */
static void
svc_tag_on_commit(const struct git_result *r, void *arg)
{
	struct svc_tag *op = arg;
	char sha[GIT_SHA_TEXT] = "";

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	(void)snprintf(sha, sizeof(sha), "%s",
	    json_str_or(json_at(json_get(r->j, "commits"), 0), "sha", ""));
	svc_tag_move(op, sha);
}

static void
svc_tag_on_ready(void *arg)
{
	struct svc_tag *op = arg;
	const struct git_ask_history light = { .rev = op->target, .limit = 1 };
	const struct git_ask_tag spec = { .name = op->name,
		.target = op->target,
		.message = svc_text(op->message),
		.tagger = {
		    op->tagger.name, op->tagger.email, op->tagger.at } };

	if (svc_text(op->message)[0] == '\0')
		gitask_history(op->op.svc->git, op->project_id, &light,
		    svc_tag_on_commit, op);
	else
		gitask_tag_make(
		    op->op.svc->git, op->project_id, &spec, svc_tag_on_sha, op);
}

void
svc_tag(struct svc_tag *op, svc_done_fn *done, void *arg)
{
	struct txn *t = db_reader(op->op.svc->db);
	const char *why = NULL;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, &e) ==
	    -1) {
		svc_op_end_later(op, &e);
		return;
	}
	if (!refname_branch_ok(op->name, &why)) {
		(void)err_set(&e, ERR_INVALID, "tag_name: %s", why);
		svc_op_end_later(op, &e);
		return;
	}
	svc_person_fill(
	    t, &op->op.who, svc_text(op->noreply), op->op.now, &op->tagger);
	op->hold = repo_use_share(
	    op->op.svc->use, op->project_id, 0, svc_tag_on_ready, op);
}
