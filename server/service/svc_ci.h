/*
 * svc_ci: CI jobs: queued for a head, leased to runners that wait for them,
 * returned to the queue when a lease ends, and their results as statuses.
 *
 * Leases end by this process' monotonic clock: a clock that is set changes
 * nothing, and after a start each has its whole time again.
 */
#ifndef SERVER_SERVICE_SVC_CI_H
#define SERVER_SERVICE_SVC_CI_H

#include "server/domain/runner.h"
#include "server/domain/work.h"
#include "server/service/svc.h"

struct check;

enum {
	SVC_CI_POLLERS_MAX = 500,
	SVC_CI_POLLS_MAX = 64, /* of one runner */
	SVC_CI_HELD_MAX = 256,
	SVC_CI_WAIT_MAX_S = 60
};

struct svc_ci *svc_ci_new(struct svc *s);
void svc_ci_start(struct svc_ci *ci); /* leases of an earlier process */
void svc_ci_stop(struct svc_ci *ci);  /* answers who waits with none */
void svc_ci_free(struct svc_ci *ci);  /* NULL is fine */
/* There may be a job in the queue. */
void svc_ci_kick(struct svc_ci *ci);
/* A job is leased from now on, or its runner has beaten; it is told to stop;
 * it is not leased any more, by that lease. */
void svc_ci_leased(
    struct svc_ci *ci, int64_t id, const char *lease, int64_t timeout_s);
void svc_ci_told(struct svc_ci *ci, int64_t id);
void svc_ci_unleased(struct svc_ci *ci, int64_t id, const char *lease);
/* ms that a beat now would keep it. */
int64_t svc_ci_left(const struct svc_ci *ci, int64_t id);

/* In a job: a check of a head becomes a job with its events and its pending
 * status, unless it is there already. */
struct svc_ci_new {
	int64_t project_id;
	int64_t pull; /* 0: a branch by itself */
	const char *sha;
	const char *base_sha;
	const struct check *check;
	const char *name; /* NULL: the check's */
	const char *tree; /* what is tested instead of sha's; NULL: that */
	int64_t priority;
};
int svc_ci_insert(struct txn *t, const struct identity *ci, int64_t now,
    const struct svc_ci_new *n, bool *created, struct err *e);

enum {
	SVC_CI_SPEC = 33 /* with the NUL */
};
/* A digest of all that the check says: what ran as another is no verdict. */
void svc_ci_spec(const struct check *c, char out[SVC_CI_SPEC]);

/*
 * A runner asks for a job and waits at most wait_s.  done comes once, later:
 * job NULL is none; ERR_DENIED: it is no runner.  Returns a handle for
 * svc_ci_leave, 0 when too many wait (then done does not come).
 */
struct svc_ci_ask {
	const struct identity *who;
	int64_t wait_s;
	int64_t slots;       /* it runs at most so many; 0: not said */
	const char *labels;  /* of the home's own runner; NULL: not said */
	const char *version; /* NULL: not said */
	bool network;        /* it has one for jobs that need it */
	/* The jobs that it knows of; any other of its own is lost.  It has one
	 * such poll at a time: an earlier one ends with none. */
	bool has_held;
	const int64_t *held;
	size_t n_held;
};
typedef void svc_ci_poll_fn(
    const struct err *fail, const struct job *job, void *arg);
uint64_t svc_ci_poll(struct svc_ci *ci, const struct svc_ci_ask *ask,
    svc_ci_poll_fn *done, void *arg);
void svc_ci_leave(struct svc_ci *ci, uint64_t handle); /* no call of done */

#endif
