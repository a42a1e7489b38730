/* svc_run_rows: the event of a run's change, within a transaction. */
#ifndef SERVER_SERVICE_SVC_RUN_ROWS_H
#define SERVER_SERVICE_SVC_RUN_ROWS_H

#include "server/domain/work.h"
#include "server/service/svc.h"

int svc_run_event(struct txn *t, const struct identity *who, int64_t now,
    const char *kind, const struct run *r, struct err *e);

#endif
