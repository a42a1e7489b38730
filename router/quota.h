/*
 * quota: how much a project may say in names.  Data can leave in the labels of
 * questions below a domain that somebody owns, so new names are counted by
 * domain: how many, how many bytes, and how many that look like data.  Names
 * that were asked before are free.  Pure; times are clock_mono_ms.
 */
#ifndef ROUTER_QUOTA_H
#define ROUTER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct quota;

enum {
	QUOTA_SPAN_MS = 10 * 60 * 1000, /* then all counts start anew */
	/* New names below one domain. */
	QUOTA_NAMES = 200,
	QUOTA_BYTES = 8 << 10,
	QUOTA_ODD = 20,
	/* Below all domains of a project. */
	QUOTA_ALL_NAMES = 2000,
	QUOTA_ALL_BYTES = 64 << 10,
	/* What looks like data: a label this long, or a random part of it. */
	QUOTA_ODD_LABEL = 40,
	QUOTA_ODD_RANDOM = 24
};

struct quota *quota_new(void) __attribute__((returns_nonnull));
void quota_free(struct quota *q); /* NULL is fine */
/* May this normalised name be asked?  Counts it if so. */
bool quota_take(struct quota *q, const char *name, int64_t now);
/* True for a name with a label that looks like data. */
bool quota_is_odd(const char *name);

#endif
