/* svc_ci_rows: what a CI job's change writes: its events and its status.  All
 * within a transaction of the caller. */
#ifndef SERVER_SERVICE_SVC_CI_ROWS_H
#define SERVER_SERVICE_SVC_CI_ROWS_H

#include "server/domain/work.h"
#include "server/service/svc.h"

/* tail goes into check.failed alone; NULL: none. */
int svc_ci_event(struct txn *t, const struct identity *ci, int64_t now,
    const char *kind, const struct job *j, const struct str *tail,
    struct err *e);
/* The status ci/NAME of the job's state. */
int svc_ci_status(struct txn *t, const struct identity *ci, int64_t now,
    const struct job *j, struct err *e);
/* The last max bytes of its log, as text. */
void svc_ci_tail(
    struct svc *s, const struct job *j, size_t max, struct str *out);
/* Of a job that ended: status, check.finished and, when it is required by an
 * open pull request of the agent on that very head, check.failed. */
int svc_ci_verdict(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, const struct job *j, const struct str *tail, struct err *e);

#endif
