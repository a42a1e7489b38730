#include "cli/fetch/gitstream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/fetch.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"

enum {
	GITSTREAM_ERR_MAX = 4096,
	/* Of git alone: what a hostile object could make it hold. */
	GITSTREAM_DATA_MAX = 2000 << 20,
	GITSTREAM_HEAD_MAX = 200
};

struct gitstream {
	struct fetch_job *j;
	struct child *child;
	const char *name; /* of the command, for errors */
	int in, out;
	int64_t until;
	bool ended;
	bool reaping; /* the loop runs for it, not for another program */
	int status;
};

static void
gitstream_on_exit(const struct child_exit *x, void *arg)
{
	struct gitstream *s = arg;
	struct err ignored = ERR_INIT;

	s->child = NULL;
	s->status = x->status;
	if (s->reaping)
		loop_stop(remote_loop(s->j->c, &ignored));
}

static char *
gitstream_err_path(const struct fetch_job *j)
{
	return path_join(j->box, "coffer-stderr");
}

/* The command's name is behind git's own options. */
static const char *
gitstream_name(const char *const *argv)
{
	while (argv[0] != NULL && argv[1] != NULL && strcmp(argv[0], "-c") == 0)
		argv += 2;
	return argv[0];
}

struct gitstream *
gitstream_open(struct fetch_job *j, const char *const *argv,
    const char *in_file, bool asks, struct err *e)
{
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	AUTO_FREE char *err_path = gitstream_err_path(j);
	AUTO_CLOSE int err_fd = open(
	    err_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	AUTO_CLOSE int in_fd = in_file == NULL
	    ? -1
	    : open(in_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct gitstream *s = xcalloc(1, sizeof(*s));
	struct child_spec spec = { .out = CHILD_PIPE,
		.err = CHILD_FD,
		.err_fd = err_fd,
		.in = asks ? CHILD_PIPE : CHILD_NULL,
		.max_data = GITSTREAM_DATA_MAX,
		.on_exit = gitstream_on_exit,
		.arg = s };

	s->j = j;
	s->name = gitstream_name(argv);
	s->in = s->out = -1;
	s->until = clock_mono_ms() + FETCH_GIT_MS;
	if (in_file != NULL) {
		spec.in = CHILD_FD;
		spec.in_fd = in_fd;
	}
	if (err_fd == -1 || (in_file != NULL && in_fd == -1)) {
		(void)err_sys(e, ERR_IO, "git %s", s->name);
		free(s);
		return NULL;
	}
	if (fetch_git_start(j, &g, &spec, &s->child, e) == -1) {
		free(s);
		return NULL;
	}
	s->out = child_take_out(s->child);
	s->in = asks ? child_take_in(s->child) : -1;
	return s;
}

/* Until fd can be used, or the time is over. */
static int
gitstream_wait(struct gitstream *s, int fd, short events, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = s->until - clock_mono_ms();
	int n = left <= 0 ? 0 : poll(&p, 1, (int)left);

	if (n == 0)
		return err_set(
		    e, ERR_TIMEOUT, "git %s did not end in time", s->name);
	if (n == -1 && errno != EINTR)
		return err_sys(e, ERR_IO, "git %s", s->name);
	return 0;
}

ssize_t
gitstream_read(struct gitstream *s, void *buf, size_t n, struct err *e)
{
	for (;;) {
		ssize_t got = read(s->out, buf, n);

		if (got == 0)
			s->ended = true;
		if (got >= 0)
			return got;
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, ERR_IO, "git %s", s->name);
		if (gitstream_wait(s, s->out, POLLIN, e) == -1)
			return -1;
	}
}

int
gitstream_ask(struct gitstream *s, struct view line, struct err *e)
{
	while (line.len > 0) {
		ssize_t n = write(s->in, line.p, line.len);

		if (n >= 0)
			line = view_from(line, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, ERR_IO, "git %s", s->name);
		else if (gitstream_wait(s, s->in, POLLOUT, e) == -1)
			return -1;
	}
	return 0;
}

/* The last line that git wrote on stderr. */
static void
gitstream_last_words(struct gitstream *s, struct err *e)
{
	AUTO_FREE char *path = gitstream_err_path(s->j);
	AUTO_STR struct str text = STR_INIT;
	struct err ignored = ERR_INIT;
	struct view v;
	const char *nl;

	(void)path_read(path, GITSTREAM_ERR_MAX, &text, &ignored);
	v = view_trim(str_view(&text));
	nl = v.len == 0 ? NULL : memrchr(v.p, '\n', v.len);
	if (nl != NULL)
		v = view_from(v, (size_t)(nl + 1 - v.p));
	(void)err_set(e, ERR_INTERNAL, "git %s failed: %.*s", s->name,
	    (int)(v.len > 160 ? 160 : v.len), v.len == 0 ? "" : v.p);
}

static void
gitstream_reap(struct gitstream *s)
{
	struct err ignored = ERR_INIT;
	struct loop *loop = remote_loop(s->j->c, &ignored);

	if (s->in != -1)
		(void)close(s->in);
	(void)close(s->out);
	s->reaping = true;
	while (
	    s->child != NULL && loop != NULL && loop_run(loop, &ignored) == 0)
		;
}

int
gitstream_close(struct gitstream *s, struct err *e)
{
	int rc = 0;

	if (!s->ended) {
		gitstream_drop(s);
		return err_set(e, ERR_INTERNAL, "git was not read to its end");
	}
	gitstream_reap(s);
	if (s->status != 0) {
		gitstream_last_words(s, e);
		rc = -1;
	}
	free(s);
	return rc;
}

void
gitstream_drop(struct gitstream *s)
{
	if (s == NULL)
		return;
	if (s->child != NULL)
		child_kill(s->child, SIGKILL);
	gitstream_reap(s);
	free(s);
}

int
gitstream_all(struct fetch_job *j, const char *const *argv, const char *in_file,
    gitstream_fn *fn, void *arg, struct err *e)
{
	struct gitstream *s = gitstream_open(j, argv, in_file, false, e);
	AUTO_FREE char *buf = xmalloc(GITSTREAM_PIECE);
	ssize_t n;

	if (s == NULL)
		return -1;
	while ((n = gitstream_read(s, buf, GITSTREAM_PIECE, e)) > 0)
		if (fn((struct view){ buf, (size_t)n }, arg, e) == -1)
			break;
	if (n == 0)
		return gitstream_close(s, e);
	gitstream_drop(s);
	return -1;
}

struct blobs {
	struct gitstream *s;
	bool listed;
	char *buf;
	size_t at, end;
};

struct blobs *
blobs_open_list(struct fetch_job *j, const char *in_file, struct err *e)
{
	/* From 1 MiB on git hands an object on as it reads it. */
	const char *const argv[] = { "-c", "core.bigFileThreshold=1m",
		"cat-file", "--batch", in_file == NULL ? NULL : "--buffer",
		NULL };
	struct gitstream *s = gitstream_open(
	    j, argv, in_file, in_file == NULL, e);
	struct blobs *b;

	if (s == NULL)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->s = s;
	b->listed = in_file != NULL;
	b->buf = xmalloc(GITSTREAM_PIECE);
	return b;
}

struct blobs *
blobs_open(struct fetch_job *j, struct err *e)
{
	return blobs_open_list(j, NULL, e);
}

void
blobs_close(struct blobs *b)
{
	if (b == NULL)
		return;
	gitstream_drop(b->s);
	free(b->buf);
	free(b);
}

static int
blobs_fill(struct blobs *b, struct err *e)
{
	ssize_t n;

	if (b->at < b->end)
		return 0;
	n = gitstream_read(b->s, b->buf, GITSTREAM_PIECE, e);
	if (n == 0)
		return err_set(e, ERR_PROTO, "git cat-file ended early");
	if (n == -1)
		return -1;
	b->at = 0;
	b->end = (size_t)n;
	return 0;
}

/* "ID TYPE SIZE\n" */
static int
blobs_head(struct blobs *b, const char *id, uint64_t *size, struct err *e)
{
	char head[GITSTREAM_HEAD_MAX];
	struct view rest, part;
	AUTO_FREE char *number = NULL;
	size_t n = 0;

	for (;;) {
		char c;

		if (blobs_fill(b, e) == -1)
			return -1;
		c = b->buf[b->at++];
		if (c == '\n')
			break;
		if (n == sizeof(head))
			return err_set(e, ERR_PROTO, "git cat-file: odd head");
		head[n++] = c;
	}
	rest = (struct view){ head, n };
	if (!view_split(&rest, ' ', &part) || !view_is(part, id) ||
	    !view_split(&rest, ' ', &part) || rest.len == 0)
		return err_set(e, ERR_PROTO,
		    "a changed file is not in the branch's objects");
	number = view_dup(rest);
	return num_u64(number, 0, UINT64_MAX / 2, size, e);
}

int
blobs_get(struct blobs *b, const char *id, uint64_t *size, gitstream_fn *fn,
    void *arg, struct err *e)
{
	AUTO_STR struct str line = STR_INIT;
	uint64_t left = 0;

	str_addf(&line, "%s\n", id);
	b->s->until = clock_mono_ms() + FETCH_GIT_MS;
	if ((!b->listed && gitstream_ask(b->s, str_view(&line), e) == -1) ||
	    blobs_head(b, id, &left, e) == -1)
		return -1;
	if (size != NULL)
		*size = left;
	while (left > 0) {
		size_t n;

		if (blobs_fill(b, e) == -1)
			return -1;
		n = b->end - b->at;
		n = n < left ? n : (size_t)left;
		if (fn((struct view){ b->buf + b->at, n }, arg, e) == -1)
			return -1;
		b->at += n;
		left -= n;
	}
	if (blobs_fill(b, e) == -1)
		return -1;
	return b->buf[b->at++] == '\n'
	    ? 0
	    : err_set(e, ERR_PROTO, "git cat-file: an object does not end");
}

static int
blobs_on_text(struct view piece, void *arg, struct err *e)
{
	(void)e;
	str_addv(arg, piece);
	return 0;
}

int
blobs_text(
    struct blobs *b, const char *id, size_t max, struct str *out, struct err *e)
{
	*out = STR_INIT_MAX(max);
	if (blobs_get(b, id, NULL, blobs_on_text, out, e) == -1)
		return -1;
	return str_ok(out) ? 0 : err_set(e, ERR_LIMIT, "over %zu bytes", max);
}
