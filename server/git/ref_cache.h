/*
 * ref_cache: the ref_snapshots of the repositories that are asked for, loaded
 * through a function of the owner.  While a load runs all askers wait for the
 * one answer.
 *
 * Truth: after ref_cache_moved a question is never answered by a load that
 * began before it.  Refs that somebody moves behind our back are seen by the
 * times of HEAD, packed-refs, refs/heads and refs/tags, looked at every
 * REF_CACHE_NEAR_MS at most, and by a look at all folders, which a question
 * waits for when the last one is older than REF_CACHE_FULL_MS.  (A file that
 * is overwritten in place, which no git does, goes unseen.)
 */
#ifndef SERVER_GIT_REF_CACHE_H
#define SERVER_GIT_REF_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/git/git_pool.h"

struct ref_cache;
struct ref_snapshot;
struct ref_wait;

enum {
	REF_CACHE_NEAR_MS = 50,
	REF_CACHE_FULL_MS = 1000,
	REF_CACHE_UNSETTLED_MS = 20, /* something moved while it was read */
	REF_CACHE_ENTRIES = 4096,
	REF_CACHE_WAITERS = 4096,
	REF_CACHE_BYTES = 128 << 20, /* of what is kept */
	REF_CACHE_ALIVE = 256 << 20  /* with what replies still use */
};

struct ref_cache_spec {
	const char *repos; /* copied */
	/* Asks for a list; known is the stamp of the last one or "". */
	void (*load)(void *owner, int64_t project, const char *known,
	    git_done_fn *done, void *arg);
	int64_t (*now_ms)(void); /* monotonic */
	void *owner;
	size_t max_bytes; /* 0: REF_CACHE_BYTES */
};

/* s is borrowed; NULL when fail is set. */
typedef void ref_ready_fn(
    struct ref_snapshot *s, const struct err *fail, void *arg);

struct ref_cache *ref_cache_new(const struct ref_cache_spec *spec);
void ref_cache_free(struct ref_cache *c); /* nobody is told; NULL is fine */

/* What is known to be true now, with a reference for the caller; NULL: ask. */
struct ref_snapshot *ref_cache_now(struct ref_cache *c, int64_t project);
/* done comes once, later; NULL: too many wait, it will not come. */
struct ref_wait *ref_cache_ask(
    struct ref_cache *c, int64_t project, ref_ready_fn *done, void *arg);
void ref_cache_cancel(struct ref_wait *w);
void ref_cache_moved(struct ref_cache *c, int64_t project);
/* Replies to slow clients hold so much that no more is to be made. */
bool ref_cache_is_full(const struct ref_cache *c);

#endif
