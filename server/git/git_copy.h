/*
 * git_copy: refs and the objects that they reach from one repository here into
 * another, by git fetch as a child, so that neither borrows objects of the
 * other.  Two at a time, one of them a whole repository at most, the others
 * wait; what is written is held against maintenance.  The refs are on disk when
 * it is done; the folders that name them are gitpool_sync's.
 */
#ifndef SERVER_GIT_GIT_COPY_H
#define SERVER_GIT_GIT_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct err;
struct git_copies;
struct git_env;
struct git_pool;
struct repo_use;

enum {
	GIT_COPY_WAITING_MAX = 256,
	GIT_COPY_LIMIT_MS = 10 * 60 * 1000,
	GIT_COPY_SPECS = 2
};

/* min_free: bytes of disk that the copy of a whole repository leaves. */
struct git_copies *gitcopies_new(struct loop *l, const struct git_env *env,
    struct git_pool *pool, struct repo_use *use, uint64_t min_free);
void gitcopies_free(struct git_copies *c); /* kills; no completion comes */

/*
 * Refspecs as git has them; without a target only objects are brought.  done
 * comes once, later: ERR_BUSY too many wait, ERR_NOTFOUND there is no such ref,
 * ERR_TIMEOUT; ERR_BUSY the disk is full, too.
 */
typedef void git_copy_done_fn(const struct err *fail, void *arg);
struct git_copy_spec {
	int64_t from; /* projects */
	int64_t to;
	const char *refs[GIT_COPY_SPECS]; /* copied */
	bool whole;                       /* a repository, not one branch */
	git_copy_done_fn *done;
	void *arg;
};
void gitcopy(struct git_copies *c, const struct git_copy_spec *spec);

#endif
