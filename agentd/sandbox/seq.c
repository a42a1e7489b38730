#include "agentd/sandbox/seq.h"

#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/io/child.h"

enum {
	SEQ_CMD_LIMIT_MS = 120 * 1000
};

struct seq {
	struct seq_spec spec;
	size_t at;
	bool undoing;
	bool lenient;
	int status;
	struct err first; /* what made it roll back */
};

static const char *const seq_env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8", NULL };

static void
seq_finish(struct seq *s)
{
	s->spec.done(s->undoing ? &s->first : NULL, s->spec.arg);
	if (s->spec.release != NULL)
		s->spec.release(s->spec.ctx);
	free(s);
}

/* Run steps until one waits or there are no more. */
static void
seq_undo(struct seq *s)
{
	while (s->at > 0) {
		const struct seq_step *step = &s->spec.steps[--s->at];
		struct err e = ERR_INIT;
		int r;

		if (step->undo == NULL)
			continue;
		r = step->undo(s, s->spec.ctx, &e);
		if (r == SEQ_WAIT)
			return;
		if (r == -1)
			log_warn("sandbox undo-failed step=%s reason=%s",
			    log_val(step->name), log_val(e.msg));
	}
	seq_finish(s);
}

static void
seq_fail(struct seq *s, const struct err *e)
{
	s->first = *e;
	(void)err_wrap(&s->first, "%s", s->spec.steps[s->at].name);
	s->undoing = true;
	seq_undo(s);
}

static void
seq_run(void *arg)
{
	struct seq *s = arg;

	while (s->at < s->spec.n) {
		const struct seq_step *step = &s->spec.steps[s->at];
		struct err e = ERR_INIT;
		int r;

		FAIL_STEP("seq", step->name, "");
		r = step->run(s, s->spec.ctx, &e);
		FAIL_STEP("seq", step->name, "+");
		if (r == SEQ_WAIT)
			return;
		if (r == -1) {
			seq_fail(s, &e);
			return;
		}
		s->at++;
	}
	seq_finish(s);
}

void
seq_start(const struct seq_spec *spec)
{
	struct seq *s = xcalloc(1, sizeof(*s));

	s->spec = *spec;
	loop_defer(spec->loop, seq_run, s);
}

void
seq_resume(const struct err *e, void *seq)
{
	struct seq *s = seq;

	if (s->undoing) {
		if (e != NULL)
			log_warn("sandbox undo-failed step=%s reason=%s",
			    log_val(s->spec.steps[s->at].name),
			    log_val(e->msg));
		seq_undo(s);
	} else if (e != NULL) {
		seq_fail(s, e);
	} else {
		s->at++;
		seq_run(s);
	}
}

static struct child_spec
seq_child(const char *const *argv, child_exit_fn *fn, void *arg)
{
	return (struct child_spec){
		.argv = argv,
		.envp = seq_env,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.max_output = 64 << 10,
		.limit_ms = SEQ_CMD_LIMIT_MS,
		.on_exit = fn,
		.arg = arg,
	};
}

static void
seq_on_exit(const struct child_exit *x, void *arg)
{
	struct seq *s = arg;
	struct err e = ERR_INIT;

	s->status = WIFEXITED(x->status) ? WEXITSTATUS(x->status)
					 : 128 + WTERMSIG(x->status);
	if (!s->lenient && child_check(x, "command", &e) == -1)
		seq_resume(&e, s);
	else
		seq_resume(NULL, s);
}

int
seq_cmd(struct seq *s, const char *const *argv, struct view in, bool lenient,
    struct err *e)
{
	struct child_spec spec = seq_child(argv, seq_on_exit, s);
	struct child *c;

	spec.in = in.p != NULL ? CHILD_BYTES : CHILD_NULL;
	spec.in_bytes = in.p;
	spec.in_len = in.len;
	s->lenient = lenient;
	if (child_start(s->spec.loop, &spec, &c, e) == -1)
		return -1;
	return SEQ_WAIT;
}

int
seq_cmd_fds(struct seq *s, const char *const *argv, const int *fds, int n,
    struct err *e)
{
	struct child_spec spec = seq_child(argv, seq_on_exit, s);
	struct child *c;

	spec.pass_fds = fds;
	spec.n_pass_fds = n;
	s->lenient = false;
	if (child_start(s->spec.loop, &spec, &c, e) == -1)
		return -1;
	return SEQ_WAIT;
}

int
seq_status(const struct seq *s)
{
	return s->status;
}

struct loop *
seq_loop(const struct seq *s)
{
	return s->spec.loop;
}

struct seq_one {
	bool lenient;
	sandbox_done_fn *done;
	void *arg;
	struct err e;
};

static void
seq_one_failed(void *arg)
{
	struct seq_one *o = arg;

	o->done(&o->e, o->arg);
	free(o);
}

static void
seq_one_exit(const struct child_exit *x, void *arg)
{
	struct seq_one *o = arg;
	bool bad = !o->lenient && child_check(x, "command", &o->e) == -1;

	o->done(bad ? &o->e : NULL, o->arg);
	free(o);
}

void
seq_program(struct loop *l, const char *const *argv, bool lenient,
    sandbox_done_fn *done, void *arg)
{
	struct seq_one *o = xcalloc(1, sizeof(*o));
	struct child_spec spec = seq_child(argv, seq_one_exit, o);
	struct child *c;

	o->lenient = lenient;
	o->done = done;
	o->arg = arg;
	if (child_start(l, &spec, &c, &o->e) == -1)
		loop_defer(l, seq_one_failed, o);
}
