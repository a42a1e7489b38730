/* worker_trail: the commits that changed one path, newest first, for the
 * operations of the git worker.  Bounded by a time (monotonic ms). */
#ifndef SERVER_GIT_WORKER_TRAIL_H
#define SERVER_GIT_WORKER_TRAIL_H

#include <stdint.h>

#include "server/git/worker_priv.h"

struct trail;

enum {
	TRAIL_END = 1, /* of trail_next: no more */
	TRAIL_LATE = 2 /* the time is over */
};

struct trail *trail_new(git_repository *repo, const char *path, int64_t until)
    __attribute__((returns_nonnull));
void trail_free(struct trail *t); /* NULL is fine */
int trail_from(struct trail *t, git_commit *commit, struct err *e);
/* 0 and a commit for the caller, TRAIL_END, TRAIL_LATE, -1. */
int trail_next(struct trail *t, git_commit **out, struct err *e);

/*
 * The commit that last changed each of n entries of a folder ("" is the root),
 * as far as it is found until then; out[i] is zero where it was not.  memo:
 * what was found is kept there for who asks again, also from a commit above.
 */
struct trail_last {
	git_commit *from;
	const char *folder;
	const char *const *names;
	size_t n;
	const char *part; /* of the folder they are, the same at each commit */
	int64_t until;
	struct worker_memo **memo;
};
int trail_last(const struct trail_last *spec, git_oid *out, struct err *e);

#endif
