/*
 * held: the plans that hold files back which can still be taken: the last one,
 * and those before it on the same commit and in the same work tree.
 */
#ifndef CLI_FETCH_HELD_H
#define CLI_FETCH_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/fetch/plan.h"
#include "cli/fetch/shelf.h"

struct err;
struct fetch_job;
struct opt_list;

/* Which of the files that are held back. */
struct fetch_take {
	bool all;
	const struct opt_list *paths;
};

struct held_plans {
	struct plan *v; /* the newest first */
	size_t n;
	bool last; /* there is a last apply; it is the first one */
};

int held_load(struct fetch_job *j, struct held_plans *out, struct err *e);
void held_release(struct held_plans *h);
/* The newest that holds path back; of path NULL, that holds anything back. */
struct plan *held_find(struct held_plans *h, const char *path);

/* What a plan held back becomes part of it. */
int fetch_take(struct fetch_job *j, struct plan *p,
    const struct fetch_take *take, size_t *n, struct err *e);

/* A take from a plan on the shelf is marked, so that recovery finds it there:
 * (.git/coffer/fetch/apply.taking). */
int held_mark(struct fetch_job *j, const struct plan *p, struct err *e);
int held_unmark(struct fetch_job *j, struct err *e);
/* Its folder; NULL: there is none. */
char *held_marked(struct fetch_job *j);

#endif
