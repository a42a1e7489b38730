#include "server/service/svc_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "server/git/repo_use.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"

static void
svc_update_release(void *arg)
{
	struct svc_update *op = arg;

	free(op->conflicts);
	free(op->ref);
	free(op->message);
	svc_person_release(&op->person);
	repo_use_leave(op->hold);
}

struct svc_update *
svc_update_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_update), who, svc_update_release);
}

static struct push_command
svc_update_command(const struct svc_update *op)
{
	struct push_command c = { .ref = op->ref };

	memcpy(c.old, op->head_sha, sizeof(c.old));
	memcpy(c.new_sha, op->new_sha, sizeof(c.new_sha));
	return c;
}

static void
svc_update_on_settled(const struct err *fail, void *arg)
{
	struct svc_update *op = arg;

	svc_op_end(op, op->fail.code != ERR_NONE ? &op->fail : fail);
}

static void
svc_update_on_moved(const struct git_result *res, void *arg)
{
	struct svc_update *op = arg;
	struct push_command c = svc_update_command(op);

	if (res->fail != NULL) {
		op->fail = *res->fail;
		if (res->fail->code == ERR_NOTFOUND)
			op->fail.code = ERR_EXISTS;
		if (op->fail.code == ERR_EXISTS)
			(void)err_set(&op->fail, ERR_EXISTS,
			    "the head moved meanwhile; try again");
	}
	op->moved = res->fail == NULL;
	FAIL_POINT(update_moved);
	svc_push_settle(
	    op->op.svc->push, &op->pusher, &c, 1, svc_update_on_settled, op);
}

static void
svc_update_on_judged(const struct svc_push_judged *r, void *arg)
{
	struct svc_update *op = arg;
	const struct git_ref_change change = {
		.ref = op->ref, .old = op->head_sha, .new_sha = op->new_sha
	};
	const struct git_refs_spec spec = {
		.v = &change, .n = 1, .atomic = true
	};
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	if (!r->v[0].ok) {
		(void)err_set(&e, ERR_DENIED, "%s", r->v[0].reason);
		svc_op_end(op, &e);
		return;
	}
	op->pusher.kept_at = r->kept_at;
	gitpool_refs_update(
	    op->op.svc->git, op->project_id, &spec, svc_update_on_moved, op);
}

static void
svc_update_conflict(struct svc_update *op, const struct json *paths)
{
	struct str out = STR_INIT;
	const struct json *m;
	struct err e = ERR_INIT;

	for (m = json_first(paths); m != NULL; m = json_next(m))
		str_addf(&out, "CONFLICT: %s\n", json_string(m));
	op->conflicts = str_steal(&out);
	(void)err_set(&e, ERR_EXISTS,
	    "the head conflicts with the base: resolve it in the branch");
	svc_op_end(op, &e);
}

static void
svc_update_on_commit(const struct git_result *res, void *arg)
{
	struct svc_update *op = arg;
	struct push_command c;

	if (res->fail != NULL) {
		/* One of the two has what the other has: nothing to do. */
		svc_op_end(
		    op, res->fail->code == ERR_INVALID ? NULL : res->fail);
		return;
	}
	if (json_str_or(res->j, "sha", NULL) == NULL) {
		svc_update_conflict(op, json_get(res->j, "conflicts"));
		return;
	}
	gitpool_sha(res, "sha", op->new_sha);
	/* Commits made again are whose they were. */
	if (op->rebase && strcmp(op->new_sha, op->base_sha) != 0)
		op->pusher.pull = op->number;
	if (strcmp(op->new_sha, op->head_sha) == 0) {
		svc_op_end(op, NULL);
		return;
	}
	c = svc_update_command(op);
	svc_push_judge(op->op.svc->push, &op->pusher, &c, 1, true,
	    svc_update_on_judged, op);
}

/* Nobody removes a commit that no ref has yet. */
static void
svc_update_on_ready(void *arg)
{
	struct svc_update *op = arg;
	struct git_merge_spec spec = { .style = op->rebase ? "rebase"
							   : "merge" };

	spec.base = op->rebase ? op->base_sha : op->head_sha;
	spec.head = op->rebase ? op->head_sha : op->base_sha;
	spec.message = op->message;
	spec.committer = (struct git_person){ op->person.name, op->person.email,
		op->op.svc->now() };
	spec.author = spec.committer;
	gitpool_merge(
	    op->op.svc->git, op->project_id, &spec, svc_update_on_commit, op);
}

static int
svc_update_pusher(struct svc_update *op, const struct project *p, struct err *e)
{
	enum role role;

	if (svc_may(db_reader(op->op.svc->db), &op->op.who, p->id, PERM_WRITE,
		&role, e) == -1)
		return -1;
	op->pusher = (struct svc_pusher){ .project = p->id,
		.made = true,
		.actor = op->op.who.user_id,
		.who = role == ROLE_ADMIN ? PUSH_ADMIN : PUSH_MAINTAINER,
		.no_upstream = p->upstream[0] == '\0',
		.forward = !op->rebase };
	if (strlen(p->default_branch) < sizeof(op->pusher.default_branch))
		memcpy(op->pusher.default_branch, p->default_branch,
		    strlen(p->default_branch) + 1);
	return 0;
}

static int
svc_update_pull(struct svc_update *op, struct err *e)
{
	struct txn *t = db_reader(op->op.svc->db);
	struct pull p = { .run_id = 0 };
	AUTO_FREE char *base = NULL;
	int rc = -1;

	if (pulls_get(t, op->project_id, op->number, &p, e) == -1)
		return -1;
	/* The server merges or replays it: nobody writes anything of his own.
	 */
	op->pusher.writer = p.head_user_id;
	op->ref = xasprintf("refs/heads/%s", p.head);
	base = xasprintf("refs/heads/%s", p.base);
	op->message = xasprintf("Merge branch '%s' into %s\n", p.base, p.head);
	if (p.issue.state != ISSUE_OPEN)
		(void)err_set(e, ERR_INVALID, "the pull request is not open");
	else if (p.head_project != 0)
		(void)err_set(e, ERR_INVALID,
		    "the head is a branch of a fork: update it there");
	else
		rc = refs_get(t, op->project_id, op->ref, op->head_sha, e);
	if (rc == 0)
		rc = refs_get(t, op->project_id, base, op->base_sha, e);
	if (rc == 0 && (op->head_sha[0] == '\0' || op->base_sha[0] == '\0'))
		rc = err_set(
		    e, ERR_INVALID, "the head or the base branch is gone");
	pull_release(&p);
	return rc;
}

static int
svc_update_may(struct svc_update *op, struct err *e)
{
	struct project p = { .id = 0 };
	int rc = svc_project_by_id(db_reader(op->op.svc->db), &op->op.who,
	    op->project_id, PERM_WRITE, &p, e);

	if (rc == 0)
		rc = svc_update_pusher(op, &p, e);
	project_release(&p);
	return rc;
}

static void
svc_update_begin(struct svc_update *op)
{
	AUTO_FREE char *noreply = NULL;
	struct err e = ERR_INIT;

	noreply = svc_noreply(op->op.svc, op->op.who.login);
	svc_person_fill(db_reader(op->op.svc->db), &op->op.who, noreply,
	    op->op.svc->now(), &op->person);
	if (svc_update_pull(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		op->hold = repo_use_share(op->op.svc->use, op->project_id, 0,
		    svc_update_on_ready, op);
}

static void
svc_update_on_refreshed(const struct err *fail, void *arg)
{
	struct svc_update *op = arg;

	if (fail != NULL)
		svc_op_end(op, fail);
	else
		svc_update_begin(op);
}

void
svc_update(struct svc_update *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_update_may(op, &e) == -1)
		svc_op_end_later(op, &e);
	else if (op->rebase) /* the rows say who wrote what is made again */
		svc_pull_refresh(op->op.svc, op->project_id, op->number, 0,
		    svc_update_on_refreshed, op);
	else
		svc_update_begin(op);
}
