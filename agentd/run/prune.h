/*
 * prune: records of runs that are too old, or too many, go, here and at
 * cofferd; the oldest first.  A run that is not cleaned away yet is left.
 */
#ifndef AGENTD_RUN_PRUNE_H
#define AGENTD_RUN_PRUNE_H

#include <stddef.h>
#include <stdint.h>

struct apiclient;
struct loop;
struct prune;

struct prune_spec {
	struct loop *loop;
	struct apiclient *api;
	const char *home;
	uint64_t days;  /* 0: for ever */
	uint64_t bytes; /* of all; 0: without a limit */
};

/* Looks at once, then each hour; spec's home outlives it. */
struct prune *prune_new(const struct prune_spec *spec)
    __attribute__((returns_nonnull));
void prune_free(struct prune *p); /* NULL is fine */

struct prune_row {
	int64_t id, at_ms;
	uint64_t bytes;
};

/* Sorts the rows by id; how many of them, from the first, have to go.  Pure. */
size_t prune_pick(const struct prune_spec *s, struct prune_row *rows, size_t n,
    int64_t now_ms);

#endif
