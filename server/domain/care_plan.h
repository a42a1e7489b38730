/*
 * care_plan: what a bare repository needs next, from what is in it and what
 * was done when.  Pure: times are given (ms since 1970), nothing is read.
 *
 * A repository that is found corrupt gets nothing but checks: a repack or a
 * prune could take the last whole copy of an object.
 */
#ifndef SERVER_DOMAIN_CARE_PLAN_H
#define SERVER_DOMAIN_CARE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum care_step {
	CARE_NONE,
	CARE_SWEEP,     /* what a killed git left half done */
	CARE_PURGE,     /* unreachable objects go at once */
	CARE_REFS,      /* loose refs into packed-refs */
	CARE_GEOMETRIC, /* small packs and loose objects into one pack */
	CARE_FULL,      /* one pack with a bitmap; unreachable ones aside */
	CARE_GRAPH,     /* commit-graph with changed paths */
	CARE_PRUNE,     /* loose objects that nothing needed for CARE_GRACE */
	CARE_SUMS,      /* checksums of every file, hashes of loose objects */
	CARE_WALK,      /* git fsck: every object, and that none is missing */
	CARE_STEP_MAX
};

enum care_health {
	CARE_UNKNOWN,
	CARE_OK,
	CARE_CORRUPT
};

enum {
	CARE_REFS_MAX = 50,   /* loose refs */
	CARE_PACKS_MAX = 10,  /* packs beside the cruft */
	CARE_LOOSE_MAX = 500, /* loose objects */
	CARE_WALK_CHECKS = 7, /* a walk for so many checks, if written */
	CARE_WALK_IDLE = 30   /* if not */
};

#define CARE_SMALL                                                             \
	(INT64_C(16) << 20)              /* bytes a full repack is nothing for \
					  */
#define CARE_BITMAP (INT64_C(256) << 10) /* below it a bitmap is of no use */
#define CARE_HOUR INT64_C(3600000)
#define CARE_DAY (24 * CARE_HOUR)
#define CARE_GRACE (14 * CARE_DAY) /* of objects that nothing reaches */

/* What a survey found. */
struct care_facts {
	int64_t size;       /* bytes of the whole repository */
	int64_t packs;      /* without cruft */
	int64_t pack_bytes; /* without cruft */
	int64_t big_bytes;  /* the largest of them */
	int64_t loose;      /* loose objects */
	int64_t loose_at;   /* oldest of them, 0: none */
	int64_t loose_refs;
	int64_t written_at; /* newest pack or loose object */
	int64_t graph_at;   /* commit-graph, 0: none */
	int64_t cruft_at;   /* oldest cruft pack, 0: none */
	int64_t half;       /* files of a git that ended in the middle */
	bool bitmap;
};

/* What was done: the row of the repository. */
struct care_past {
	int64_t since;   /* when the project was made */
	int64_t full_at; /* 0: never, here and below */
	int64_t pruned_at;
	int64_t checked_at;
	int64_t walked_at;
	int64_t purge_at; /* wanted since, 0: not wanted */
	enum care_health health;
};

struct care_ask {
	int64_t now;
	int64_t check_ms; /* between two checks */
	int64_t project;  /* spreads the checks */
	unsigned wanted;  /* 1 << step: whatever the times say */
	unsigned done;    /* 1 << step: not again */
};

struct care_next {
	enum care_step step;
	const char *why;
};

/* Steps follow one another until this says CARE_NONE. */
struct care_next care_plan_next(const struct care_facts *f,
    const struct care_past *past, const struct care_ask *a);

/* When the next check is due: each repository has a moment of its own in the
 * first quarter of the interval, counted from midnight UTC. */
int64_t care_plan_check_at(const struct care_past *past, int64_t project,
    int64_t now, int64_t check_ms);

/* Room that a step needs beside what is there, in bytes. */
int64_t care_plan_room(enum care_step step, const struct care_facts *f);

/* After so many failures in a row: ms to wait. */
int64_t care_plan_backoff(unsigned failures);

/* A step by its word in the API: "refs", "repack", "graph", "prune",
 * "check".  "" is what is due.  False: no such word. */
bool care_plan_word(const char *word, unsigned *wanted);
const char *care_step_name(enum care_step s);
bool care_step_checks(enum care_step s); /* it only reads */
const char *care_health_name(enum care_health h);

#endif
