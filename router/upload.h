/*
 * upload: how many bytes one project has sent to each domain today, so that
 * not much can be carried out to one that it may reach.  Names below one
 * registrable domain share its budget: they may all be one person's.  Pure;
 * `now` is wall-clock milliseconds, a day is one of UTC.
 */
#ifndef ROUTER_UPLOAD_H
#define ROUTER_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct upload;

enum {
	UPLOAD_DOMAINS_MAX = 4096 /* the others share one budget */
};

struct upload *upload_new(void) __attribute__((returns_nonnull));
void upload_free(struct upload *u); /* NULL is fine */
/* Take n bytes of max (0: no bound) or, when they are not there, none. */
bool upload_take(
    struct upload *u, const char *name, uint64_t n, uint64_t max, int64_t now);
/* Is anything left? */
bool upload_left(struct upload *u, const char *name, uint64_t max, int64_t now);

#endif
