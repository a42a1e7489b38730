#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/objects.h"
#include "agentd/sandbox/sandbox_priv.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/share_look.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

struct sandbox_op *
sandbox_op_new(struct sandbox *b, sandbox_done_fn *done, void *arg)
{
	struct sandbox_op *o = xcalloc(1, sizeof(*o));

	o->b = b;
	o->h = b->m->h;
	o->done = done;
	o->arg = arg;
	b->busy = true;
	return o;
}

static void
sandbox_on_running(void *arg)
{
	struct sandbox *b = arg;
	struct seq *s = b->waiting;

	if (b->state != SANDBOX_STARTING || s == NULL)
		return;
	b->waiting = NULL;
	seq_resume(NULL, s);
}

static void
sandbox_on_exit(const struct shim_exit *x, void *arg)
{
	struct sandbox *b = arg;
	struct seq *s = b->waiting;
	struct err e = ERR_INIT;

	b->watch = NULL;
	b->ended = true;
	b->waiting = NULL;
	b->cause = x->oom ? "oom" : x->lost ? "lost" : "ended";
	if (x->error[0] != '\0')
		(void)snprintf(b->why, sizeof(b->why), "%s", x->error);
	else
		(void)snprintf(b->why, sizeof(b->why),
		    "the session ended (status %d, signal %d%s)", x->exit_code,
		    x->signal, x->oom ? ", out of memory" : "");
	if (s != NULL && b->state == SANDBOX_STARTING) {
		(void)err_set(&e, ERR_INTERNAL, "%.200s", b->why);
		seq_resume(&e, s);
	} else if (s != NULL) {
		seq_resume(NULL, s);
	} else if (b->state == SANDBOX_RUNNING && !b->busy) {
		sandbox_set_state(b, SANDBOX_FAILED, b->why);
		if (b->m->on_lost != NULL)
			b->m->on_lost(b->id, b->cause, b->why, b->m->arg);
	}
}

static int
sandbox_open_watch(struct sandbox *b, struct err *e)
{
	AUTO_FREE char *dir = session_dir(b->m->h, b->id);

	if (b->watch != NULL)
		return 0;
	b->ended = false;
	b->watch = shim_watch_open(b->m->h->loop,
	    &(struct shim_watch_spec){ .dir = dir,
		.from = UINT64_MAX >> 1,
		.on_running = sandbox_on_running,
		.on_exit = sandbox_on_exit,
		.arg = b },
	    e);
	return b->watch == NULL ? -1 : 0;
}

bool
sandbox_session_is_good(const struct sandbox *b)
{
	AUTO_FREE char *dir = session_dir(b->m->h, b->id);

	return shim_alive(dir) && session_is_in_netns(b->m->h, b->id);
}

int
sandbox_judge_step(struct seq *s, struct sandbox_op *o,
    const struct session *is, struct err *e)
{
	o->b->cause = "refused";
	if (session_check(o->h, o->b->m->driver, is, e) == -1)
		return -1;
	share_look(o->h, is->p.ro, seq_resume, s);
	return SEQ_WAIT;
}

/* What a start cannot be made of is refused before it is wanted. */
static int
sandbox_up_judge(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	if (o->b->state == SANDBOX_RUNNING || sandbox_session_is_good(o->b))
		return SEQ_DONE;
	return sandbox_judge_step(s, o, &o->b->session, e);
}

static int
sandbox_up_save(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	o->b->cause = "refused";
	o->was_wanted = o->b->session.wanted;
	o->b->session.wanted = true;
	return session_save(o->h, &o->b->session, e);
}

static int
sandbox_up_unsave(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	o->b->session.wanted = o->was_wanted;
	return session_save(o->h, &o->b->session, e);
}

static int
sandbox_up_workspace(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)e;
	o->b->cause = "workspace";
	workspace_up(o->h, o->b->id, o->b->session.p.disk_mib, seq_resume, s);
	return SEQ_WAIT;
}

static int
sandbox_undo_workspace(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)e;
	workspace_down(o->h, o->b->id, seq_resume, s);
	return SEQ_WAIT;
}

static int
sandbox_up_network(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)e;
	o->b->cause = "wiring";
	netns_project_up(o->h, o->b->id, seq_resume, s);
	return SEQ_WAIT;
}

static int
sandbox_undo_network(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)e;
	netns_project_down(o->h, o->b->id, seq_resume, s);
	return SEQ_WAIT;
}

static void
sandbox_on_router(const struct json *reply, const struct err *e, void *arg)
{
	(void)reply;
	seq_resume(e, arg);
}

static int
sandbox_up_router(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)e;
	o->b->cause = "router";
	routerctl_project_set(o->b->m->router, o->b->id, o->b->session.p.mode,
	    o->b->session.p.policy, sandbox_on_router, s);
	return SEQ_WAIT;
}

/*
 * What its namespace does is over when that is gone.  A router that is away is
 * not waited for: it hears of it when it is back, or from the list of what it
 * knows (sandboxes_tell_router).
 */
static int
sandbox_unroute(struct sandbox_op *o, routerctl_fn *fn, void *arg)
{
	struct routerctl *router = o->b->m->router;
	bool there = routerctl_is_there(router);

	routerctl_project_del(
	    router, o->b->id, there ? fn : NULL, there ? arg : NULL);
	return there ? SEQ_WAIT : SEQ_DONE;
}

static int
sandbox_undo_router(struct seq *s, void *ctx, struct err *e)
{
	(void)e;
	return sandbox_unroute(ctx, sandbox_on_router, s);
}

static int
sandbox_up_check(struct seq *s, void *ctx, struct err *e)
{
	const struct sandbox_op *o = ctx;
	AUTO_FREE char *live = session_live_dir(o->h, o->b->id);

	(void)s;
	o->b->cause = "wiring";
	if (path_mkdirs(live, 0755, e) == -1 ||
	    session_save_branch(o->h, &o->b->session, e) == -1 ||
	    objects_make(o->h, o->b->id, e) == -1)
		return -1;
	return netns_project_check(o->h, o->b->id, e);
}

/* What an earlier session left, alive in an old namespace or dead. */
static int
sandbox_up_clear(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = session_dir(o->h, o->b->id);
	char id[HOST_NAME_MAX];

	(void)e;
	if (sandbox_session_is_good(o->b))
		return SEQ_DONE;
	shim_watch_close(o->b->watch);
	o->b->watch = NULL;
	host_session_id(o->h, o->b->id, id);
	o->b->m->driver->destroy(o->h, id, dir, seq_resume, s);
	return SEQ_WAIT;
}

static int
sandbox_up_session(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = session_dir(o->h, o->b->id);
	struct session_spec spec;

	o->b->cause = "engine-down";
	if (sandbox_session_is_good(o->b))
		return SEQ_DONE;
	if (access(dir, F_OK) == 0 && path_rmtree(dir, e) == -1)
		return -1;
	/* Which version it has: written down, so that it is not removed. */
	if (session_find_root(o->h, &o->b->session, e) == -1 ||
	    session_save(o->h, &o->b->session, e) == -1)
		return -1;
	session_spec_init(o->h, &o->b->session, &spec);
	o->b->m->driver->start(o->h, &spec.spec, dir, seq_resume, s);
	session_spec_release(&spec);
	return SEQ_WAIT;
}

static int
sandbox_undo_session(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = session_dir(o->h, o->b->id);
	char id[HOST_NAME_MAX];

	(void)e;
	host_session_id(o->h, o->b->id, id);
	o->b->m->driver->destroy(o->h, id, dir, seq_resume, s);
	return SEQ_WAIT;
}

/* The watch tells: running, or ended before it ran. */
static int
sandbox_up_wait(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	o->b->cause = "ended";
	/* A new watch tells "running" anew. */
	shim_watch_close(o->b->watch);
	o->b->watch = NULL;
	o->b->waiting = s;
	if (sandbox_open_watch(o->b, e) == -1) {
		o->b->waiting = NULL;
		return -1;
	}
	return SEQ_WAIT;
}

/* After a restart of agentd or of the host. */
static int
sandbox_up_pause(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	char id[HOST_NAME_MAX];

	(void)e;
	if (!o->b->session.paused)
		return SEQ_DONE;
	host_session_id(o->h, o->b->id, id);
	o->b->m->driver->pause(o->h, id, true, seq_resume, s);
	return SEQ_WAIT;
}

const struct seq_step sandbox_up_steps[SANDBOX_UP_STEPS] = {
	{ "what is asked for", sandbox_up_judge, NULL },
	{ "desired state", sandbox_up_save, sandbox_up_unsave },
	{ "workspace", sandbox_up_workspace, sandbox_undo_workspace },
	{ "network", sandbox_up_network, sandbox_undo_network },
	{ "router", sandbox_up_router, sandbox_undo_router },
	{ "self-test", sandbox_up_check, NULL },
	{ "old session", sandbox_up_clear, NULL },
	{ "session", sandbox_up_session, sandbox_undo_session },
	{ "session", sandbox_up_wait, NULL },
	{ "pause", sandbox_up_pause, NULL },
};
/* Of one that is running already. */
static const struct seq_step sandbox_update_steps[] = {
	{ "desired state", sandbox_up_save, NULL },
	{ "router", sandbox_up_router, NULL },
};

/* NULL after a success; a full disk shows in more than one step. */
void
sandbox_settle_cause(struct sandbox *b, const struct err *e)
{
	if (e == NULL)
		b->cause = NULL;
	else if (e->sys == ENOSPC || e->sys == EDQUOT)
		b->cause = "disk-full";
}

static void
sandbox_up_done(const struct err *e, void *arg)
{
	struct sandbox_op *o = arg;
	struct sandbox *b = o->b;
	sandbox_done_fn *done = o->done;
	struct err told = e != NULL ? *e : ERR_INIT;

	arg = o->arg;
	free(o);
	b->busy = false;
	b->waiting = NULL;
	if (e != NULL || !b->ended)
		sandbox_settle_cause(b, e);
	if (b->state == SANDBOX_STARTING) {
		if (e != NULL) {
			shim_watch_close(b->watch);
			b->watch = NULL;
		} else {
			/* Of one made anew, which a crash cut short. */
			workspace_drop_aside(b->m->h, b->id);
		}
		sandbox_set_state(b,
		    e == NULL ? SANDBOX_RUNNING : SANDBOX_STOPPED,
		    e == NULL ? "started" : told.msg);
	} else if (b->ended && b->state == SANDBOX_RUNNING) {
		sandbox_set_state(b, SANDBOX_FAILED, b->why);
		if (b->m->on_lost != NULL)
			b->m->on_lost(b->id, b->cause, b->why, b->m->arg);
	}
	if (e != NULL)
		(void)err_wrap(
		    &told, "start the sandbox of project %" PRId64, b->id);
	done(e != NULL ? &told : NULL, arg);
}

void
sandbox_bring_up(struct sandbox *b, sandbox_done_fn *done, void *arg)
{
	struct sandbox_op *o = sandbox_op_new(b, done, arg);
	bool update = b->state == SANDBOX_RUNNING;

	if (!update)
		sandbox_set_state(b, SANDBOX_STARTING, "asked");
	seq_start(&(struct seq_spec){ .loop = o->h->loop,
	    .steps = update ? sandbox_update_steps : sandbox_up_steps,
	    .n = update ? 2 : SANDBOX_UP_STEPS,
	    .ctx = o,
	    .done = sandbox_up_done,
	    .arg = o });
}

/* The end of a step of a take-down: remember what failed, go on. */
static void
sandbox_note(const struct err *e, void *arg)
{
	struct sandbox_op *o = arg;

	if (e != NULL && o->first.code == ERR_NONE)
		o->first = *e;
	seq_resume(NULL, o->seq);
}

static void
sandbox_note_router(const struct json *reply, const struct err *e, void *arg)
{
	(void)reply;
	sandbox_note(e, arg);
}

static int
sandbox_down_save(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = workspace_dir(o->h, o->b->id);

	o->seq = s;
	o->b->session.wanted = false;
	o->b->session.paused = false;
	if (o->b->session.p.id == 0 || access(dir, F_OK) == -1)
		return SEQ_DONE;
	if (session_save(o->h, &o->b->session, e) == 0)
		return SEQ_DONE;
	/* What is taken away makes room; what comes back after a crash, since
	 * this was not written, cofferd does not want. */
	if (e->sys != ENOSPC && e->sys != EDQUOT)
		return -1;
	log_warn("sandbox not-saved project=%" PRId64 " why=%s", o->b->id,
	    log_val(e->msg));
	return SEQ_DONE;
}

static int
sandbox_down_session(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = session_dir(o->h, o->b->id);
	struct err gone = ERR_INIT;

	(void)e;
	if (!shim_alive(dir) || sandbox_open_watch(o->b, &gone) == -1 ||
	    o->b->m->driver->kill(dir, o->destroy, &gone) == -1)
		return SEQ_DONE;
	o->b->waiting = s;
	return SEQ_WAIT;
}

static int
sandbox_down_remove(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	AUTO_FREE char *dir = session_dir(o->h, o->b->id);
	char id[HOST_NAME_MAX];

	(void)s;
	(void)e;
	host_session_id(o->h, o->b->id, id);
	o->b->m->driver->destroy(o->h, id, dir, sandbox_note, o);
	return SEQ_WAIT;
}

static int
sandbox_down_router(struct seq *s, void *ctx, struct err *e)
{
	(void)s;
	(void)e;
	return sandbox_unroute(ctx, sandbox_note_router, ctx);
}

static int
sandbox_down_network(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	(void)e;
	netns_project_down(o->h, o->b->id, sandbox_note, o);
	return SEQ_WAIT;
}

static int
sandbox_down_workspace(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	(void)e;
	if (o->destroy)
		workspace_remove(o->h, o->b->id, sandbox_note, o);
	else
		workspace_down(o->h, o->b->id, sandbox_note, o);
	return SEQ_WAIT;
}

const struct seq_step sandbox_down_steps[SANDBOX_DOWN_STEPS] = {
	{ "desired state", sandbox_down_save, NULL },
	{ "end the session", sandbox_down_session, NULL },
	{ "remove the session", sandbox_down_remove, NULL },
	{ "router", sandbox_down_router, NULL },
	{ "network", sandbox_down_network, NULL },
	{ "workspace", sandbox_down_workspace, NULL },
};

static void
sandbox_down_done(const struct err *e, void *arg)
{
	struct sandbox_op *o = arg;
	struct sandbox *b = o->b;
	sandbox_done_fn *done = o->done;
	struct err told = e != NULL ? *e : o->first;
	bool gone = o->destroy && told.code == ERR_NONE;

	arg = o->arg;
	free(o);
	b->busy = false;
	b->waiting = NULL;
	sandbox_set_state(
	    b, SANDBOX_STOPPED, told.code == ERR_NONE ? "asked" : told.msg);
	if (told.code != ERR_NONE)
		(void)err_wrap(
		    &told, "stop the sandbox of project %" PRId64, b->id);
	if (gone)
		sandbox_forget(b);
	done(told.code != ERR_NONE ? &told : NULL, arg);
}

void
sandbox_take_down(
    struct sandbox *b, bool destroy, sandbox_done_fn *done, void *arg)
{
	struct sandbox_op *o = sandbox_op_new(b, done, arg);

	o->destroy = destroy;
	sandbox_set_state(b, SANDBOX_STOPPING, destroy ? "destroy" : "stop");
	seq_start(&(struct seq_spec){ .loop = o->h->loop,
	    .steps = sandbox_down_steps,
	    .n = SANDBOX_DOWN_STEPS,
	    .ctx = o,
	    .done = sandbox_down_done,
	    .arg = o });
}

/*
 * Saved before it is frozen and after it is thawed: whatever happens between,
 * what is frozen is known to be.
 */
static int
sandbox_freeze_save(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	o->b->session.paused = o->frozen;
	return session_save(o->h, &o->b->session, e);
}

static int
sandbox_freeze_unsave(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	o->b->session.paused = !o->frozen;
	return session_save(o->h, &o->b->session, e);
}

static int
sandbox_freeze_do(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;
	char id[HOST_NAME_MAX];

	(void)e;
	host_session_id(o->h, o->b->id, id);
	o->b->m->driver->pause(o->h, id, o->frozen, seq_resume, s);
	return SEQ_WAIT;
}

static const struct seq_step sandbox_freeze_steps[] = {
	{ "desired state", sandbox_freeze_save, sandbox_freeze_unsave },
	{ "pause the session", sandbox_freeze_do, NULL },
};
static const struct seq_step sandbox_thaw_steps[] = {
	{ "resume the session", sandbox_freeze_do, NULL },
	{ "desired state", sandbox_freeze_save, NULL },
};

static void
sandbox_freeze_done(const struct err *e, void *arg)
{
	struct sandbox_op *o = arg;
	struct sandbox *b = o->b;
	sandbox_done_fn *done = o->done;
	struct err told = e != NULL ? *e : ERR_INIT;

	log_info("sandbox %s project=%" PRId64 " why=%s",
	    o->frozen ? "pause" : "resume", b->id,
	    log_val(e != NULL ? told.msg : "asked"));
	arg = o->arg;
	free(o);
	b->busy = false;
	if (b->ended && b->state == SANDBOX_RUNNING) {
		sandbox_set_state(b, SANDBOX_FAILED, b->why);
		if (b->m->on_lost != NULL)
			b->m->on_lost(b->id, b->cause, b->why, b->m->arg);
	}
	done(e != NULL ? &told : NULL, arg);
}

void
sandbox_freeze(struct sandbox *b, bool frozen, sandbox_done_fn *done, void *arg)
{
	struct sandbox_op *o = sandbox_op_new(b, done, arg);

	o->frozen = frozen;
	seq_start(&(struct seq_spec){ .loop = o->h->loop,
	    .steps = frozen ? sandbox_freeze_steps : sandbox_thaw_steps,
	    .n = 2,
	    .ctx = o,
	    .done = sandbox_freeze_done,
	    .arg = o });
}
