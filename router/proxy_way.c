#include "router/proxy_way.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"

void
proxy_way_forget(struct proxy_way *w)
{
	if (w->has_pipe)
		return;
	free(w->buf);
	w->buf = NULL;
	w->cap = w->off = w->len = 0;
}

void
proxy_way_release(struct proxy_way *w, unsigned *pipes)
{
	if (w->has_pipe) {
		(void)close(w->pipe[0]);
		(void)close(w->pipe[1]);
		w->has_pipe = false;
		w->len = 0;
		--*pipes;
	}
	proxy_way_forget(w);
}

bool
proxy_way_has_room(const struct proxy_way *w)
{
	if (w->eof)
		return false;
	if (w->has_pipe)
		return !w->pipe_full;
	return w->buf == NULL || w->len < w->cap;
}

/* While nothing is held, so that nothing changes its place. */
static void
proxy_way_open_pipe(struct proxy_way *w, unsigned *pipes)
{
	if (*pipes >= PROXY_PIPES_MAX ||
	    pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return;
	(void)fcntl(w->pipe[1], F_SETPIPE_SZ, PROXY_PIPE_SIZE);
	w->has_pipe = true;
	++*pipes;
}

static ssize_t
proxy_way_read_buf(struct proxy_way *w, int fd, size_t cap)
{
	ssize_t n;

	if (w->buf == NULL) {
		w->buf = xmalloc(cap);
		w->cap = cap;
	}
	if (w->off > 0 && w->off + w->len == w->cap) {
		memmove(w->buf, w->buf + w->off, w->len);
		w->off = 0;
	}
	n = read(fd, w->buf + w->off + w->len, w->cap - w->off - w->len);
	if (n <= 0 && w->len == 0)
		proxy_way_forget(w);
	return n;
}

int
proxy_way_read(struct proxy_way *w, int fd, size_t cap, unsigned *pipes)
{
	ssize_t n;

	if (!proxy_way_has_room(w))
		return 0;
	if (pipes != NULL && !w->has_pipe && w->len == 0 &&
	    w->bytes >= PROXY_BULK)
		proxy_way_open_pipe(w, pipes);
	if (w->has_pipe)
		n = splice(fd, NULL, w->pipe[1], NULL, PROXY_PIPE_SIZE,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	else
		n = proxy_way_read_buf(w, fd, cap);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return -1;
	/* There is nothing, or no place in the pipe: the next write tells. */
	if (n == -1 && w->has_pipe && w->len > 0)
		w->pipe_full = true;
	if (n == 0)
		w->eof = true;
	if (n > 0) {
		w->len += (size_t)n;
		w->bytes += (uint64_t)n;
	}
	return 0;
}

ssize_t
proxy_way_write(struct proxy_way *w, int fd, size_t max)
{
	ssize_t n;

	if (max == 0)
		return 0;
	if (w->has_pipe)
		n = splice(w->pipe[0], NULL, fd, NULL, max,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	else
		n = write(fd, w->buf + w->off, max);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->pipe_full = false;
	w->len -= (size_t)n;
	if (w->has_pipe)
		return n;
	w->off += (size_t)n;
	if (w->len == 0)
		proxy_way_forget(w);
	return n;
}
