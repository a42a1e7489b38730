#include "router/respawn.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"

enum {
	RESPAWN_FIRST_MS = 100,
	RESPAWN_MAX_MS = 10000,
	RESPAWN_STEADY_MS = 60000
};

struct respawn {
	struct loop *loop;
	const char *name;
	respawn_fn *fn;
	void *arg;
	struct child *child; /* NULL while none runs */
	struct timer *timer;
	int64_t pause_ms, started_ms;
	bool stopped;
};

static void
respawn_later(struct respawn *r)
{
	timer_set(r->timer, r->pause_ms);
	r->pause_ms *= 2;
	if (r->pause_ms > RESPAWN_MAX_MS)
		r->pause_ms = RESPAWN_MAX_MS;
}

static void
respawn_on_exit(const struct child_exit *x, void *arg)
{
	struct respawn *r = arg;
	struct err e = ERR_INIT;

	r->child = NULL;
	if (r->stopped)
		return;
	if (child_check(x, r->name, &e) == 0)
		err_set(&e, ERR_INTERNAL, "%s ended", r->name);
	log_error("respawn ended name=%s err=%s", r->name, log_val(e.msg));
	if (clock_mono_ms() - r->started_ms > RESPAWN_STEADY_MS)
		r->pause_ms = RESPAWN_FIRST_MS;
	respawn_later(r);
}

static void
respawn_on_timer(void *arg)
{
	struct respawn *r = arg;
	struct child_spec spec = { .on_exit = respawn_on_exit, .arg = r };
	struct err e = ERR_INIT;

	r->started_ms = clock_mono_ms();
	if (r->fn(r->arg, &spec, &r->child, &e) == -1) {
		r->child = NULL;
		log_error(
		    "respawn start name=%s err=%s", r->name, log_val(e.msg));
		respawn_later(r);
		return;
	}
	log_info(
	    "respawn start name=%s pid=%d", r->name, (int)child_pid(r->child));
}

struct respawn *
respawn_new(struct loop *l, const char *name, respawn_fn *fn, void *arg)
{
	struct respawn *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->name = name;
	r->fn = fn;
	r->arg = arg;
	r->pause_ms = RESPAWN_FIRST_MS;
	r->timer = timer_new(l, respawn_on_timer, r);
	timer_set(r->timer, 0);
	return r;
}

void
respawn_stop(struct respawn *r)
{
	if (r == NULL)
		return;
	r->stopped = true;
	timer_free(r->timer);
	r->timer = NULL;
}

void
respawn_free(struct respawn *r)
{
	free(r);
}
