#include "server/service/svc_migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/git/repo.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_purge.h"
#include "server/store/projects.h"

static void
svc_migrate_release(void *arg)
{
	struct svc_migrate *op = arg;

	timer_free(op->timer);
	if (op->token != NULL)
		explicit_bzero(op->token, strlen(op->token));
	free(op->token);
	svc_project_create_release(&op->make);
}

struct svc_migrate *
svc_migrate_new(struct svc *s, const struct identity *who)
{
	struct svc_migrate *op = svc_op_new(
	    s, sizeof(struct svc_migrate), who, svc_migrate_release);

	svc_project_create_init(&op->make);
	op->make.provisional = true;
	op->make.want = WANT_STOPPED;
	return op;
}

/* What a mirror does next is not done: the project is gone. */
static void
svc_migrate_say(struct svc_migrate *op)
{
	const char *advice = mirror_fail_advice(op->kind);
	char *at = strstr(op->fail.msg, advice);

	if (at == NULL || strstr(advice, " again ") == NULL)
		return;
	(void)snprintf(at, sizeof(op->fail.msg) - (size_t)(at - op->fail.msg),
	    "nothing is kept of it: migrate again later");
}

static bool
svc_migrate_removed(void *arg)
{
	struct svc_migrate *op = arg;
	struct svc *s = op->make.op.svc;

	svc_migrate_say(op);

	if (op->purged)
		svc_project_forget(s, op->make.project.id);
	else {
		s->upper->mirror_forget(s->mirror, op->make.project.id);
		svc_purge_soon(s->purge);
	}
	svc_op_end(op, &op->fail);
	return true;
}

static int
svc_migrate_remove_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_migrate *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	op->make.project.id = id;
	if (projects_by_id(t, id, &op->make.project, e) == -1)
		return -1;
	op->kind = op->make.project.mirror.kind;
	return svc_project_remove(
	    t, &op->make.op, &op->make.project, &op->purged, e);
}

static void
svc_migrate_undo(struct svc_migrate *op, const struct err *fail)
{
	op->fail = *fail;
	op->make.op.then = svc_migrate_removed;
	svc_op_again(op, svc_migrate_remove_job);
}

/* The sandbox is wanted from now on. */
static int
svc_migrate_finish_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_migrate *op = arg;
	int64_t id = op->make.project.id;

	project_release(&op->make.project);
	if (projects_keep(t, id, e) == -1 ||
	    projects_set_want(t, id, WANT_RUNNING, op->make.op.now, e) == -1 ||
	    svc_project_event(t, &op->make.op, id, "sandbox.wanted",
		sandbox_want_name(WANT_RUNNING), e) == -1)
		return -1;
	return projects_by_id(t, id, &op->make.project, e);
}

static void
svc_migrate_synced(const struct err *fail, void *arg)
{
	struct svc_migrate *op = arg;

	timer_cancel(op->timer);
	if (fail != NULL) {
		svc_migrate_undo(op, fail);
		return;
	}
	op->make.op.then = NULL;
	svc_op_again(op, svc_migrate_finish_job);
}

static void
svc_migrate_on_timer(void *arg)
{
	struct svc_migrate *op = arg;
	struct svc *s = op->make.op.svc;
	struct err e = ERR_INIT;

	s->upper->mirror_cancel(s->mirror, op->handle);
	(void)err_set(&e, ERR_TIMEOUT, "the first sync took over %d s",
	    SVC_MIGRATE_MAX_S);
	svc_migrate_undo(op, &e);
}

static bool
svc_migrate_made(void *arg)
{
	struct svc_migrate *op = arg;
	struct svc *s = op->make.op.svc;
	int64_t id = op->make.project.id;
	struct err e = ERR_INIT;

	if (repo_create(s->env, id, NULL, &e) == -1 ||
	    (op->token != NULL &&
		svc_project_set_token(s, &op->make.op.who, id, op->token, &e) ==
		    -1)) {
		svc_migrate_undo(op, &e);
		return true;
	}
	op->timer = timer_new(s->loop, svc_migrate_on_timer, op);
	timer_set(op->timer, (int64_t)SVC_MIGRATE_MAX_S * 1000);
	s->upper->mirror_wake(s->mirror, id);
	op->handle = s->upper->mirror_sync(
	    s->mirror, id, svc_migrate_synced, op);
	return true;
}

static int
svc_migrate_make_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_migrate *op = arg;

	return svc_project_insert(t, &op->make, e);
}

void
svc_migrate(struct svc_migrate *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->make.op.done = done;
	op->make.op.arg = arg;
	op->make.op.then = svc_migrate_made;
	if (svc_project_check_new(&op->make, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_migrate_make_job, done, arg);
}
