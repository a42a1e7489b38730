/*
 * svc_arrived: what a pull request is told when its base moved because
 * upstream did: its change is there already, or it conflicts now.  Within a
 * transaction of the refresh.  Comments are agentd's, which triggers nothing.
 */
#ifndef SERVER_SERVICE_SVC_ARRIVED_H
#define SERVER_SERVICE_SVC_ARRIVED_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_arrived {
	const char *head; /* commit ids, as git has them now */
	const char *base;
	const char *merge_base;
	bool same; /* the base has the head's changes as other commits */
};

/* Does the base have what the head wants to bring?  False also while it is
 * being merged here. */
int svc_arrived_is(struct txn *t, const struct pull *p,
    const struct svc_arrived *a, bool *yes, struct err *e);
/* Then it is merged, by upstream. */
int svc_arrived_write(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct svc_arrived *a, struct err *e);
int svc_arrived_conflict(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct svc_arrived *a, struct err *e);

#endif
