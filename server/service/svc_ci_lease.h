/*
 * svc_ci_lease: when the leases of CI jobs end, by the monotonic clock.  A job
 * whose lease ended is queued again, or given up after its last attempt.
 */
#ifndef SERVER_SERVICE_SVC_CI_LEASE_H
#define SERVER_SERVICE_SVC_CI_LEASE_H

#include "lib/io/loop.h"
#include "server/domain/work.h"
#include "server/service/svc.h"

struct svc_leases;

/* requeued: there may be a job in the queue. */
struct svc_leases *svc_leases_new(struct svc *s, loop_fn *requeued, void *arg);
void svc_leases_free(struct svc_leases *l);
/* Every running job has its whole lease from now on. */
void svc_leases_load(struct svc_leases *l);
void svc_leases_stop(struct svc_leases *l);
void svc_leases_set(struct svc_leases *l, int64_t id, const char *lease);
/* lease NULL: any. */
void svc_leases_drop(struct svc_leases *l, int64_t id, const char *lease);

/* In a job: the runner of that lease is lost; with its events and its status,
 * when that was the end.  *lost is false when it was not its lease any more. */
int svc_ci_lose(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, int64_t id, const char *lease, bool *lost, struct err *e);

#endif
