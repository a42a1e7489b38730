#include "server/service/svc_refmove.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/failpoint.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"

static void
svc_refmove_release(void *arg)
{
	struct svc_refmove *op = arg;

	for (size_t i = 0; i < op->n_paths; i++)
		free(op->paths[i]);
	free(op->paths);
	free(op->ref);
	if (op->wait != NULL)
		ref_cache_cancel(op->wait);
}

struct svc_refmove *
svc_refmove_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_refmove), who, svc_refmove_release);
}

static const char *
svc_refmove_short(const struct svc_refmove *op)
{
	const char *branch = refname_branch(op->ref);

	return branch != NULL ? branch : op->ref + strlen("refs/tags/");
}

static const char *
svc_refmove_word(const struct svc_refmove *op)
{
	return refname_branch(op->ref) != NULL ? "branch" : "tag";
}

static int
svc_refmove_pusher(struct svc_refmove *op, struct err *e)
{
	struct project p = { .id = 0 };
	enum role role = ROLE_NONE;
	struct txn *t = db_reader(op->op.svc->db);
	const char *main_branch;
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_WRITE, &p, e) == -1)
		return -1;
	main_branch = svc_text(p.default_branch);
	op->who = (struct svc_pusher){ .project = p.id,
		.actor = op->op.who.user_id,
		.who = op->op.who.kind == IDENTITY_ADMIN ? PUSH_ADMIN
							 : PUSH_MAINTAINER,
		.no_upstream = svc_text(p.upstream)[0] == '\0',
		.made = op->made,
		.also = op->also,
		.paths = (const char *const *)op->paths,
		.n_paths = op->n_paths };
	if (strlen(main_branch) < sizeof(op->who.default_branch))
		memcpy(op->who.default_branch, main_branch,
		    strlen(main_branch) + 1);
	rc = svc_may(t, &op->op.who, p.id, PERM_WRITE, &role, e);
	if (rc == 0 && role == ROLE_ADMIN)
		op->who.who = PUSH_ADMIN;
	project_release(&p);
	return rc;
}

static void
svc_refmove_on_settled(const struct err *fail, void *arg)
{
	struct svc_refmove *op = arg;

	/* Rows that could not follow are brought after the refs at the next
	 * start, so the caller hears of it. */
	svc_op_end(op, op->fail.code != ERR_NONE ? &op->fail : fail);
}

static void
svc_refmove_settle(struct svc_refmove *op)
{
	svc_push_settle(
	    op->op.svc->push, &op->who, &op->c, 1, svc_refmove_on_settled, op);
}

static void
svc_refmove_on_moved(const struct git_result *r, void *arg)
{
	struct svc_refmove *op = arg;

	/* What was kept for it, and claimed, is let go. */
	if (r->fail != NULL)
		op->fail = *r->fail;
	FAIL_POINT(refmove_moved);
	svc_refmove_settle(op);
}

static void
svc_refmove_on_judged(const struct svc_push_judged *r, void *arg)
{
	struct svc_refmove *op = arg;
	const struct git_ref_change change = {
		.ref = op->ref, .old = op->c.old, .new_sha = op->c.new_sha
	};
	const struct git_refs_spec spec = {
		.v = &change, .n = 1, .atomic = true
	};
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	op->who.kept_at = r->kept_at;
	if (!r->v[0].ok) {
		(void)err_set(&e, ERR_DENIED, "%s", r->v[0].reason);
		svc_op_end(op, &e);
		return;
	}
	gitpool_refs_update(
	    op->op.svc->git, op->project_id, &spec, svc_refmove_on_moved, op);
}

static void
svc_refmove_judge(struct svc_refmove *op)
{
	op->who.forward = op->forward || op->kind == REFMOVE_CREATE;
	svc_push_judge(op->op.svc->push, &op->who, &op->c, 1, true,
	    svc_refmove_on_judged, op);
}

static void
svc_refmove_on_ancestor(const struct git_result *r, void *arg)
{
	struct svc_refmove *op = arg;
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	op->forward = json_bool_or(r->j, "yes", false);
	if (!op->forward && !op->force) {
		(void)err_set(&e, ERR_INVALID,
		    "%s would lose commits: say force", svc_refmove_short(op));
		svc_op_end(op, &e);
		return;
	}
	svc_refmove_judge(op);
}

/* Is what is there what was expected? */
static int
svc_refmove_check(
    struct svc_refmove *op, const struct ref_snapshot *s, struct err *e)
{
	struct ref_row row;
	bool here = refsnap_find(s, REF_SIDE_WORK, op->ref, &row);

	memcpy(op->c.old, SHA_ZERO, sizeof(op->c.old));
	if (here)
		memcpy(op->c.old, row.sha, SHA_HEX);
	if (here && op->kind == REFMOVE_CREATE)
		return err_set(e, ERR_EXISTS,
		    "%s already exists [name: %.150s]", svc_refmove_word(op),
		    svc_refmove_short(op));
	if (!here && op->kind != REFMOVE_CREATE)
		return err_set(e, ERR_NOTFOUND, "no such %s: %.150s",
		    svc_refmove_word(op), svc_refmove_short(op));
	if (here && op->old[0] != '\0' && strcmp(op->old, op->c.old) != 0)
		return err_set(e, ERR_EXISTS, "%.150s moved: it is %.10s",
		    svc_refmove_short(op), op->c.old);
	return 0;
}

static void
svc_refmove_by(struct svc_refmove *op, const struct ref_snapshot *s)
{
	struct err e = ERR_INIT;

	if (svc_refmove_check(op, s, &e) == -1) {
		svc_op_end(op, &e);
		return;
	}
	op->c.ref = op->ref;
	memcpy(op->c.new_sha,
	    op->kind == REFMOVE_DELETE ? SHA_ZERO : op->new_sha,
	    sizeof(op->c.new_sha));
	if (op->kind == REFMOVE_UPDATE && !op->forward)
		gitpool_is_ancestor(op->op.svc->git, op->project_id, op->c.old,
		    op->c.new_sha, svc_refmove_on_ancestor, op);
	else
		svc_refmove_judge(op);
}

static void
svc_refmove_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct svc_refmove *op = arg;

	op->wait = NULL;
	if (fail != NULL)
		svc_op_end(op, fail);
	else
		svc_refmove_by(op, s);
}

void
svc_refmove(struct svc_refmove *op, svc_done_fn *done, void *arg)
{
	const char *why = NULL;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->kind == REFMOVE_CREATE &&
	    !refname_branch_ok(svc_refmove_short(op), &why)) {
		(void)err_set(
		    &e, ERR_INVALID, "%s name: %s", svc_refmove_word(op), why);
		svc_op_end_later(op, &e);
		return;
	}
	if (svc_refmove_pusher(op, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	op->wait = ref_cache_ask(gitpool_ref_cache(op->op.svc->git),
	    op->project_id, svc_refmove_on_refs, op);
	if (op->wait == NULL) {
		(void)err_set(&e, ERR_BUSY, "too many wait for the refs");
		svc_op_end_later(op, &e);
	}
}
