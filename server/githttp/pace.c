#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/githttp/githttp_priv.h"

enum {
	PACE_STEPS = 6,       /* of looking, in one idle_ms */
	PACE_BYTES = 4 << 10, /* at least, in one idle_ms */
	PACE_STEP_MAX_MS = 5000
};

/* Does everything wait for the client? */
static bool
pace_is_clients(const struct xch *x)
{
	if (x->q == NULL || x->waiting || x->judging)
		return false;
	if (!x->body_end && x->kind != XCH_INFO_REFS && x->kind != XCH_TAR)
		return x->pending_n == 0 &&
		    (x->pipe == NULL || !gitpipe_blocked(x->pipe));
	return x->pipe != NULL && gitpipe_ready(x->pipe);
}

static void
pace_look(struct xch *x, int64_t now)
{
	if (!pace_is_clients(x)) {
		x->turn_at = 0;
		return;
	}
	if (x->turn_at == 0 || x->moved - x->turn_mark >= PACE_BYTES) {
		x->turn_at = now;
		x->turn_mark = x->moved;
		return;
	}
	if (now - x->turn_at < x->g->spec.idle_ms)
		return;
	log_info(
	    "githttp too-slow req=%s project=%lld credential=%lld bytes=%llu",
	    xch_req(x), (long long)x->project, (long long)x->credential,
	    (unsigned long long)x->moved);
	x->turn_at = now;
	request_cut(x->q);
}

static int64_t
pace_step(const struct githttp *g)
{
	int64_t step = g->spec.idle_ms / PACE_STEPS;

	return step < PACE_STEP_MAX_MS ? step + 1 : PACE_STEP_MAX_MS;
}

static void
pace_on_timer(void *arg)
{
	struct githttp *g = arg;
	int64_t now = clock_mono_ms();
	struct xch *x, *next;

	slots_expire(g, now);
	TAILQ_FOREACH_SAFE(x, &g->all, link, next)
	pace_look(x, now);
	if (!TAILQ_EMPTY(&g->all))
		timer_set(g->pace, pace_step(g));
}

void
pace_start(struct githttp *g)
{
	if (g->pace == NULL)
		g->pace = timer_new(g->spec.loop, pace_on_timer, g);
	if (!timer_pending(g->pace))
		timer_set(g->pace, pace_step(g));
}

void
pace_stop(struct githttp *g)
{
	timer_free(g->pace);
	g->pace = NULL;
}
