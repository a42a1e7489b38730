/* git_pool_priv: how git_calls.c hands a question to the pool. */
#ifndef SERVER_GIT_GIT_POOL_PRIV_H
#define SERVER_GIT_GIT_POOL_PRIV_H

#include "server/git/git_pool.h"

struct git_ask {
	const char *op;
	struct view fields; /* members of a JSON object, without the braces */
	struct view raw;
	bool quick;  /* may use the worker that is kept for the quick ones */
	bool moves;  /* refs: its end is a gitpool_refs_moved */
	bool writes; /* objects or refs: the repository is used shared */
};

/* Copies everything. */
void gitpool_call(struct git_pool *p, int64_t project,
    const struct git_ask *ask, git_done_fn *done, void *arg);
/* The question behind ref_cache_ask, see worker_list.c. */
void gitpool_list(struct git_pool *p, int64_t project, const char *known,
    git_done_fn *done, void *arg);

#endif
