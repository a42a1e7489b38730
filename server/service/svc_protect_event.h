/*
 * svc_protect_event: what changed of a branch protection, as the event that
 * says so: each field with its value before and after.
 */
#ifndef SERVER_SERVICE_SVC_PROTECT_EVENT_H
#define SERVER_SERVICE_SVC_PROTECT_EVENT_H

#include "server/domain/protect_rule.h"
#include "server/service/svc.h"

/* In a job.  was NULL: it is created, now NULL: it is deleted. */
int svc_protect_changed(struct txn *t, const struct svc_op *op, int64_t project,
    const struct protect_rule *was, const struct protect_rule *now,
    struct err *e);
/* The same of the order in which they are asked. */
int svc_protect_ordered(struct txn *t, const struct svc_op *op, int64_t project,
    const struct protect_list *was, const struct protect_list *now,
    struct err *e);

#endif
