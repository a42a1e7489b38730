/*
 * shelf: the plans of applies before the last one
 * (.git/coffer/fetch/apply.earlier), one folder each, so that they can be
 * undone one after the other.  The last one is apply/ and not here; only plans
 * that are done get here.
 */
#ifndef CLI_FETCH_SHELF_H
#define CLI_FETCH_SHELF_H

#include <stddef.h>

struct err;

enum {
	SHELF_MAX = 20 /* what is older is forgotten */
};

/* apply: the folder of the last one; it makes room for another, if there. */
int shelf_put(const char *apply, struct err *e);
/* The newest of them is the last one again, where there is no apply. */
int shelf_take(const char *apply, struct err *e);

/* Their folders, the newest first. */
struct shelf_list {
	char *dirs[SHELF_MAX];
	size_t n;
};
int shelf_list(const char *apply, struct shelf_list *out, struct err *e);
void shelf_list_release(struct shelf_list *l);
/* The folder of that name, as one of the above ends; NULL: it is no such
 * name. */
char *shelf_find(const char *apply, const char *name);

#endif
