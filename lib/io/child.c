#include "lib/io/child.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/child_priv.h"
#include "lib/io/loop_priv.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	CHILD_OUTPUT_DEFAULT = 64 << 10,
	CHILD_READ_STEP = 8 << 10,
	CHILD_KILL_AFTER_MS = 5000,
	CHILD_CUT_AFTER_MS = 1000,
	CHILD_LAST_LINE_MAX = 160
};

/* What the time limit has done so far. */
enum child_limit {
	CHILD_LIMIT_WAIT,
	CHILD_LIMIT_TERM,
	CHILD_LIMIT_KILL
};

/* Our end of one of the child's streams; fd -1 when there is none. */
struct child_end {
	int fd;
	bool collect;
	bool truncated;
	struct watch *watch;
	struct str text;
};

/*
 * The zombie is kept (WNOWAIT) until the output has ended too: so long its
 * process id and group cannot be given to a stranger, and child_kill is safe
 * for the whole life of the object.
 */
struct child {
	struct loop *loop;
	struct loop_hook hook;
	pid_t pid;
	bool exited;
	bool finishing;
	bool timed_out;
	enum child_limit limit;
	struct timer *timer;
	struct child_end in, out, err;
	char *bytes;
	size_t bytes_len;
	size_t bytes_done;
	child_exit_fn *on_exit;
	void *arg;
};

static void
child_end_close(struct child_end *s)
{
	watch_free(s->watch);
	s->watch = NULL;
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
}

static void
child_free(struct child *c)
{
	timer_free(c->timer);
	child_end_close(&c->in);
	child_end_close(&c->out);
	child_end_close(&c->err);
	str_release(&c->out.text);
	str_release(&c->err.text);
	free(c->bytes);
	free(c);
}

static void
child_finish(void *arg)
{
	struct child *c = arg;
	struct child_exit x = {
		.timed_out = c->timed_out,
		.truncated = c->out.truncated || c->err.truncated,
		.out = str_cstr(&c->out.text),
		.outlen = c->out.text.len,
		.err = str_cstr(&c->err.text),
		.errlen = c->err.text.len,
	};

	if (waitpid(c->pid, &x.status, 0) != c->pid)
		die("child lost pid=%d errno=%d", (int)c->pid, errno);
	loop_hook_del(&c->hook);
	c->on_exit(&x, c->arg);
	child_free(c);
}

/* Both exit and EOF are needed: output may arrive after SIGCHLD. */
static void
child_maybe_finish(struct child *c)
{
	if (!c->exited || c->finishing)
		return;
	if ((c->out.collect && c->out.fd != -1) ||
	    (c->err.collect && c->err.fd != -1))
		return;
	c->finishing = true;
	loop_defer(c->loop, child_finish, c);
}

static void
child_on_sigchld(void *arg)
{
	struct child *c = arg;
	siginfo_t si = { 0 };

	if (c->exited || c->pid == 0)
		return;
	if (waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) ==
		-1 ||
	    si.si_pid != c->pid)
		return;
	c->exited = true;
	child_maybe_finish(c);
}

/* No on_exit: what it points to may be gone with the loop's owner. */
static void
child_on_loop_free(void *arg)
{
	struct child *c = arg;

	if (c->pid != 0) {
		child_kill(c, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	child_free(c);
}

static void
child_read(struct child *c, struct child_end *s)
{
	char buf[CHILD_READ_STEP];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		size_t room = s->text.max - s->text.len;

		if ((size_t)n > room)
			s->truncated = true;
		str_addn(&s->text, buf, (size_t)n < room ? (size_t)n : room);
		return;
	}
	child_end_close(s);
	child_maybe_finish(c);
}

static void
child_on_out(int fd, int what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	child_read(c, &c->out);
}

static void
child_on_err(int fd, int what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	child_read(c, &c->err);
}

static void
child_on_in(int fd, int what, void *arg)
{
	struct child *c = arg;
	ssize_t n;

	(void)what;
	n = write(fd, c->bytes + c->bytes_done, c->bytes_len - c->bytes_done);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->bytes_done += (size_t)n;
	/* An error is a child that does not want to read: its own affair. */
	if (n == -1 || c->bytes_done == c->bytes_len)
		child_end_close(&c->in);
}

/*
 * SIGTERM, then SIGKILL, then the end of a stream that a process outside the
 * group still holds.
 */
static void
child_on_limit(void *arg)
{
	struct child *c = arg;

	switch (c->limit) {
	case CHILD_LIMIT_WAIT:
		c->timed_out = true;
		c->limit = CHILD_LIMIT_TERM;
		child_kill(c, SIGTERM);
		timer_set(c->timer, CHILD_KILL_AFTER_MS);
		return;
	case CHILD_LIMIT_TERM:
		c->limit = CHILD_LIMIT_KILL;
		child_kill(c, SIGKILL);
		timer_set(c->timer, CHILD_CUT_AFTER_MS);
		return;
	case CHILD_LIMIT_KILL:
		c->out.truncated |= c->out.collect && c->out.fd != -1;
		c->err.truncated |= c->err.collect && c->err.fd != -1;
		child_end_close(&c->out);
		child_end_close(&c->err);
		child_maybe_finish(c);
		return;
	}
}

static void
child_watch_streams(struct child *c, const struct child_spec *spec)
{
	if (spec->in == CHILD_BYTES && c->bytes_len == 0)
		child_end_close(&c->in);
	if (spec->in == CHILD_BYTES && c->in.fd != -1) {
		c->in.watch = watch_new(c->loop, c->in.fd, child_on_in, c);
		watch_set(c->in.watch, WATCH_WRITE);
	}
	if (c->out.collect) {
		c->out.watch = watch_new(c->loop, c->out.fd, child_on_out, c);
		watch_set(c->out.watch, WATCH_READ);
	}
	if (c->err.collect) {
		c->err.watch = watch_new(c->loop, c->err.fd, child_on_err, c);
		watch_set(c->err.watch, WATCH_READ);
	}
}

static struct child *
child_new(struct loop *l, const struct child_spec *spec)
{
	struct child *c = xcalloc(1, sizeof(*c));
	size_t max = spec->max_output;

	if (max == 0)
		max = CHILD_OUTPUT_DEFAULT;
	c->loop = l;
	c->in.fd = c->out.fd = c->err.fd = -1;
	c->out.text = c->err.text = STR_INIT_MAX(max);
	c->out.collect = spec->out == CHILD_COLLECT;
	c->err.collect = spec->err == CHILD_COLLECT;
	c->on_exit = spec->on_exit;
	c->arg = spec->arg;
	if (spec->in == CHILD_BYTES && spec->in_len > 0) {
		c->bytes = xmalloc(spec->in_len);
		memcpy(c->bytes, spec->in_bytes, spec->in_len);
		c->bytes_len = spec->in_len;
	}
	return c;
}

static void
child_limit_data(const struct child *c, uint64_t max)
{
	const struct rlimit r = { .rlim_cur = max, .rlim_max = max };

	if (max > 0 && prlimit(c->pid, RLIMIT_DATA, &r, NULL) == -1)
		log_warn("child unlimited pid=%d errno=%d", (int)c->pid, errno);
}

int
child_start(struct loop *l, const struct child_spec *spec, struct child **out,
    struct err *e)
{
	struct child *c = child_new(l, spec);
	struct child_fds f = { .n = 0 };
	int ours[3];

	c->hook = (struct loop_hook){ .on_sigchld = child_on_sigchld,
		.on_loop_free = child_on_loop_free,
		.arg = c };
	/* Before the spawn, so that an early exit cannot be missed. */
	if (loop_hook_add(l, &c->hook, e) == -1) {
		child_free(c);
		return -1;
	}
	if (child_fds_open(&f, spec, ours, e) == -1)
		goto fail;
	c->in.fd = ours[0];
	c->out.fd = ours[1];
	c->err.fd = ours[2];
	if (child_fds_spawn(&f, spec, &c->pid, e) == -1)
		goto fail;
	child_fds_release(&f);
	child_limit_data(c, spec->max_data);
	child_watch_streams(c, spec);
	if (spec->limit_ms > 0) {
		c->timer = timer_new(l, child_on_limit, c);
		timer_set(c->timer, spec->limit_ms);
	}
	if (out != NULL)
		*out = c;
	return 0;

fail:
	child_fds_release(&f);
	loop_hook_del(&c->hook);
	child_free(c);
	return -1;
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

static int
child_take(struct child_end *s)
{
	int fd = s->fd;

	if (s->watch != NULL || s->collect)
		return -1;
	s->fd = -1;
	return fd;
}

int
child_take_in(struct child *c)
{
	return child_take(&c->in);
}

int
child_take_out(struct child *c)
{
	return child_take(&c->out);
}

int
child_take_err(struct child *c)
{
	return child_take(&c->err);
}

void
child_kill(struct child *c, int sig)
{
	(void)kill(-c->pid, sig);
}

static void
child_on_exit_nobody(const struct child_exit *x, void *arg)
{
	(void)x;
	(void)arg;
}

void
child_forget(struct child *c)
{
	c->on_exit = child_on_exit_nobody;
	c->arg = NULL;
	child_kill(c, SIGKILL);
}

/* The last line that says something, cut, without control bytes. */
static struct view
child_last_line(const char *text, size_t len)
{
	struct view v = view_trim((struct view){ .p = text, .len = len });
	size_t at = v.len;

	while (at > 0 && v.p[at - 1] != '\n')
		at--;
	v = view_trim(view_from(v, at));
	if (v.len > CHILD_LAST_LINE_MAX)
		v.len = CHILD_LAST_LINE_MAX;
	return v;
}

int
child_check(const struct child_exit *x, const char *what, struct err *e)
{
	AUTO_STR struct str tail = STR_INIT;
	struct view line;

	if (x->timed_out)
		return err_set(e, ERR_TIMEOUT, "%s: time limit reached", what);
	if (WIFSIGNALED(x->status))
		return err_set(e, ERR_IO, "%s: killed by signal %d", what,
		    WTERMSIG(x->status));
	if (WEXITSTATUS(x->status) == 0)
		return 0;
	line = child_last_line(x->err, x->errlen);
	if (line.len == 0)
		line = child_last_line(x->out, x->outlen);
	for (size_t i = 0; i < line.len; i++) {
		unsigned char ch = (unsigned char)line.p[i];
		bool plain = ch >= 0x20 && ch < 0x7f;

		str_addn(&tail, plain ? &line.p[i] : "?", 1);
	}
	return err_set(e, ERR_IO, "%s: exit %d%s%s", what,
	    WEXITSTATUS(x->status), tail.len > 0 ? ": " : "", str_cstr(&tail));
}
