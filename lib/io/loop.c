#include "lib/io/loop.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/io/loop_priv.h"

enum {
	LOOP_FREE_ROUNDS = 64
};

struct loop_call {
	STAILQ_ENTRY(loop_call) entry;
	loop_fn *fn;
	void *arg;
};

STAILQ_HEAD(loop_calls, loop_call);
LIST_HEAD(loop_signals, loop_signal);
LIST_HEAD(loop_hooks, loop_hook);

struct loop_signal {
	LIST_ENTRY(loop_signal) entry;
	int sig;
	struct event *ev;
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *ev_defer;
	struct event *ev_post;
	struct event *ev_chld;
	int post_fd;
	bool stop;
	bool defer_armed;
	struct loop_calls deferred;
	struct loop_calls posted; /* under lock, with n_posted */
	pthread_mutex_t lock;
	struct loop_signals signals;
	struct loop_hooks hooks;
};

static void
loop_on_libevent_log(int severity, const char *msg)
{
	if (severity >= EVENT_LOG_ERR)
		log_error("loop libevent msg=%s", log_val(msg));
	else if (severity == EVENT_LOG_WARN)
		log_warn("loop libevent msg=%s", log_val(msg));
}

/* Only what is queued now: a call deferred by a call waits for its turn. */
static void
loop_run_calls(struct loop_calls *calls)
{
	struct loop_calls batch = STAILQ_HEAD_INITIALIZER(batch);
	struct loop_call *c;

	STAILQ_CONCAT(&batch, calls);
	while ((c = STAILQ_FIRST(&batch)) != NULL) {
		loop_fn *fn = c->fn;
		void *arg = c->arg;

		STAILQ_REMOVE_HEAD(&batch, entry);
		free(c);
		fn(arg);
	}
}

static void
loop_push(struct loop_calls *calls, loop_fn *fn, void *arg)
{
	struct loop_call *c = xmalloc(sizeof(*c));

	c->fn = fn;
	c->arg = arg;
	STAILQ_INSERT_TAIL(calls, c, entry);
}

static void
loop_on_defer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	l->defer_armed = false;
	loop_run_calls(&l->deferred);
}

static void
loop_run_posted(struct loop *l)
{
	struct loop_calls batch = STAILQ_HEAD_INITIALIZER(batch);

	(void)pthread_mutex_lock(&l->lock);
	STAILQ_CONCAT(&batch, &l->posted);
	(void)pthread_mutex_unlock(&l->lock);
	loop_run_calls(&batch);
}

static void
loop_on_post(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) == -1 && errno != EAGAIN && errno != EINTR)
		die("loop eventfd read errno=%d", errno);
	loop_run_posted(arg);
}

static void
loop_on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	struct loop *l = arg;
	struct loop_hook *h, *next;

	(void)sig;
	(void)what;
	LIST_FOREACH_SAFE(h, &l->hooks, entry, next)
		h->on_sigchld(h->arg);
}

static void
loop_on_signal_event(evutil_socket_t sig, short what, void *arg)
{
	const struct loop_signal *s = arg;

	(void)sig;
	(void)what;
	s->fn(s->arg);
}

struct loop *
loop_new(struct err *e)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	STAILQ_INIT(&l->deferred);
	STAILQ_INIT(&l->posted);
	LIST_INIT(&l->signals);
	LIST_INIT(&l->hooks);
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(loop_on_libevent_log);
	l->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->post_fd == -1) {
		err_sys(e, ERR_IO, "eventfd");
		goto fail;
	}
	l->base = event_base_new();
	if (l->base == NULL) {
		err_set(e, ERR_INTERNAL, "cannot make an event loop");
		goto fail;
	}
	l->ev_defer = evtimer_new(l->base, loop_on_defer, l);
	l->ev_post = event_new(
	    l->base, l->post_fd, EV_READ | EV_PERSIST, loop_on_post, l);
	if (l->ev_defer == NULL || l->ev_post == NULL ||
	    event_add(l->ev_post, NULL) == -1) {
		err_set(e, ERR_INTERNAL, "cannot watch the loop's wake-up");
		goto fail;
	}
	return l;

fail:
	loop_free(l);
	return NULL;
}

static void
loop_free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

/*
 * Deferred calls free objects, and those may defer again.  The bound is for a
 * defect that defers for ever.
 */
void
loop_drain(struct loop *l)
{
	for (int i = 0; i < LOOP_FREE_ROUNDS; i++) {
		loop_run_posted(l);
		if (STAILQ_EMPTY(&l->deferred))
			return;
		loop_run_calls(&l->deferred);
	}
}

void
loop_free(struct loop *l)
{
	struct loop_signal *s;
	struct loop_hook *h;

	if (l == NULL)
		return;
	if (l->base != NULL)
		loop_drain(l);
	while ((h = LIST_FIRST(&l->hooks)) != NULL) {
		LIST_REMOVE(h, entry);
		h->on_loop_free(h->arg);
	}
	if (l->base != NULL)
		loop_drain(l);
	while ((s = LIST_FIRST(&l->signals)) != NULL) {
		LIST_REMOVE(s, entry);
		event_free(s->ev);
		free(s);
	}
	loop_free_event(l->ev_defer);
	loop_free_event(l->ev_post);
	loop_free_event(l->ev_chld);
	if (l->base != NULL)
		event_base_free(l->base);
	if (l->post_fd != -1)
		(void)close(l->post_fd);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

int
loop_run(struct loop *l, struct err *e)
{
	int rc = 0;

	if (!l->stop)
		rc = event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	l->stop = false;
	if (rc == -1)
		return err_set(e, ERR_INTERNAL, "the event loop failed");
	return 0;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
	(void)event_base_loopbreak(l->base);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

void
loop_defer(struct loop *l, loop_fn *fn, void *arg)
{
	const struct timeval now = { 0 };

	loop_push(&l->deferred, fn, arg);
	if (l->defer_armed)
		return;
	if (evtimer_add(l->ev_defer, &now) == -1)
		die("loop defer cannot-arm");
	l->defer_armed = true;
}

void
loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&l->lock);
	loop_push(&l->posted, fn, arg);
	(void)pthread_mutex_unlock(&l->lock);
	/* EAGAIN: the counter is full, so the loop is awake anyway. */
	if (write(l->post_fd, &one, sizeof(one)) == -1 && errno != EAGAIN)
		die("loop eventfd write errno=%d", errno);
}

int
loop_on_signal(struct loop *l, int sig, loop_fn *fn, void *arg, struct err *e)
{
	struct loop_signal *s;

	LIST_FOREACH(s, &l->signals, entry)
		if (s->sig == sig)
			return err_set(e, ERR_EXISTS,
			    "signal %d has a handler already", sig);
	s = xcalloc(1, sizeof(*s));
	s->sig = sig;
	s->fn = fn;
	s->arg = arg;
	s->ev = evsignal_new(l->base, sig, loop_on_signal_event, s);
	if (s->ev == NULL || event_add(s->ev, NULL) == -1) {
		loop_free_event(s->ev);
		free(s);
		return err_set(e, ERR_INTERNAL, "cannot watch signal %d", sig);
	}
	LIST_INSERT_HEAD(&l->signals, s, entry);
	return 0;
}

void
loop_off_signal(struct loop *l, int sig)
{
	struct loop_signal *s, *next;

	LIST_FOREACH_SAFE(s, &l->signals, entry, next) {
		if (s->sig != sig)
			continue;
		LIST_REMOVE(s, entry);
		loop_free_event(s->ev);
		free(s);
	}
}

int
loop_hook_add(struct loop *l, struct loop_hook *h, struct err *e)
{
	if (l->ev_chld == NULL) {
		l->ev_chld = evsignal_new(l->base, SIGCHLD, loop_on_sigchld, l);
		if (l->ev_chld == NULL || event_add(l->ev_chld, NULL) == -1) {
			loop_free_event(l->ev_chld);
			l->ev_chld = NULL;
			return err_set(
			    e, ERR_INTERNAL, "cannot watch for SIGCHLD");
		}
	}
	LIST_INSERT_HEAD(&l->hooks, h, entry);
	return 0;
}

void
loop_hook_del(struct loop_hook *h)
{
	LIST_REMOVE(h, entry);
}
