#include "server/jobs/upstream_loop.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "server/domain/forge.h"
#include "server/domain/mirror_plan.h"
#include "server/service/svc_secret.h"
#include "server/service/svc_upstream.h"
#include "server/store/db.h"
#include "server/store/projects.h"

enum {
	UPSTREAMLOOP_LOOK_MS = 30 * 1000, /* a new project waits so long */
	UPSTREAMLOOP_BATCH = 200,
	UPSTREAMLOOP_FAILURES_MAX = 16
};

/* A project, or (as a wait only) a host with a token. */
struct upstream_entry {
	int64_t due; /* monotonic, 0: now */
	int64_t failures;
};

struct upstream_loop {
	struct upstream_loop_spec spec;
	struct timer *timer;
	struct map *projects; /* id -> struct upstream_entry */
	struct map *budgets;  /* host and token -> struct upstream_entry */
	int64_t asking;       /* project, 0: none */
	char *budget;         /* of it */
};

static void upstreamloop_look(void *arg);

struct upstream_loop *
upstream_loop_new(const struct upstream_loop_spec *spec)
{
	struct upstream_loop *l = xcalloc(1, sizeof(*l));

	l->spec = *spec;
	l->timer = timer_new(spec->loop, upstreamloop_look, l);
	l->projects = map_new();
	l->budgets = map_new();
	return l;
}

static void
upstreamloop_map_free(struct map *m)
{
	size_t cursor = 0;
	void *value;

	while (map_next(m, &cursor, NULL, &value))
		free(value);
	map_free(m);
}

void
upstream_loop_free(struct upstream_loop *l)
{
	if (l == NULL)
		return;
	upstreamloop_map_free(l->projects);
	upstreamloop_map_free(l->budgets);
	timer_free(l->timer);
	free(l->budget);
	free(l);
}

/* How long until the next look: short intervals are kept. */
static int64_t
upstreamloop_wait(const struct upstream_loop *l)
{
	int64_t wait = l->spec.interval_ms / 4;

	if (wait > UPSTREAMLOOP_LOOK_MS)
		wait = UPSTREAMLOOP_LOOK_MS;
	return wait > 50 ? wait : 50;
}

void
upstream_loop_start(struct upstream_loop *l)
{
	timer_set(l->timer, upstreamloop_wait(l));
}

/* Host and token: FNV-1a of the token, which is not kept. */
static char *
upstreamloop_budget(const struct upstream_loop *l, const struct project *p)
{
	AUTO_SECRET struct str text = STR_INIT;
	struct err ignored = ERR_INIT;
	uint64_t h = UINT64_C(14695981039346656037);
	struct forge_repo repo;
	struct view token;

	(void)svc_secret_read(
	    l->spec.home, p->id, SVC_SECRET_TOKEN, &text, &token, &ignored);
	for (size_t i = 0; i < token.len; i++)
		h = (h ^ (unsigned char)token.p[i]) * UINT64_C(1099511628211);
	if (!forge_parse(p->upstream, &repo))
		return xstrdup("");
	return xasprintf("%s %016" PRIx64, repo.host, h);
}

static struct upstream_entry *
upstreamloop_entry(struct upstream_loop *l, int64_t project)
{
	struct upstream_entry *x = map_get_u64(l->projects, (uint64_t)project);

	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
		(void)map_put_u64(l->projects, (uint64_t)project, x);
	}
	return x;
}

static void
upstreamloop_on_checked(const struct svc_upstream_end *end, void *arg)
{
	struct upstream_loop *l = arg;
	struct upstream_entry *x = upstreamloop_entry(l, l->asking), *b;
	int64_t now = clock_mono_ms();

	if (!end->failed)
		x->failures = 0;
	else if (x->failures < UPSTREAMLOOP_FAILURES_MAX)
		x->failures++;
	x->due = mirror_plan_next(now, l->spec.interval_ms / 1000, x->failures,
	    rnd_below(UINT32_MAX));
	if (end->wait_ms > 0) {
		b = xcalloc(1, sizeof(*b));
		b->due = now + end->wait_ms;
		free(map_put(l->budgets, l->budget, b));
		log_info("upstream wait project=%" PRId64 " ms=%" PRId64,
		    l->asking, end->wait_ms);
	}
	l->asking = 0;
	free(l->budget);
	l->budget = NULL;
	timer_set(l->timer, 1);
}

static bool
upstreamloop_due(struct upstream_loop *l, const struct project *p, int64_t now)
{
	const struct upstream_entry *b;

	if (!svc_upstream_has(l->spec.upstream, p) ||
	    upstreamloop_entry(l, p->id)->due > now)
		return false;
	free(l->budget);
	l->budget = upstreamloop_budget(l, p);
	b = map_get(l->budgets, l->budget);
	return b == NULL || b->due <= now;
}

/* The first project that is due, 0 for none. */
static int64_t
upstreamloop_next(struct upstream_loop *l)
{
	struct project_filter f = { .limit = UPSTREAMLOOP_BATCH };
	int64_t now = clock_mono_ms(), found = 0;
	struct err e = ERR_INIT;
	size_t n;

	do {
		struct project_list list = { .n = 0 };

		if (projects_list(db_reader(l->spec.db), &f, &list, &e) == -1) {
			log_error("upstream list err=%s", log_val(e.msg));
			return 0;
		}
		n = list.n;
		for (size_t i = 0; i < n && found == 0; i++)
			if (upstreamloop_due(l, &list.at[i], now))
				found = list.at[i].id;
		project_list_release(&list);
		f.offset += UPSTREAMLOOP_BATCH;
	} while (found == 0 && n == UPSTREAMLOOP_BATCH);
	return found;
}

static void
upstreamloop_look(void *arg)
{
	struct upstream_loop *l = arg;

	if (l->asking != 0)
		return;
	l->asking = upstreamloop_next(l);
	if (l->asking == 0)
		timer_set(l->timer, upstreamloop_wait(l));
	else
		svc_upstream_check(
		    l->spec.upstream, l->asking, upstreamloop_on_checked, l);
}
