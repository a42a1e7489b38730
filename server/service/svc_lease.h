/*
 * svc_lease: a project that is there for a while only: whoever made it says
 * again and again that it is wanted, and when he is gone so is it.
 */
#ifndef SERVER_SERVICE_SVC_LEASE_H
#define SERVER_SERVICE_SVC_LEASE_H

#include "server/service/svc.h"

enum {
	SVC_LEASE_MAX_S = 86400
};

/* For so many seconds from now on; 0: it stays.  ERR_DENIED but for its
 * admins. */
void svc_lease(struct svc *s, const struct identity *who, int64_t project_id,
    int64_t seconds, svc_done_fn *done, void *arg);
/* Removes the project, unless it is wanted again. */
void svc_lease_end(struct svc *s, int64_t project_id);

#endif
