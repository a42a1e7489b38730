/*
 * counts: how often the cache helped, in HOME/git/packs/counts: eight 64-bit
 * numbers that every hook adds to.  They are for people and tests, but for the
 * bytes that were kept since the last sweep looked: when those are more than
 * the cache may have, nothing more is kept until the next one.
 */
#ifndef PACKS_COUNTS_H
#define PACKS_COUNTS_H

#include <stdint.h>

enum counts_kind {
	COUNTS_HIT,       /* served from a whole entry */
	COUNTS_JOINED,    /* followed a computation of another */
	COUNTS_COMPUTED,  /* computed into an entry */
	COUNTS_PLAIN,     /* computed past the cache */
	COUNTS_FAILED,    /* ended without the whole pack */
	COUNTS_ABANDONED, /* computations that nobody followed any more */
	COUNTS_BYTES,     /* that are kept, as far as is known */
	COUNTS_MAX = 8
};

const char *counts_name(enum counts_kind k); /* NULL: not in use */
/* dir: of the project.  What fails is not counted. */
void counts_add(int dir, enum counts_kind k);
void counts_add_bytes(int dir, uint64_t n);
uint64_t counts_bytes(int dir);
/* packs: the folder above it; zeros when there are none. */
void counts_read(int packs, uint64_t out[COUNTS_MAX]);
void counts_set_bytes(int packs, uint64_t n); /* the sweep's truth */

#endif
