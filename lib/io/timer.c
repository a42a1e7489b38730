#include "lib/io/timer.h"

#include <stdlib.h>

#include <event2/event.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"

struct timer {
	struct event *ev;
	loop_fn *fn;
	void *arg;
};

/* The last thing here is the call: it may free the timer. */
static void
timer_on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

struct timer *
timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct timer *t = xcalloc(1, sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	t->ev = evtimer_new(loop_base(l), timer_on_event, t);
	if (t->ev == NULL)
		die("timer cannot-make");
	return t;
}

void
timer_set(struct timer *t, int64_t ms)
{
	struct timeval tv = { 0 };

	if (ms > 0) {
		tv.tv_sec = (time_t)(ms / 1000);
		tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	}
	if (evtimer_add(t->ev, &tv) == -1)
		die("timer cannot-arm ms=%lld", (long long)ms);
}

void
timer_cancel(struct timer *t)
{
	(void)evtimer_del(t->ev);
}

bool
timer_pending(const struct timer *t)
{
	return evtimer_pending(t->ev, NULL) != 0;
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}
