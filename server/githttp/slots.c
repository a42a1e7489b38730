#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/git/pktline.h"
#include "server/githttp/githttp_priv.h"

static const char
    slots_text[] = "the server is busy with other fetches and pushes: "
		   "try again shortly";
static const char slots_own_text
    [] = "too many fetches and pushes with this credential at once: wait for "
	 "one to end";

/* Others that run, or wait, with the same credential. */
static unsigned
slots_user(const struct xch *x, bool waiting)
{
	const struct xch *y;
	unsigned n = 0;

	TAILQ_FOREACH(y, &x->g->all, link)
	if ((waiting ? y->waiting : y->has_slot) &&
	    y->credential == x->credential)
		n++;
	return n;
}

static unsigned
slots_project(const struct xch *x)
{
	const struct xch *y;
	unsigned n = 0;

	TAILQ_FOREACH(y, &x->g->all, link)
	if (y->has_slot && y->project == x->project)
		n++;
	return n;
}

static bool
slots_may(const struct xch *x)
{
	const struct githttp_spec *s = &x->g->spec;

	/* The server's own have no credential. */
	return (x->credential == 0 || slots_user(x, false) < s->user_packs) &&
	    slots_project(x) < s->project_packs;
}

/* In the form that the real git prints for that kind of request. */
static void
slots_refuse(struct xch *x, const char *text)
{
	AUTO_STR struct str body = STR_INIT;

	log_info(
	    "githttp turn-away req=%s project=%lld credential=%lld running=%u "
	    "waiting=%u",
	    xch_req(x), (long long)x->project, (long long)x->credential,
	    x->g->running, x->g->n_waiting);
	if (x->q == NULL)
		return;
	if (x->kind == XCH_RECEIVE) {
		push_turn_away(x, text);
		return;
	}
	request_header(x->q, "Retry-After", "5");
	pktline_putf(&body, "ERR %s", text);
	/* The reply has begun: git reads the error as its first packet. */
	if (request_replied(x->q)) {
		if (x->kind != XCH_TAR)
			str_addv(&x->tail, str_view(&body));
		request_wake(x->q);
		return;
	}
	if (x->kind != XCH_UPLOAD) {
		xch_refuse(x, 503, text);
		return;
	}
	xch_headers(x->q);
	request_reply_str(
	    x->q, 200, "application/x-git-upload-pack-result", &body);
}

void
slots_start(struct githttp *g)
{
	while (!g->closing && g->running < g->spec.max_packs) {
		struct xch *x;

		TAILQ_FOREACH(x, &g->waiting, wait)
		if (slots_may(x))
			break;
		if (x == NULL)
			return;
		TAILQ_REMOVE(&g->waiting, x, wait);
		g->n_waiting--;
		x->waiting = false;
		x->has_slot = true;
		g->running++;
		xch_go(x);
	}
}

void
slots_drop(struct xch *x)
{
	struct githttp *g = x->g;

	if (x->waiting) {
		TAILQ_REMOVE(&g->waiting, x, wait);
		g->n_waiting--;
		x->waiting = false;
	}
	if (x->has_slot) {
		x->has_slot = false;
		g->running--;
		slots_start(g);
	}
}

bool
slots_ask(struct xch *x)
{
	struct githttp *g = x->g;
	unsigned share = g->spec.max_waiting / 2;

	if (g->n_waiting >= g->spec.max_waiting) {
		slots_refuse(x, slots_text);
		return false;
	}
	if (x->credential != 0 && slots_user(x, true) > share) {
		slots_refuse(x, slots_own_text);
		return false;
	}
	x->waiting = true;
	x->wait_since = clock_mono_ms();
	g->n_waiting++;
	TAILQ_INSERT_TAIL(&g->waiting, x, wait);
	slots_start(g);
	return true;
}

void
slots_expire(struct githttp *g, int64_t now)
{
	struct xch *x, *next;

	TAILQ_FOREACH_SAFE(x, &g->waiting, wait, next)
	{
		if (now - x->wait_since < g->spec.wait_ms)
			continue;
		slots_drop(x);
		slots_refuse(x, slots_may(x) ? slots_text : slots_own_text);
	}
}
