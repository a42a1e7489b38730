#include "server/git/repo_use.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/io/timer.h"

enum repo_hold_state {
	REPO_HOLD_WAITS, /* for the owner to go */
	REPO_HOLD_DUE,   /* ready comes in a turn of the loop */
	REPO_HOLD_HAS,
	REPO_HOLD_OWNS,
	REPO_HOLD_LEFT /* freed in a turn of the loop */
};

struct repo_entry;

struct repo_hold {
	TAILQ_ENTRY(repo_hold) link;
	struct repo_entry *x;
	struct loop *loop;
	enum repo_hold_state state;
	bool deferred;   /* a turn of the loop names it */
	repo_use_fn *fn; /* ready or stop */
	void *arg;
	struct timer *patience; /* NULL: none */
};
TAILQ_HEAD(repo_holds, repo_hold);

/* A repository that somebody has or wants. */
struct repo_entry {
	struct repo_use *u;
	int64_t project;
	struct repo_holds shared; /* waiting, due and granted */
	struct repo_hold *owner;
	bool stopping; /* the owner was told */
	bool used;     /* somebody had it shared */
};

struct repo_use {
	struct loop *loop;
	struct map *entries;
	repo_use_idle_fn *on_idle;
	void *idle_arg;
};

struct repo_use *
repo_use_new(struct loop *l)
{
	struct repo_use *u = xcalloc(1, sizeof(*u));

	u->loop = l;
	u->entries = map_new();
	return u;
}

void
repo_use_free(struct repo_use *u)
{
	size_t cursor = 0;
	void *value;

	if (u == NULL)
		return;
	while (map_next(u->entries, &cursor, NULL, &value)) {
		struct repo_entry *x = value;
		struct repo_hold *h;

		while ((h = TAILQ_FIRST(&x->shared)) != NULL) {
			TAILQ_REMOVE(&x->shared, h, link);
			h->x = NULL;
		}
		if (x->owner != NULL)
			x->owner->x = NULL;
		free(x);
	}
	map_free(u->entries);
	free(u);
}

void
repo_use_on_idle(struct repo_use *u, repo_use_idle_fn *fn, void *arg)
{
	u->on_idle = fn;
	u->idle_arg = arg;
}

bool
repo_use_is_free(const struct repo_use *u, int64_t project)
{
	return map_get_u64(u->entries, (uint64_t)project) == NULL;
}

static struct repo_entry *
repouse_entry(struct repo_use *u, int64_t project)
{
	struct repo_entry *x = map_get_u64(u->entries, (uint64_t)project);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->u = u;
	x->project = project;
	TAILQ_INIT(&x->shared);
	(void)map_put_u64(u->entries, (uint64_t)project, x);
	return x;
}

static struct repo_hold *
repouse_hold_new(struct repo_entry *x, repo_use_fn *fn, void *arg)
{
	struct repo_hold *h = xcalloc(1, sizeof(*h));

	h->x = x;
	h->loop = x->u->loop;
	h->fn = fn;
	h->arg = arg;
	return h;
}

/* What was put off to this turn; whoever left meanwhile is freed. */
static void
repouse_on_turn(void *arg)
{
	struct repo_hold *h = arg;

	h->deferred = false;
	if (h->state == REPO_HOLD_LEFT) {
		free(h);
	} else if (h->state == REPO_HOLD_DUE) {
		h->state = REPO_HOLD_HAS;
		h->fn(h->arg);
	} else if (h->state == REPO_HOLD_OWNS) {
		h->fn(h->arg);
	}
}

static void
repouse_defer(struct repo_hold *h)
{
	if (h->deferred)
		return;
	h->deferred = true;
	loop_defer(h->loop, repouse_on_turn, h);
}

static void
repouse_stop_owner(struct repo_entry *x)
{
	if (x->owner == NULL || x->stopping)
		return;
	x->stopping = true;
	repouse_defer(x->owner);
}

static void
repouse_on_patience(void *arg)
{
	struct repo_hold *h = arg;

	if (h->x != NULL && h->state == REPO_HOLD_WAITS)
		repouse_stop_owner(h->x);
}

struct repo_hold *
repo_use_share(struct repo_use *u, int64_t project, int64_t patience_ms,
    repo_use_fn *ready, void *arg)
{
	struct repo_entry *x = repouse_entry(u, project);
	struct repo_hold *h = repouse_hold_new(x, ready, arg);

	TAILQ_INSERT_TAIL(&x->shared, h, link);
	if (x->owner == NULL) {
		h->state = REPO_HOLD_DUE;
		repouse_defer(h);
		return h;
	}
	h->state = REPO_HOLD_WAITS;
	if (patience_ms <= 0) {
		repouse_stop_owner(x);
		return h;
	}
	h->patience = timer_new(h->loop, repouse_on_patience, h);
	timer_set(h->patience, patience_ms);
	return h;
}

struct repo_hold *
repo_use_own(struct repo_use *u, int64_t project, repo_use_fn *stop, void *arg)
{
	struct repo_entry *x;

	if (!repo_use_is_free(u, project))
		return NULL;
	x = repouse_entry(u, project);
	x->owner = repouse_hold_new(x, stop, arg);
	x->owner->state = REPO_HOLD_OWNS;
	return x->owner;
}

/* Forgets a repository that nobody has. */
static void
repouse_settle(struct repo_entry *x)
{
	struct repo_use *u = x->u;
	int64_t project = x->project;
	bool used = x->used;

	if (x->owner != NULL || !TAILQ_EMPTY(&x->shared))
		return;
	(void)map_del_u64(u->entries, (uint64_t)project);
	free(x);
	if (used && u->on_idle != NULL)
		u->on_idle(project, u->idle_arg);
}

static void
repouse_let_in(struct repo_entry *x)
{
	struct repo_hold *h;

	x->owner = NULL;
	x->stopping = false;
	TAILQ_FOREACH(h, &x->shared, link)
	{
		/* cppcheck-suppress uninitvar */
		h->state = REPO_HOLD_DUE;
		timer_free(h->patience);
		h->patience = NULL;
		repouse_defer(h);
	}
}

void
repo_use_leave(struct repo_hold *h)
{
	struct repo_entry *x;

	if (h == NULL)
		return;
	x = h->x;
	if (x != NULL && h->state == REPO_HOLD_OWNS) {
		repouse_let_in(x);
	} else if (x != NULL) {
		x->used = x->used || h->state == REPO_HOLD_HAS;
		TAILQ_REMOVE(&x->shared, h, link);
	}
	h->state = REPO_HOLD_LEFT;
	h->x = NULL;
	timer_free(h->patience);
	h->patience = NULL;
	if (!h->deferred)
		free(h);
	if (x != NULL)
		repouse_settle(x);
}
