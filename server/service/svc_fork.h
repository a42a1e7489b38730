/*
 * svc_fork: a project without an upstream that begins with the branches and
 * tags of another, and from whose branches pull requests to it can be made.
 * Whoever may read a project may fork it.  What cannot be copied leaves
 * nothing.
 */
#ifndef SERVER_SERVICE_SVC_FORK_H
#define SERVER_SERVICE_SVC_FORK_H

#include "lib/base/err.h"
#include "server/service/svc_project.h"
#include "server/service/svc_refs.h"

enum {
	SVC_FORKS_MAX = 100 /* of one owner */
};

struct svc_fork {
	struct svc_project_create make; /* .name NULL: the parent's */
	int64_t parent_id;
	/* The rest is its own. */
	struct svc_refs rows;
	struct err fail;
	bool purged;
};
struct svc_fork *svc_fork_new(struct svc *s, const struct identity *who);
/* ERR_EXISTS: of that name there is one, or the owner has a fork of it;
 * ERR_LIMIT: he has too many. */
void svc_fork(struct svc_fork *op, svc_done_fn *done, void *arg);

#endif
