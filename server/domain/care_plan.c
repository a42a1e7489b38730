#include "server/domain/care_plan.h"

#include <stddef.h>
#include <string.h>

#define CARE_BIT(step) (1u << (unsigned)(step))

static bool
careplan_may(const struct care_ask *a, enum care_step step)
{
	return (a->done & CARE_BIT(step)) == 0;
}

static bool
careplan_wanted(const struct care_ask *a, enum care_step step)
{
	return (a->wanted & CARE_BIT(step)) != 0 && careplan_may(a, step);
}

static bool
careplan_since(int64_t at, int64_t now, int64_t ms)
{
	return at == 0 || at > now || now - at >= ms;
}

/* NULL: a full repack is not due. */
static const char *
careplan_full(const struct care_facts *f, const struct care_past *past,
    const struct care_ask *a)
{
	bool many = f->packs >= CARE_PACKS_MAX || f->loose >= CARE_LOOSE_MAX;
	int64_t rest = f->pack_bytes - f->big_bytes;
	int64_t pause = f->pack_bytes < CARE_SMALL ? CARE_HOUR / 60 : CARE_HOUR;

	if (careplan_wanted(a, CARE_FULL))
		return "asked for";
	if (!careplan_may(a, CARE_FULL) ||
	    !careplan_since(past->full_at, a->now, pause))
		return NULL;
	/* One pack that git gave no bitmap is not tried each hour. */
	if (!f->bitmap && f->pack_bytes >= CARE_BITMAP &&
	    (f->packs > 1 || careplan_since(past->full_at, a->now, CARE_DAY)))
		return "no bitmap";
	if (many && (f->pack_bytes < CARE_SMALL || rest > f->big_bytes / 2))
		return "many packs or loose objects";
	if (f->cruft_at != 0 &&
	    careplan_since(f->cruft_at, a->now, CARE_GRACE) &&
	    careplan_since(past->full_at, a->now, CARE_GRACE))
		return "unreachable objects are past their grace";
	if (f->packs > 1 &&
	    careplan_since(past->full_at, a->now, 30 * CARE_DAY))
		return "a month of small packs";
	return NULL;
}

static const char *
careplan_graph(const struct care_facts *f, const struct care_ask *a)
{
	if (careplan_wanted(a, CARE_GRAPH))
		return "asked for";
	if (!careplan_may(a, CARE_GRAPH) || f->packs == 0)
		return NULL;
	if (f->graph_at == 0)
		return "no commit-graph";
	if (f->written_at > f->graph_at &&
	    careplan_since(f->graph_at, a->now, CARE_DAY))
		return "commits since the last commit-graph";
	return NULL;
}

static struct care_next
careplan_check(const struct care_facts *f, const struct care_past *past,
    const struct care_ask *a)
{
	int64_t walked = past->walked_at != 0 ? past->walked_at : past->since;
	bool due = care_plan_check_at(past, a->project, a->now, a->check_ms) <=
	    a->now;
	int64_t walk = a->check_ms *
	    (f->written_at > walked ? CARE_WALK_CHECKS : CARE_WALK_IDLE);

	if (careplan_wanted(a, CARE_SUMS))
		return (struct care_next){ CARE_SUMS, "asked for" };
	if (careplan_wanted(a, CARE_WALK))
		return (struct care_next){ CARE_WALK, "asked for" };
	if (due && careplan_may(a, CARE_SUMS))
		return (struct care_next){ CARE_SUMS, "the daily check" };
	/* What is corrupt is walked each time: has somebody mended it? */
	if (!careplan_may(a, CARE_WALK) || (a->done & CARE_BIT(CARE_SUMS)) == 0)
		return (struct care_next){ CARE_NONE, "" };
	if (past->health == CARE_CORRUPT ||
	    careplan_since(walked, a->now, walk))
		return (struct care_next){ CARE_WALK, "the weekly walk" };
	return (struct care_next){ CARE_NONE, "" };
}

struct care_next
care_plan_next(const struct care_facts *f, const struct care_past *past,
    const struct care_ask *a)
{
	const char *why;

	if (past->health == CARE_CORRUPT)
		return careplan_check(f, past, a);
	if (f->half > 0 && careplan_may(a, CARE_SWEEP))
		return (struct care_next){ CARE_SWEEP, "half done files" };
	if (past->purge_at != 0 && careplan_may(a, CARE_PURGE))
		return (struct care_next){ CARE_PURGE, "objects were dropped" };
	if (careplan_wanted(a, CARE_REFS))
		return (struct care_next){ CARE_REFS, "asked for" };
	if (f->loose_refs >= CARE_REFS_MAX && careplan_may(a, CARE_REFS))
		return (struct care_next){ CARE_REFS, "many loose refs" };
	why = careplan_full(f, past, a);
	if (why != NULL)
		return (struct care_next){ CARE_FULL, why };
	if ((f->packs >= CARE_PACKS_MAX || f->loose >= CARE_LOOSE_MAX) &&
	    careplan_may(a, CARE_GEOMETRIC) && careplan_may(a, CARE_FULL))
		return (struct care_next){ CARE_GEOMETRIC,
			"many packs or loose objects" };
	why = careplan_graph(f, a);
	if (why != NULL)
		return (struct care_next){ CARE_GRAPH, why };
	if (careplan_wanted(a, CARE_PRUNE))
		return (struct care_next){ CARE_PRUNE, "asked for" };
	if (f->loose_at != 0 && f->loose_at <= a->now - CARE_GRACE &&
	    careplan_may(a, CARE_PRUNE) &&
	    careplan_since(past->pruned_at, a->now, 7 * CARE_DAY))
		return (struct care_next){ CARE_PRUNE,
			"loose objects are past their grace" };
	return careplan_check(f, past, a);
}

int64_t
care_plan_check_at(const struct care_past *past, int64_t project, int64_t now,
    int64_t check_ms)
{
	/* Neighbours are far apart: 0x9e37... is 2^64 over the golden ratio. */
	uint64_t spread = (uint64_t)project * UINT64_C(0x9e3779b97f4a7c15);
	int64_t last = past->checked_at != 0 ? past->checked_at : past->since;
	int64_t quarter = check_ms / 4, slot, at;

	slot = quarter > 0 ? (int64_t)((spread >> 33) % (uint64_t)quarter) : 0;
	if (last > now)
		return now; /* the clock was wrong then */
	at = last - last % check_ms + slot;
	return at > last ? at : at + check_ms;
}

int64_t
care_plan_room(enum care_step step, const struct care_facts *f)
{
	static const int64_t slack = INT64_C(8) << 20;

	if (step == CARE_FULL || step == CARE_PURGE)
		return f->size + slack;
	if (step == CARE_GEOMETRIC)
		return f->size / 2 + slack;
	if (step == CARE_GRAPH)
		return f->size / 10 + slack;
	return 0;
}

int64_t
care_plan_backoff(unsigned failures)
{
	int64_t ms = CARE_HOUR / 6;

	for (unsigned i = 1; i < failures && ms < CARE_DAY; i++)
		ms *= 2;
	return ms < CARE_DAY ? ms : CARE_DAY;
}

static const struct {
	const char *word;
	unsigned wanted;
} careplan_words[] = {
	{ "", 0 },
	{ "refs", CARE_BIT(CARE_REFS) },
	{ "repack", CARE_BIT(CARE_REFS) | CARE_BIT(CARE_FULL) },
	{ "graph", CARE_BIT(CARE_GRAPH) },
	{ "prune", CARE_BIT(CARE_PRUNE) },
	{ "check", CARE_BIT(CARE_SUMS) | CARE_BIT(CARE_WALK) },
};

bool
care_plan_word(const char *word, unsigned *wanted)
{
	for (size_t i = 0;
	     i < sizeof(careplan_words) / sizeof(careplan_words[0]); i++)
		if (strcmp(careplan_words[i].word, word) == 0) {
			*wanted = careplan_words[i].wanted;
			return true;
		}
	return false;
}

bool
care_step_checks(enum care_step s)
{
	return s == CARE_SUMS || s == CARE_WALK;
}

const char *
care_step_name(enum care_step s)
{
	static const char *const names[CARE_STEP_MAX] = { "none", "sweep",
		"purge", "refs", "geometric", "full", "graph", "prune", "sums",
		"walk" };

	return (unsigned)s < CARE_STEP_MAX ? names[s] : "?";
}

const char *
care_health_name(enum care_health h)
{
	static const char *const names[] = { "unknown", "ok", "corrupt" };

	return (unsigned)h <= CARE_CORRUPT ? names[h] : "unknown";
}
