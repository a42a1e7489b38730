#include "lib/io/watch.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <stdbool.h>
#include <stdlib.h>

#include <event2/event.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"

enum {
	WATCH_MEM_MAJOR = 1 /* /dev/null, /dev/zero */
};

struct watch {
	struct event *ev;
	struct event_base *base;
	int fd;
	int what;
	bool always; /* a file: epoll(7) refuses it, and it never blocks */
	watch_fn *fn;
	void *arg;
};

static void
watch_arm_always(struct watch *w)
{
	const struct timeval now = { 0 };

	if (evtimer_add(w->ev, &now) == -1)
		die("watch cannot-arm fd=%d", w->fd);
}

/* The last thing here is the call: it may free the watch. */
static void
watch_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	int ready = 0;

	(void)fd;
	if (w->always) {
		watch_arm_always(w);
		w->fn(w->fd, w->what, w->arg);
		return;
	}
	if ((what & EV_READ) != 0)
		ready |= WATCH_READ;
	if ((what & EV_WRITE) != 0)
		ready |= WATCH_WRITE;
	w->fn(w->fd, ready & w->what, w->arg);
}

static bool
watch_is_always_ready(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	return S_ISREG(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && major(st.st_rdev) == WATCH_MEM_MAJOR);
}

struct watch *
watch_new(struct loop *l, int fd, watch_fn *fn, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->base = loop_base(l);
	w->fd = fd;
	w->fn = fn;
	w->arg = arg;
	w->always = watch_is_always_ready(fd);
	w->ev = event_new(w->base, -1, 0, watch_on_event, w);
	if (w->ev == NULL)
		die("watch cannot-make fd=%d", fd);
	return w;
}

void
watch_set(struct watch *w, int what)
{
	short flags = EV_PERSIST;

	if (w->what == what)
		return;
	w->what = what;
	(void)event_del(w->ev);
	if (what == 0)
		return;
	if (w->always) {
		watch_arm_always(w);
		return;
	}
	if ((what & WATCH_READ) != 0)
		flags |= EV_READ;
	if ((what & WATCH_WRITE) != 0)
		flags |= EV_WRITE;
	if (event_assign(w->ev, w->base, w->fd, flags, watch_on_event, w) ==
		-1 ||
	    event_add(w->ev, NULL) == -1)
		die("watch cannot-arm fd=%d", w->fd);
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	event_free(w->ev);
	free(w);
}
