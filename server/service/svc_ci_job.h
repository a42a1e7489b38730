/*
 * svc_ci_job: what a runner says of the job that it leases, and what a person
 * says of any.  A lease that is not the job's, or another runner's, is
 * ERR_EXISTS.
 */
#ifndef SERVER_SERVICE_SVC_CI_JOB_H
#define SERVER_SERVICE_SVC_CI_JOB_H

#include "server/domain/work.h"
#include "server/service/svc.h"

struct svc_ci_beat {
	struct svc_op op;
	int64_t id;
	char lease[LEASE_HEX + 1];
	int64_t left_ms;     /* that this beat keeps it */
	int64_t timeout_s;   /* out, the job's own */
	int64_t lease_until; /* out */
	bool cancel;         /* out */
};
void svc_ci_heartbeat(struct svc *s, const struct identity *who, int64_t id,
    const char *lease, svc_done_fn *done, void *arg);

struct svc_ci_result {
	struct svc_op op;
	int64_t id;
	char lease[LEASE_HEX + 1];
	enum job_state state;
	char phase[8]; /* "setup", "test" or "" */
	bool has_exit;
	int64_t exit_code;
	int64_t signal;
	char *why;
	struct job job; /* out */
};
struct svc_ci_result *svc_ci_result_new(
    struct svc *s, const struct identity *who);
void svc_ci_result(struct svc_ci_result *op, svc_done_fn *done, void *arg);

/* Asks for its end: of a queued job at once.  Ended: ERR_EXISTS. */
struct svc_ci_cancel {
	struct svc_op op;
	int64_t id;
	struct job job; /* out */
};
void svc_ci_cancel(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg);

/* May whoever shows this lease work on the job now?  The caller releases *out
 * on success. */
int svc_ci_by_lease(struct svc *s, const struct identity *who, int64_t id,
    const char *lease, struct job *out, struct err *e);

#endif
