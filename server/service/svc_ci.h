/*
 * svc_ci: CI jobs: queued for a head, leased to runners that wait for them,
 * returned to the queue when a lease ends, and their results as statuses.
 */
#ifndef SERVER_SERVICE_SVC_CI_H
#define SERVER_SERVICE_SVC_CI_H

#include "server/domain/work.h"
#include "server/service/svc.h"

struct check;

enum {
	SVC_CI_POLLERS_MAX = 500,
	SVC_CI_WAIT_MAX_S = 60
};

struct svc_ci *svc_ci_new(struct svc *s);
void svc_ci_start(struct svc_ci *ci); /* leases of an earlier process */
void svc_ci_stop(struct svc_ci *ci);  /* answers who waits with none */
void svc_ci_free(struct svc_ci *ci);  /* NULL is fine */
/* There may be a job in the queue. */
void svc_ci_kick(struct svc_ci *ci);

/* In a job: a check of a head becomes a job with its events and its pending
 * status, unless it is there already. */
struct svc_ci_new {
	int64_t project_id;
	int64_t pull; /* 0: a branch by itself */
	const char *sha;
	const char *base_sha;
	const struct check *check;
};
int svc_ci_insert(struct txn *t, const struct identity *ci, int64_t now,
    const struct svc_ci_new *n, bool *created, struct err *e);

/*
 * A runner asks for a job and waits at most wait_s.  done comes once, later:
 * job NULL is none.  Returns a handle for svc_ci_cancel, 0 when too many wait
 * (then done does not come).
 */
typedef void svc_ci_poll_fn(
    const struct err *fail, const struct job *job, void *arg);
uint64_t svc_ci_poll(struct svc_ci *ci, const char *runner, int64_t wait_s,
    svc_ci_poll_fn *done, void *arg);
void svc_ci_cancel(struct svc_ci *ci, uint64_t handle); /* done NULLed */

struct svc_ci_beat {
	struct svc_op op;
	int64_t id;
	char lease[LEASE_HEX + 1];
	int64_t lease_until; /* out */
	bool cancel;         /* out */
};
/* A stale lease is ERR_EXISTS. */
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
	struct identity ci;
	struct str *tail; /* end of the log, for check.failed */
	struct job job;   /* out */
};
struct svc_ci_result *svc_ci_result_new(
    struct svc *s, const struct identity *who);
void svc_ci_result(struct svc_ci_result *op, svc_done_fn *done, void *arg);

/* May whoever shows this lease work on the job now?  ERR_EXISTS if not; the
 * caller releases *out on success. */
int svc_ci_by_lease(struct svc *s, int64_t id, const char *lease,
    struct job *out, struct err *e);

#endif
