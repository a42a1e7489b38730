/*
 * worker_memo: what a worker found out of a repository's history and is asked
 * again: bytes by a key that names a commit, so that nothing of it gets old.
 * The least used goes when there is no room.
 */
#ifndef SERVER_GIT_WORKER_MEMO_H
#define SERVER_GIT_WORKER_MEMO_H

#include <stdbool.h>

#include "lib/base/view.h"

struct worker_memo;

enum {
	WORKER_MEMO_ROWS = 64,
	WORKER_MEMO_BYTES = 4 << 20 /* of all values */
};

void worker_memo_free(struct worker_memo *m); /* NULL is fine */
/* Good until the next put; m NULL: nothing is there. */
bool worker_memo_get(
    struct worker_memo *m, const char *key, struct view *value);
/* Copied, in the place of an older one; too large a value is not kept. */
void worker_memo_put(
    struct worker_memo **m, const char *key, struct view value);

#endif
