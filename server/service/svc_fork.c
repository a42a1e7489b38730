#include "server/service/svc_fork.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/view.h"
#include "server/git/git_copy.h"
#include "server/git/git_pool.h"
#include "server/git/repo.h"
#include "server/service/svc_project_priv.h"
#include "server/store/projects.h"

static void
svc_fork_release(void *arg)
{
	struct svc_fork *op = arg;

	svc_refs_release(&op->rows);
	svc_project_create_release(&op->make);
}

struct svc_fork *
svc_fork_new(struct svc *s, const struct identity *who)
{
	struct svc_fork *op = svc_op_new(
	    s, sizeof(struct svc_fork), who, svc_fork_release);

	svc_project_create_init(&op->make);
	op->make.own = true;
	op->make.provisional = true;
	op->make.want = WANT_STOPPED;
	return op;
}

static bool
svc_fork_removed(void *arg)
{
	struct svc_fork *op = arg;

	if (op->purged)
		svc_project_forget(op->make.op.svc, op->make.project.id);
	svc_op_end(op, &op->fail);
	return true;
}

static int
svc_fork_remove_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_fork *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	op->make.project.id = id;
	if (projects_by_id(t, id, &op->make.project, e) == -1)
		return -1;
	return svc_project_remove(
	    t, &op->make.op, &op->make.project, &op->purged, e);
}

static void
svc_fork_undo(struct svc_fork *op, const struct err *fail)
{
	op->fail = *fail;
	op->make.op.then = svc_fork_removed;
	svc_op_again(op, svc_fork_remove_job);
}

static int
svc_fork_keep_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_fork *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	op->make.project.id = id;
	if (svc_refs_write(t, &op->rows, e) == -1 ||
	    projects_keep(t, id, e) == -1)
		return -1;
	return projects_by_id(t, id, &op->make.project, e);
}

static void
svc_fork_on_synced(const struct git_result *res, void *arg)
{
	struct svc_fork *op = arg;

	if (res->fail != NULL) {
		svc_fork_undo(op, res->fail);
		return;
	}
	op->make.op.then = NULL;
	svc_op_again(op, svc_fork_keep_job);
}

/* No row is written before what it tells of is on disk. */
static void
svc_fork_sync(struct svc_fork *op)
{
	const char **refs = xcalloc(op->rows.n + 1, sizeof(*refs));

	for (size_t i = 0; i < op->rows.n; i++)
		refs[i] = op->rows.v[i].ref;
	gitpool_sync(op->make.op.svc->git, op->make.project.id, refs,
	    op->rows.n, svc_fork_on_synced, op);
	free(refs);
}

static void
svc_fork_on_refs(const struct git_result *res, void *arg)
{
	struct svc_fork *op = arg;
	struct view raw = res->raw;
	struct git_ref ref;

	if (res->fail != NULL) {
		svc_fork_undo(op, res->fail);
		return;
	}
	op->make.op.now = op->make.op.svc->now();
	op->rows.project = op->make.project.id;
	op->rows.actor = op->make.op.who.user_id;
	op->rows.now = op->make.op.now;
	op->rows.source = "push";
	op->rows.quiet = true;
	while (gitpool_ref_next(&raw, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		if (view_starts(ref.name, "refs/heads/") ||
		    view_starts(ref.name, "refs/tags/"))
			(void)svc_refs_add(&op->rows, name, ref.sha);
	}
	svc_fork_sync(op);
}

static void
svc_fork_on_copied(const struct err *fail, void *arg)
{
	struct svc_fork *op = arg;

	if (fail != NULL)
		svc_fork_undo(op, fail);
	else
		gitpool_refs(op->make.op.svc->git, op->make.project.id, "refs/",
		    svc_fork_on_refs, op);
}

static bool
svc_fork_made(void *arg)
{
	struct svc_fork *op = arg;
	struct svc_project_create *x = &op->make;
	const struct git_copy_spec copy = { .from = op->parent_id,
		.to = x->project.id,
		.refs = { "+refs/heads/*:refs/heads/*",
		    "+refs/tags/*:refs/tags/*" },
		.whole = true,
		.done = svc_fork_on_copied,
		.arg = op };
	struct err e = ERR_INIT;

	if (repo_create(x->op.svc->env, x->project.id, x->default_branch, &e) ==
	    -1)
		svc_fork_undo(op, &e);
	else
		gitcopy(x->op.svc->copies, &copy);
	return true;
}

static int
svc_fork_make_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_fork *op = arg;
	const struct identity *who = &op->make.op.who;
	int64_t n = 0;

	if (svc_may(t, who, op->parent_id, PERM_READ, NULL, e) == -1 ||
	    projects_fork_of(t, op->parent_id, who->login, &n, e) == -1)
		return -1;
	if (n != 0)
		return err_set(e, ERR_EXISTS,
		    "%s has a fork of this repository already", who->login);
	if (projects_fork_count(t, who->login, &n, e) == -1)
		return -1;
	if (n >= SVC_FORKS_MAX)
		return err_set(e, ERR_LIMIT,
		    "%s has %d forks: delete one that is not needed",
		    who->login, SVC_FORKS_MAX);
	return svc_project_insert(t, &op->make, e);
}

/* What is as the parent has it. */
static int
svc_fork_begin(struct svc_fork *op, struct err *e)
{
	struct svc_project_create *x = &op->make;
	struct project p = { .id = 0 };

	if (svc_project_by_id(db_reader(x->op.svc->db), &x->op.who,
		op->parent_id, PERM_READ, &p, e) == -1)
		return -1;
	if (x->name == NULL || x->name[0] == '\0') {
		free(x->name);
		x->name = xstrdup(p.name);
	}
	x->description = xstrdup(p.profile.description);
	x->default_branch = xstrdup(p.default_branch);
	x->parent_id = p.id;
	if (p.state != PROJECT_ACTIVE)
		(void)err_set(e, ERR_NOTFOUND, "no such project");
	project_release(&p);
	return e->code != ERR_NONE ? -1 : svc_project_check_new(x, e);
}

void
svc_fork(struct svc_fork *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->make.op.done = done;
	op->make.op.arg = arg;
	op->make.op.then = svc_fork_made;
	if (svc_fork_begin(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_fork_make_job, done, arg);
}
