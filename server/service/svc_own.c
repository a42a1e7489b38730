#include "server/service/svc_own.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/git/repo.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_write.h"
#include "server/store/leases.h"
#include "server/store/projects.h"

static void
svc_own_release(void *arg)
{
	struct svc_own *op = arg;

	free(op->noreply);
	svc_project_create_release(&op->make);
}

struct svc_own *
svc_own_new(struct svc *s, const struct identity *who)
{
	struct svc_own *op = svc_op_new(
	    s, sizeof(struct svc_own), who, svc_own_release);

	svc_project_create_init(&op->make);
	op->make.own = true;
	op->make.provisional = true;
	return op;
}

static bool
svc_own_removed(void *arg)
{
	struct svc_own *op = arg;

	if (op->purged)
		svc_project_forget(op->make.op.svc, op->make.project.id);
	else
		svc_purge_soon(op->make.op.svc->purge);
	svc_op_end(op, &op->fail);
	return true;
}

static int
svc_own_remove_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_own *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	if (projects_by_id(t, id, &op->make.project, e) == -1)
		return -1;
	return svc_project_remove(
	    t, &op->make.op, &op->make.project, &op->purged, e);
}

static void
svc_own_undo(struct svc_own *op, const struct err *fail)
{
	op->fail = *fail;
	op->make.op.then = svc_own_removed;
	svc_op_again(op, svc_own_remove_job);
}

static int
svc_own_keep_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_own *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	op->make.project.id = id;
	if (projects_keep(t, id, e) == -1)
		return -1;
	return projects_by_id(t, id, &op->make.project, e);
}

static void
svc_own_keep(struct svc_own *op)
{
	op->make.op.then = NULL;
	svc_op_again(op, svc_own_keep_job);
}

static void
svc_own_on_commit(const struct err *fail, void *files, void *arg)
{
	struct svc_own *op = arg;

	(void)files;
	if (fail != NULL)
		svc_own_undo(op, fail);
	else
		svc_own_keep(op);
}

static void
svc_own_commit(struct svc_own *op)
{
	const struct svc_project_create *x = &op->make;
	struct svc_write *f = svc_write_new(x->op.svc, &x->op.who);

	f->project_id = x->project.id;
	f->branch = xstrdup(x->default_branch);
	f->message = xstrdup("Initial commit");
	f->noreply = xstrdup(op->noreply != NULL ? op->noreply : "");
	f->v = xcalloc(1, sizeof(*f->v));
	f->n = 1;
	f->v[0].what = "create";
	f->v[0].path = xstrdup("README.md");
	f->v[0].has_bytes = true;
	str_addf(&f->v[0].bytes, "# %s\n", x->project.name);
	if (x->description != NULL && x->description[0] != '\0')
		str_addf(&f->v[0].bytes, "\n%s\n", x->description);
	svc_write(f, svc_own_on_commit, op);
}

static bool
svc_own_made(void *arg)
{
	struct svc_own *op = arg;
	struct svc_project_create *x = &op->make;
	struct err e = ERR_INIT;

	if (repo_create(x->op.svc->env, x->project.id, x->default_branch, &e) ==
	    -1) {
		svc_own_undo(op, &e);
		return true;
	}
	if (op->auto_init)
		svc_own_commit(op);
	else
		svc_own_keep(op);
	return true;
}

static int
svc_own_make_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_own *op = arg;

	if (svc_project_insert(t, &op->make, e) == -1)
		return -1;
	return leases_set(
	    t, op->make.project.id, op->lease_s, op->make.op.now, e);
}

void
svc_own(struct svc_own *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->make.op.done = done;
	op->make.op.arg = arg;
	op->make.op.then = svc_own_made;
	if (svc_project_check_new(&op->make, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_own_make_job, done, arg);
}
