/*
 * upload: how many bytes one project has sent to each domain today, so that
 * not much can be carried out to one that it may reach.  Names below one
 * registrable domain share its budget: they may all be one person's.  Pure;
 * `now` is wall-clock milliseconds, a day is one of UTC.
 */
#ifndef ROUTER_UPLOAD_H
#define ROUTER_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "router/egress.h"

struct str;
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

/* A domain's bytes as a line of text, so that they outlive the process. */
struct upload_line {
	int64_t day; /* since 1970 */
	uint32_t id; /* project */
	uint64_t used;
	char domain[EGRESS_NAME_MAX]; /* "*": of the others */
};

/* Lines of what has changed since it was written, or all. */
void upload_write(struct upload *u, uint32_t id, bool all, struct str *out);
/* Without its line feed; false when it is none. */
bool upload_line_read(struct view line, struct upload_line *out);
/* At least so much was used; what is of a past day counts for nothing. */
void upload_restore(struct upload *u, const struct upload_line *line);

#endif
