/*
 * produce: the detached process that computes one entry.  It leads a session
 * of its own, so that the end of the request that started it does not end it;
 * it ends itself when nobody follows any more.  git dies with it.
 */
#ifndef PACKS_PRODUCE_H
#define PACKS_PRODUCE_H

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct err;
struct request;

enum {
	PRODUCE_TICK_MS = 100,
	PRODUCE_LOOK_MS = 2,           /* how often growth is told */
	PRODUCE_QUIET_MS = 10,         /* and when there was none for a while */
	PRODUCE_ALONE_MS = 250,        /* without a follower */
	PRODUCE_WALL_MS = 3600 * 1000, /* of one computation */
	PRODUCE_FULL_S = 60, /* after a full disk nothing is kept so long */
	PRODUCE_SPARE = 64 << 20, /* bytes that stay free beside a repository */
	PRODUCE_LARGE = 32 << 20  /* of a repository: see produce_is_copy */
};

/* May a pack of this repository be kept: is there room for all of it, and are
 * not more than `all` bytes kept?  dir is the project's folder of entries, the
 * working directory its repository. */
int produce_room(int dir, uint64_t all, struct err *e);

/* Is a pack of all of the repository we stand in mostly a copy, and large? */
bool produce_is_copy(void);

/* Starts it for an ENTRY_LEAD; the lock of en->pfd is its own then, and pfd is
 * closed here.  max: bytes; a longer pack is served but not kept. */
int produce_start(
    struct entry *en, struct request *r, uint64_t max, struct err *e);

#endif
