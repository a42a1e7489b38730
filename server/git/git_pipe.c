#include "server/git/git_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/watch.h"

enum {
	GITPIPE_IN_MAX = 256 << 10,
	GITPIPE_OUT_LOW = 256 << 10, /* without hold */
	GITPIPE_STEP = 64 << 10,
	GITPIPE_KERNEL = 256 << 10 /* git's packets do not fit into 64 KiB */
};

struct git_pipe {
	struct loop *loop;
	struct child *child; /* NULL: exited */
	int status;
	bool timed_out;
	struct err fail; /* of the exit, or ours */
	bool exited;
	void (*on_event)(void *arg);
	void *arg;
	char *tmp;
	bool hold;
	bool abandoned;
	bool telling; /* a turn of gitpipe_tell is due */
	bool freed;

	int in_fd; /* -1: closed */
	struct watch *in_watch;
	struct str in;
	size_t in_off;
	bool in_end;
	bool in_full; /* the owner waits for room */

	int out_fd; /* -1: end of output */
	struct watch *out_watch;
	struct str out;
	size_t out_off;
	int spool; /* -1: none */
	off_t spool_read, spool_end;
};

static void
gitpipe_tell(void *arg)
{
	struct git_pipe *p = arg;

	p->telling = false;
	if (p->freed)
		free(p);
	else
		p->on_event(p->arg);
}

static void
gitpipe_event(struct git_pipe *p)
{
	if (p->telling)
		return;
	p->telling = true;
	loop_defer(p->loop, gitpipe_tell, p);
}

static void
gitpipe_close_in(struct git_pipe *p)
{
	watch_free(p->in_watch);
	p->in_watch = NULL;
	if (p->in_fd != -1)
		(void)close(p->in_fd);
	p->in_fd = -1;
	str_reset(&p->in);
	p->in_off = 0;
}

static void
gitpipe_close_out(struct git_pipe *p)
{
	watch_free(p->out_watch);
	p->out_watch = NULL;
	if (p->out_fd != -1)
		(void)close(p->out_fd);
	p->out_fd = -1;
}

static void
gitpipe_broken(struct git_pipe *p, const char *why)
{
	if (p->fail.code == ERR_NONE)
		(void)err_set(&p->fail, ERR_IO, "%s", why);
	if (p->child != NULL)
		child_kill(p->child, SIGTERM);
	gitpipe_close_in(p);
	gitpipe_close_out(p);
	gitpipe_event(p);
}

/* Write what is queued; false when the pipe is full. */
static void
gitpipe_flush(struct git_pipe *p)
{
	while (p->in_fd != -1 && p->in_off < p->in.len) {
		ssize_t n = write(
		    p->in_fd, p->in.p + p->in_off, p->in.len - p->in_off);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			watch_set(p->in_watch, WATCH_WRITE);
			return;
		}
		/* git may stop reading early; its reply says why. */
		if (n <= 0) {
			gitpipe_close_in(p);
			break;
		}
		p->in_off += (size_t)n;
	}
	str_reset(&p->in);
	p->in_off = 0;
	if (p->in_fd == -1)
		return;
	watch_set(p->in_watch, 0);
	if (p->in_end)
		gitpipe_close_in(p);
}

static void
gitpipe_on_in(int fd, int what, void *arg)
{
	struct git_pipe *p = arg;

	(void)fd;
	(void)what;
	gitpipe_flush(p);
	if (p->in_full && (p->in_fd == -1 || p->in.len == 0)) {
		p->in_full = false;
		gitpipe_event(p);
	}
}

size_t
gitpipe_write(struct git_pipe *p, const void *data, size_t n)
{
	const char *from = data;
	size_t took = 0, room;

	if (p->in_fd == -1 || p->in_end)
		return n;
	/* Mostly the pipe takes it, and nothing is copied. */
	if (p->in.len == 0) {
		ssize_t w = write(p->in_fd, from, n);

		took = w > 0 ? (size_t)w : 0;
		if (took == n)
			return n;
	}
	n -= took;
	room = GITPIPE_IN_MAX - p->in.len;
	if (n > room) {
		n = room;
		p->in_full = true;
	}
	str_addn(&p->in, from + took, n);
	gitpipe_flush(p);
	if (p->in_full && p->in.len == 0) {
		p->in_full = false;
		gitpipe_event(p);
	}
	return took + n;
}

void
gitpipe_finish(struct git_pipe *p)
{
	p->in_end = true;
	if (p->in_fd != -1)
		gitpipe_flush(p);
}

static size_t
gitpipe_in_memory(const struct git_pipe *p)
{
	return p->out.len - p->out_off;
}

/* May more output be taken now? */
static bool
gitpipe_wants(const struct git_pipe *p)
{
	if (p->out_fd == -1)
		return false;
	if (p->hold || p->abandoned)
		return true;
	return p->spool_read == p->spool_end &&
	    gitpipe_in_memory(p) < GITPIPE_OUT_LOW;
}

static int
gitpipe_spool(struct git_pipe *p, const char *buf, size_t n)
{
	if (p->spool == -1)
		p->spool = open(p->tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (p->spool == -1 || p->spool_end + (off_t)n > GIT_PIPE_SPOOL_MAX)
		return -1;
	while (n > 0) {
		ssize_t w = pwrite(p->spool, buf, n, p->spool_end);

		if (w <= 0)
			return -1;
		p->spool_end += w;
		buf += w;
		n -= (size_t)w;
	}
	return 0;
}

static void
gitpipe_keep(struct git_pipe *p, const char *buf, size_t n)
{
	if (p->abandoned)
		return;
	if (p->spool_read < p->spool_end ||
	    (p->hold && gitpipe_in_memory(p) + n > GIT_PIPE_MEMORY)) {
		if (gitpipe_spool(p, buf, n) == -1)
			gitpipe_broken(p,
			    "git's answer does not fit before the request "
			    "has ended");
		return;
	}
	str_addn(&p->out, buf, n);
}

static void
gitpipe_on_out(int fd, int what, void *arg)
{
	struct git_pipe *p = arg;
	static char buf[GITPIPE_STEP];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		gitpipe_keep(p, buf, (size_t)n);
		if (!gitpipe_wants(p) && p->out_watch != NULL)
			watch_set(p->out_watch, 0);
	} else {
		gitpipe_close_out(p);
	}
	gitpipe_event(p);
}

static long
gitpipe_take(struct git_pipe *p, void *buf, size_t max)
{
	size_t n = gitpipe_in_memory(p);

	if (n > 0) {
		if (n > max)
			n = max;
		memcpy(buf, p->out.p + p->out_off, n);
		p->out_off += n;
		if (p->out_off == p->out.len) {
			str_reset(&p->out);
			p->out_off = 0;
		} else if (p->out_off > GITPIPE_STEP) {
			str_drop(&p->out, p->out_off);
			p->out_off = 0;
		}
		return (long)n;
	}
	if (p->spool_read < p->spool_end) {
		ssize_t r;

		if (max > (size_t)(p->spool_end - p->spool_read))
			max = (size_t)(p->spool_end - p->spool_read);
		r = pread(p->spool, buf, max, p->spool_read);
		if (r <= 0)
			return GIT_PIPE_FAILED;
		p->spool_read += r;
		return r;
	}
	return 0;
}

long
gitpipe_read(struct git_pipe *p, void *buf, size_t max)
{
	long n = gitpipe_take(p, buf, max);

	if (p->out_watch != NULL && gitpipe_wants(p))
		watch_set(p->out_watch, WATCH_READ);
	if (n != 0)
		return n;
	if (p->out_fd != -1 || !p->exited)
		return 0;
	/* An exit status is git's own way to end after an error it sent. */
	if (p->timed_out || !WIFEXITED(p->status))
		return GIT_PIPE_FAILED;
	return GIT_PIPE_END;
}

static void
gitpipe_on_exit(const struct child_exit *x, void *arg)
{
	struct git_pipe *p = arg;
	struct err e = ERR_INIT;

	p->child = NULL;
	p->exited = true;
	p->status = x->status;
	p->timed_out = x->timed_out;
	if (child_check(x, "git", &e) == -1 && p->fail.code == ERR_NONE)
		p->fail = e;
	gitpipe_close_in(p);
	/* A grandchild may hold the output open; it is of no interest. */
	gitpipe_event(p);
}

static int
gitpipe_spawn(
    struct git_pipe *p, const struct git_pipe_spec *spec, struct err *e)
{
	const struct child_spec cs = {
		.argv = spec->argv,
		.envp = spec->envp,
		.in = CHILD_PIPE,
		.out = CHILD_PIPE,
		.err = CHILD_COLLECT,
		.limit_ms = spec->limit_ms,
		.max_data = spec->max_data,
		.on_exit = gitpipe_on_exit,
		.arg = p,
	};

	if (child_start(p->loop, &cs, &p->child, e) == -1)
		return -1;
	p->in_fd = child_take_in(p->child);
	p->out_fd = child_take_out(p->child);
	/* Without the right to so much it stays as it is. */
	(void)fcntl(p->in_fd, F_SETPIPE_SZ, GITPIPE_KERNEL);
	(void)fcntl(p->out_fd, F_SETPIPE_SZ, GITPIPE_KERNEL);
	p->in_watch = watch_new(p->loop, p->in_fd, gitpipe_on_in, p);
	p->out_watch = watch_new(p->loop, p->out_fd, gitpipe_on_out, p);
	watch_set(p->out_watch, WATCH_READ);
	return 0;
}

struct git_pipe *
gitpipe_start(struct loop *l, const struct git_pipe_spec *spec, struct err *e)
{
	struct git_pipe *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->on_event = spec->on_event;
	p->arg = spec->arg;
	p->hold = spec->hold;
	p->in_fd = p->out_fd = p->spool = -1;
	p->in.max = GITPIPE_IN_MAX + 1;
	p->out.max = GIT_PIPE_MEMORY + 2 * GITPIPE_STEP;
	p->tmp = xstrdup(spec->tmp);
	if (gitpipe_spawn(p, spec, e) == -1) {
		free(p->tmp);
		free(p);
		return NULL;
	}
	return p;
}

void
gitpipe_free(struct git_pipe *p)
{
	if (p == NULL)
		return;
	if (p->child != NULL)
		child_forget(p->child);
	gitpipe_close_in(p);
	gitpipe_close_out(p);
	if (p->spool != -1)
		(void)close(p->spool);
	str_release(&p->in);
	str_release(&p->out);
	free(p->tmp);
	p->freed = true;
	if (!p->telling)
		free(p);
}

void
gitpipe_release(struct git_pipe *p)
{
	p->hold = false;
	if (p->out_watch != NULL)
		watch_set(p->out_watch, gitpipe_wants(p) ? WATCH_READ : 0);
}

void
gitpipe_abandon(struct git_pipe *p)
{
	p->abandoned = true;
	p->hold = false;
	if (p->child != NULL && !p->in_end)
		child_kill(p->child, SIGTERM);
	if (!p->in_end)
		gitpipe_close_in(p);
	str_reset(&p->out);
	p->out_off = 0;
	p->spool_read = p->spool_end;
	if (p->out_watch != NULL)
		watch_set(p->out_watch, WATCH_READ);
}

void
gitpipe_kill(struct git_pipe *p)
{
	gitpipe_abandon(p);
	if (p->child != NULL)
		child_kill(p->child, SIGTERM);
}

bool
gitpipe_ready(const struct git_pipe *p)
{
	return gitpipe_in_memory(p) > 0 || p->spool_read < p->spool_end;
}

bool
gitpipe_blocked(const struct git_pipe *p)
{
	return p->in_full;
}

bool
gitpipe_exited(const struct git_pipe *p)
{
	return p->exited;
}

bool
gitpipe_was_killed(const struct git_pipe *p)
{
	return p->exited && !WIFEXITED(p->status);
}

bool
gitpipe_timed_out(const struct git_pipe *p)
{
	return p->timed_out;
}

int
gitpipe_check(const struct git_pipe *p, const char *what, struct err *e)
{
	if (p->fail.code == ERR_NONE)
		return 0;
	*e = p->fail;
	return err_wrap(e, "%s", what);
}
