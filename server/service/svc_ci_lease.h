/*
 * svc_ci_lease: when the leases of CI jobs end, by the monotonic clock.  A job
 * whose runner is lost is queued again, or given up after its last attempt; one
 * that is held longer than its own time has ended.
 */
#ifndef SERVER_SERVICE_SVC_CI_LEASE_H
#define SERVER_SERVICE_SVC_CI_LEASE_H

#include "lib/io/loop.h"
#include "server/domain/job_lease.h"
#include "server/service/svc.h"

struct svc_leases;

/* requeued: there may be a job in the queue. */
struct svc_leases *svc_leases_new(struct svc *s, loop_fn *requeued, void *arg);
void svc_leases_free(struct svc_leases *l);
/* Every running job has its whole time from now on. */
void svc_leases_load(struct svc_leases *l);
void svc_leases_stop(struct svc_leases *l);
/* A claim or a beat. */
void svc_leases_beat(
    struct svc_leases *l, int64_t id, const char *lease, int64_t timeout_s);
/* Its runner is told to stop. */
void svc_leases_told(struct svc_leases *l, int64_t id);
/* ms that a beat now would keep it. */
int64_t svc_leases_left(const struct svc_leases *l, int64_t id);
/* lease NULL: any. */
void svc_leases_drop(struct svc_leases *l, int64_t id, const char *lease);

/* In a job: that lease has ended; with the job's events and its status.  *lost
 * is false when it was not its lease any more. */
int svc_ci_lose(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, const struct job_lease_end *end, bool *lost, struct err *e);

#endif
