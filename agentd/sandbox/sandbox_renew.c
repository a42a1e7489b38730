/* sandbox_renew: a sandbox made anew: judged, taken down, its workspace set
 * aside, brought up from an empty one; undone where it fails. */
#include <inttypes.h>
#include <string.h>

#include "agentd/sandbox/sandbox_priv.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

enum {
	RENEW_OWN_STEPS = 6,
	RENEW_STEPS = RENEW_OWN_STEPS + SANDBOX_DOWN_STEPS + SANDBOX_UP_STEPS
};

struct sandbox_renewal {
	struct sandbox_op op; /* first: it is the ctx of the groups' steps */
	struct seq_step steps[RENEW_STEPS];
};

static int
sandbox_renew_judge(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	return sandbox_judge_step(s, o, &o->other, e);
}

static int
sandbox_renew_begin(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	(void)e;
	sandbox_set_state(o->b, SANDBOX_STOPPING, "to be made anew");
	return SEQ_DONE;
}

/* The steps of a take-down go on after an error; this does not. */
static int
sandbox_renew_is_down(struct seq *s, void *ctx, struct err *e)
{
	const struct sandbox_op *o = ctx;

	(void)s;
	if (o->first.code != ERR_NONE) {
		*e = o->first;
		return -1;
	}
	return SEQ_DONE;
}

static int
sandbox_renew_aside(struct seq *s, void *ctx, struct err *e)
{
	const struct sandbox_op *o = ctx;

	(void)s;
	return workspace_set_aside(
	    o->h, o->b->id, o->b->session.p.generation, e);
}

static int
sandbox_renew_back(struct seq *s, void *ctx, struct err *e)
{
	const struct sandbox_op *o = ctx;

	(void)s;
	return workspace_put_back(
	    o->h, o->b->id, o->b->session.p.generation, e);
}

static void
sandbox_renew_swap(struct sandbox_op *o)
{
	struct session mine = o->b->session;

	o->b->session = o->other;
	o->other = mine;
}

static int
sandbox_renew_take(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	(void)e;
	sandbox_renew_swap(o);
	sandbox_set_state(o->b, SANDBOX_STOPPED, "to be made anew");
	sandbox_set_state(o->b, SANDBOX_STARTING, "to be made anew");
	return SEQ_DONE;
}

static int
sandbox_renew_untake(struct seq *s, void *ctx, struct err *e)
{
	struct sandbox_op *o = ctx;

	(void)s;
	sandbox_renew_swap(o);
	return o->b->session.p.id == 0 ? 0
				       : session_save(o->h, &o->b->session, e);
}

static int
sandbox_renew_drop(struct seq *s, void *ctx, struct err *e)
{
	const struct sandbox_op *o = ctx;

	(void)s;
	(void)e;
	workspace_drop_aside(o->h, o->b->id);
	return SEQ_DONE;
}

static const struct seq_step sandbox_renew_steps[RENEW_OWN_STEPS] = {
	{ "what is asked for", sandbox_renew_judge, NULL },
	{ "begin", sandbox_renew_begin, NULL },
	{ "end the old one", sandbox_renew_is_down, NULL },
	{ "set the workspace aside", sandbox_renew_aside, sandbox_renew_back },
	{ "take the new settings", sandbox_renew_take, sandbox_renew_untake },
	{ "drop the old workspace", sandbox_renew_drop, NULL },
};

static void
sandbox_renew_done(const struct err *e, void *arg)
{
	struct sandbox_renewal *r = arg;
	struct sandbox_op *o = &r->op;
	struct sandbox *b = o->b;
	sandbox_done_fn *done = o->done;
	struct err told = e != NULL ? *e : ERR_INIT;

	arg = o->arg;
	session_release(&o->other);
	sandbox_settle_cause(b, e);
	free(r);
	b->busy = false;
	b->waiting = NULL;
	if (b->state == SANDBOX_STARTING && e == NULL) {
		sandbox_set_state(b, SANDBOX_RUNNING, "made anew");
	} else if (b->state != SANDBOX_RUNNING && e != NULL) {
		shim_watch_close(b->watch);
		b->watch = NULL;
		if (b->state == SANDBOX_STARTING ||
		    b->state == SANDBOX_STOPPING)
			sandbox_set_state(b, SANDBOX_STOPPED, told.msg);
	}
	if (e != NULL)
		(void)err_wrap(&told,
		    "make the sandbox of project %" PRId64 " anew", b->id);
	done(e != NULL ? &told : NULL, arg);
}

static void
sandbox_weigh_done(const struct err *e, void *arg)
{
	struct sandbox_op *o = arg;
	struct sandbox *b = o->b;
	sandbox_done_fn *done = o->done;
	struct err told = e != NULL ? *e : ERR_INIT;

	arg = o->arg;
	session_release(&o->other);
	free(o);
	b->busy = false;
	if (e != NULL)
		(void)err_wrap(&told,
		    "make the sandbox of project %" PRId64 " anew", b->id);
	else
		b->cause = NULL;
	done(e != NULL ? &told : NULL, arg);
}

void
sandbox_weigh(struct sandbox *b, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox_op *o = sandbox_op_new(b, done, arg);

	session_set(&o->other, p);
	seq_start(&(struct seq_spec){ .loop = b->m->h->loop,
	    .steps = sandbox_renew_steps,
	    .n = 1,
	    .ctx = o,
	    .done = sandbox_weigh_done,
	    .arg = o });
}

/* judge, begin, DOWN..., is down, aside, take, UP..., drop. */
static void
sandbox_renew_plan(struct seq_step *at)
{
	const struct seq_step *own = sandbox_renew_steps;

	*at++ = own[0];
	*at++ = own[1];
	memcpy(at, sandbox_down_steps,
	    SANDBOX_DOWN_STEPS * sizeof(sandbox_down_steps[0]));
	at += SANDBOX_DOWN_STEPS;
	*at++ = own[2];
	*at++ = own[3];
	*at++ = own[4];
	memcpy(at, sandbox_up_steps,
	    SANDBOX_UP_STEPS * sizeof(sandbox_up_steps[0]));
	at[SANDBOX_UP_STEPS] = own[5];
}

void
sandbox_renew(struct sandbox *b, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox_renewal *r = xcalloc(1, sizeof(*r));

	b->busy = true;
	r->op = (struct sandbox_op){
		.b = b, .h = b->m->h, .done = done, .arg = arg
	};
	session_set(&r->op.other, p);
	sandbox_renew_plan(r->steps);
	seq_start(&(struct seq_spec){ .loop = b->m->h->loop,
	    .steps = r->steps,
	    .n = RENEW_STEPS,
	    .ctx = r,
	    .done = sandbox_renew_done,
	    .arg = r });
}
