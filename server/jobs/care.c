#include "server/jobs/care.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/io/timer.h"
#include "server/git/repo_use.h"
#include "server/jobs/care_priv.h"
#include "server/service/svc.h"
#include "server/store/db.h"

enum {
	CARE_QUIET_MS = 30 * 1000,
	CARE_LIMIT_MS = 2 * 60 * 60 * 1000,
	CARE_BATCH = 500,
	CARE_SOON_MS = 20,
	CARE_LOOK_MAX_MS = 60 * 60 * 1000,
	CARE_FAILED_MS = 60 * 1000, /* before a turn that failed is repeated */
	CARE_JUMP_MS = 7 * 24 * 60 * 60 * 1000 /* of the clock */
};

struct care {
	struct care_spec spec;
	struct timer *timer;
	struct map *entries;
	struct care_asked asked; /* in order */
	struct care_turn *turn;  /* NULL: none runs */
	uint64_t last_handle;
	bool started;
	int64_t wall, mono; /* when the clock was looked at */
	int64_t trusts_at;  /* monotonic: before, nothing expires */
};

static void care_look(void *arg);

static struct care_entry *
care_entry(struct care *c, int64_t project)
{
	struct care_entry *x = map_get_u64(c->entries, (uint64_t)project);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->project = project;
	TAILQ_INIT(&x->now);
	TAILQ_INIT(&x->next);
	(void)map_put_u64(c->entries, (uint64_t)project, x);
	return x;
}

static void
care_soon(struct care *c)
{
	if (c->started)
		timer_set(c->timer, CARE_SOON_MS);
}

/* The last writer left. */
static void
care_on_idle(int64_t project, void *arg)
{
	struct care *c = arg;
	struct care_entry *x = care_entry(c, project);
	int64_t at = c->spec.svc->now() + c->spec.quiet_ms;

	x->dirty = true;
	if (at > x->not_before)
		x->not_before = at;
	care_soon(c);
}

struct care *
care_new(const struct care_spec *spec)
{
	struct care *c = xcalloc(1, sizeof(*c));

	c->spec = *spec;
	if (c->spec.quiet_ms <= 0)
		c->spec.quiet_ms = CARE_QUIET_MS;
	if (c->spec.check_ms <= 0)
		c->spec.check_ms = CARE_DAY;
	if (c->spec.limit_ms <= 0)
		c->spec.limit_ms = CARE_LIMIT_MS;
	c->entries = map_new();
	c->timer = timer_new(spec->svc->loop, care_look, c);
	TAILQ_INIT(&c->asked);
	repo_use_on_idle(spec->svc->use, care_on_idle, c);
	return c;
}

/* Nothing expires for a day after the clock went forward by itself, or after a
 * long time off: it may be wrong, and what expired does not come back. */
static bool
care_trusts_clock(struct care *c)
{
	int64_t wall = c->spec.svc->now(), mono = clock_mono_ms();

	if (wall - c->wall > mono - c->mono + CARE_JUMP_MS) {
		log_warn("care clock ahead_s=%" PRId64
			 " nothing expires for a day",
		    (wall - c->wall) / 1000);
		c->trusts_at = mono + CARE_DAY;
	}
	c->wall = wall;
	c->mono = mono;
	return mono >= c->trusts_at;
}

/* What moved before this process began is not known: a repository that was
 * looked at since its last start is looked at once more. */
int
care_start(struct care *c, struct err *e)
{
	struct care_due *v = xcalloc(CARE_BATCH, sizeof(*v));
	int64_t after = 0, now = c->spec.svc->now(), last = 0;
	size_t n = CARE_BATCH;
	int rc = 0;

	while (rc == 0 && n == CARE_BATCH) {
		rc = care_list(
		    db_reader(c->spec.svc->db), after, v, CARE_BATCH, &n, e);
		for (size_t i = 0; rc == 0 && i < n; i++) {
			struct care_entry *x = care_entry(c, v[i].project_id);

			x->check_at = care_plan_check_at(
			    &v[i].past, v[i].project_id, now, c->spec.check_ms);
			x->not_before = v[i].next_at > now + c->spec.quiet_ms
			    ? v[i].next_at
			    : now + c->spec.quiet_ms;
			x->dirty = true;
			x->fresh = true;
			if (v[i].surveyed_at > last)
				last = v[i].surveyed_at;
			after = v[i].project_id;
		}
	}
	free(v);
	if (rc == -1)
		return err_wrap(e, "care");
	c->wall = last != 0 ? last : now;
	c->mono = clock_mono_ms();
	(void)care_trusts_clock(c);
	c->started = true;
	care_soon(c);
	return 0;
}

static void
care_drop_waits(struct care_waits *w)
{
	struct care_wait *x;

	while ((x = TAILQ_FIRST(w)) != NULL) {
		TAILQ_REMOVE(w, x, link);
		free(x);
	}
}

static void
care_entry_free(struct care_entry *x)
{
	care_drop_waits(&x->now);
	care_drop_waits(&x->next);
	free(x);
}

void
care_free(struct care *c)
{
	size_t cursor = 0;
	void *value;

	if (c == NULL)
		return;
	repo_use_on_idle(c->spec.svc->use, NULL, NULL);
	if (c->turn != NULL)
		care_turn_close(c->turn);
	while (map_next(c->entries, &cursor, NULL, &value))
		care_entry_free(value);
	map_free(c->entries);
	timer_free(c->timer);
	free(c);
}

uint64_t
care_now(struct care *c, int64_t project, unsigned wanted, care_done_fn *done,
    void *arg)
{
	struct care_entry *x = care_entry(c, project);
	struct care_wait *w;

	x->wanted |= wanted;
	if (!x->asked) {
		x->asked = true;
		TAILQ_INSERT_TAIL(&c->asked, x, link);
	}
	/* What runs by itself can wait. */
	if (c->turn != NULL && !c->turn->asked)
		care_turn_stop(c->turn);
	care_soon(c);
	if (done == NULL)
		return 0;
	w = xcalloc(1, sizeof(*w));
	w->handle = ++c->last_handle;
	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&x->next, w, link);
	return w->handle;
}

static bool
care_cancel(struct care_waits *list, uint64_t handle)
{
	struct care_wait *w;

	TAILQ_FOREACH(w, list, link)
	{
		/* cppcheck-suppress uninitvar */
		if (w->handle != handle)
			continue;
		TAILQ_REMOVE(list, w, link);
		free(w);
		return true;
	}
	return false;
}

void
care_cancel_wait(struct care *c, uint64_t handle)
{
	size_t cursor = 0;
	void *value;

	while (map_next(c->entries, &cursor, NULL, &value)) {
		struct care_entry *x = value;

		if (care_cancel(&x->now, handle) ||
		    care_cancel(&x->next, handle))
			return;
	}
}

static void
care_unask(struct care *c, struct care_entry *x)
{
	if (!x->asked)
		return;
	x->asked = false;
	TAILQ_REMOVE(&c->asked, x, link);
}

static void
care_tell(struct care_waits *list, const struct err *fail)
{
	struct care_wait *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		w->done(fail, w->arg);
		free(w);
	}
}

static void
care_gone(struct care *c, struct care_entry *x)
{
	struct care_waits told = TAILQ_HEAD_INITIALIZER(told);
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_NOTFOUND, "the project is gone");
	TAILQ_CONCAT(&told, &x->now, link);
	TAILQ_CONCAT(&told, &x->next, link);
	care_unask(c, x);
	(void)map_del_u64(c->entries, (uint64_t)x->project);
	care_entry_free(x);
	care_tell(&told, &e);
}

void
care_forget(struct care *c, int64_t project)
{
	struct care_entry *x = map_get_u64(c->entries, (uint64_t)project);

	if (c->turn != NULL && c->turn->project == project)
		care_turn_stop(c->turn); /* it ends and finds no project */
	else if (x != NULL)
		care_gone(c, x);
}

/* What only a pause stands in the way of is looked at after it. */
static void
care_after_pause(
    struct care *c, struct care_entry *x, const struct care_turn *t)
{
	int64_t now = c->spec.svc->now();
	int64_t at = now +
	    (t->facts.pack_bytes < CARE_SMALL ? CARE_HOUR / 60 : CARE_HOUR);
	const struct care_ask later = {
		.now = at, .check_ms = c->spec.check_ms, .project = t->project
	};

	if (t->row.past.health == CARE_CORRUPT || x->dirty ||
	    care_plan_next(&t->facts, &t->row.past, &later).step != CARE_FULL)
		return;
	x->dirty = true;
	if (x->not_before < at)
		x->not_before = at;
}

void
care_turn_over(struct care *c, struct care_turn *t)
{
	struct care_entry *x = care_entry(c, t->project);
	struct care_waits told = TAILQ_HEAD_INITIALIZER(told);
	int64_t now = c->spec.svc->now();
	struct err fail = t->fail;

	c->turn = NULL;
	if (t->end == CARE_TURN_GONE) {
		care_gone(c, x);
		care_soon(c);
		return;
	}
	x->check_at = care_plan_check_at(
	    &t->row.past, t->project, now, c->spec.check_ms);
	if (t->end == CARE_TURN_LATER) {
		/* The same again, for the same, when the writer is done. */
		x->dirty = true;
		x->wanted |= t->ask.wanted & ~t->ask.done;
		if (x->not_before < now + c->spec.quiet_ms)
			x->not_before = now + c->spec.quiet_ms;
		TAILQ_CONCAT(&x->next, &x->now, link);
		if (t->asked && !x->asked) {
			x->asked = true;
			TAILQ_INSERT_TAIL(&c->asked, x, link);
		}
	} else {
		x->not_before = t->row.next_at > now ? t->row.next_at : now;
		TAILQ_CONCAT(&told, &x->now, link);
		care_after_pause(c, x, t);
	}
	if (t->end == CARE_TURN_FAILED) {
		x->dirty = true;
		if (x->not_before < now + CARE_FAILED_MS)
			x->not_before = now + CARE_FAILED_MS;
		if (x->check_at < x->not_before)
			x->check_at = x->not_before;
	}
	care_tell(&told, fail.code != ERR_NONE ? &fail : NULL);
	care_soon(c);
}

static void
care_begin(struct care *c, struct care_entry *x)
{
	TAILQ_CONCAT(&x->now, &x->next, link);
	c->turn = care_turn_start(c,
	    &(struct care_turn_spec){ .care = &c->spec,
		.project = x->project,
		.asked = x->asked,
		.fresh = x->fresh,
		.expires = care_trusts_clock(c),
		.wanted = x->wanted });
	care_unask(c, x);
	x->wanted = 0;
	x->dirty = false;
	x->fresh = false;
}

/* When the entry is due by itself. */
static int64_t
care_due_at(const struct care_entry *x)
{
	int64_t at = INT64_MAX;

	if (x->dirty)
		at = x->not_before;
	/* No step that cannot be done keeps the check from its day. */
	if (x->check_at != 0 && x->check_at < at)
		at = x->check_at;
	return at;
}

static void
care_look(void *arg)
{
	struct care *c = arg;
	struct care_entry *x, *first = NULL;
	int64_t now = c->spec.svc->now(), wait;
	size_t cursor = 0;
	void *value;

	(void)care_trusts_clock(c);
	if (c->turn != NULL)
		return;
	TAILQ_FOREACH(x, &c->asked, link)
	{
		/* cppcheck-suppress uninitvar */
		if (repo_use_is_free(c->spec.svc->use, x->project)) {
			care_begin(c, x);
			return;
		}
	}
	while (map_next(c->entries, &cursor, NULL, &value)) {
		x = value;
		if (first == NULL || care_due_at(x) < care_due_at(first))
			first = x;
	}
	if (first == NULL)
		return;
	wait = care_due_at(first) - now;
	if (wait <= 0 && repo_use_is_free(c->spec.svc->use, first->project)) {
		care_begin(c, first);
		return;
	}
	/* A writer's end looks again. */
	if (wait <= 0)
		wait = c->spec.quiet_ms;
	timer_set(c->timer, wait < CARE_LOOK_MAX_MS ? wait : CARE_LOOK_MAX_MS);
}
