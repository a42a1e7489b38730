/*
 * svc_renewal: a sandbox that is asked to be made anew of other settings, and
 * is refused, stays; then its settings are what they were, or its next start
 * would be refused, too.  Parts of the transactions of svc_project and
 * svc_sandbox.
 */
#ifndef SERVER_SERVICE_SVC_RENEWAL_H
#define SERVER_SERVICE_SVC_RENEWAL_H

#include "server/service/svc.h"

/* It is asked for, in place of `is`, of what `now` says. */
int svc_renewal_begin(struct txn *t, const struct project *is,
    const struct project_settings *now, int64_t generation, struct err *e);
/* It cannot be made: what was asked for and nobody changed since is taken back,
 * with the event project.updated. */
int svc_renewal_undo(struct txn *t, const struct svc_op *op,
    const struct project *p, struct err *e);

#endif
