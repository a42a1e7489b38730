/*
 * plan_look: a plan's files beside what is in the work tree now.  Reads only,
 * but for what a killed command left half written.
 */
#ifndef CLI_FETCH_PLAN_LOOK_H
#define CLI_FETCH_PLAN_LOOK_H

#include <stdbool.h>

struct err;
struct plan;
struct plan_entry;

/* The trees of a plan, and the clone's; -1 where there is none. */
struct plan_trees {
	int top, before, after;
};

/* May a new file be put there?  Marks which of its folders the plan does not
 * make: an undo leaves those. */
int plan_place(
    const struct plan *p, struct plan_entry *x, int top, struct err *e);
/* Is it there as it was, or as it is to be? */
int plan_at(const struct plan_trees *t, const struct plan_entry *x, bool after,
    bool *yes, struct err *e);
/* ERR_DENIED, with names, when something of it is neither, or what went away
 * cannot come back: nothing was touched. */
int plan_strangers(
    const struct plan *p, const struct plan_trees *t, struct err *e);
/* Folders that only files of the plan made, empty by now, at x's own path. */
void plan_clear(const struct plan *p, const struct plan_trees *t,
    const struct plan_entry *x);

#endif
