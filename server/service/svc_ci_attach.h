/* svc_ci_attach: the whole logs of a head's jobs on the comment that reports
 * them. */
#ifndef SERVER_SERVICE_SVC_CI_ATTACH_H
#define SERVER_SERVICE_SVC_CI_ATTACH_H

#include "server/domain/items.h"
#include "server/domain/work.h"
#include "server/service/svc.h"

/* In a job.  Those of the list that have ended, each once; logs of other heads
 * go.  A log that cannot be had is left out. */
int svc_ci_attach(struct txn *t, struct svc *s, int64_t now,
    const struct pull *p, int64_t comment, const struct job_list *l,
    struct err *e);

#endif
