#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	LISTENER_SLICE = 32,   /* accepts in one turn */
	LISTENER_REST_MS = 500 /* when descriptors have run out */
};

struct listener {
	struct loop *loop;
	int fd; /* -1: closed, waiting to be freed */
	bool paused;
	struct watch *watch;
	struct timer *rest;
	listener_fn *fn;
	void *arg;
};

static void
listener_update(struct listener *s)
{
	bool on = !s->paused && !timer_pending(s->rest);

	watch_set(s->watch, on ? WATCH_READ : 0);
}

static void
listener_on_rest(void *arg)
{
	listener_update(arg);
}

/* A peer that went away before the accept is not an error of the listener. */
static void
listener_on_error(struct listener *s)
{
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_warn("listener rest fd=%d errno=%d", s->fd, errno);
		timer_set(s->rest, LISTENER_REST_MS);
		listener_update(s);
		return;
	default:
		return;
	}
}

static void
listener_on_ready(int fd, int what, void *arg)
{
	struct listener *s = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < LISTENER_SLICE && s->fd != -1 && !s->paused; i++) {
		struct sock_addr peer = { .len = sizeof(peer.ss) };
		struct sockaddr *sa = (struct sockaddr *)(void *)&peer.ss;
		int got = accept4(
		    s->fd, sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got == -1) {
			listener_on_error(s);
			return;
		}
		s->fn(got, &peer, s->arg);
	}
}

struct listener *
listener_new(struct loop *l, int fd, listener_fn *fn, void *arg)
{
	struct listener *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->fd = fd;
	s->fn = fn;
	s->arg = arg;
	s->watch = watch_new(l, fd, listener_on_ready, s);
	s->rest = timer_new(l, listener_on_rest, s);
	listener_update(s);
	return s;
}

void
listener_pause(struct listener *s)
{
	s->paused = true;
	listener_update(s);
}

void
listener_resume(struct listener *s)
{
	s->paused = false;
	listener_update(s);
}

void
listener_free(struct listener *s)
{
	if (s == NULL || s->fd == -1)
		return;
	watch_free(s->watch);
	timer_free(s->rest);
	(void)close(s->fd);
	s->fd = -1;
	/* It may be its own callback that frees it. */
	loop_defer(s->loop, free, s);
}
