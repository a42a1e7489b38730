/*
 * jobs: CI jobs, one per check, pull request and head; jobs_queue.c is how
 * runners come by them.  A runner holds a job
 * by a lease (LEASE_HEX random digits); whoever does not show it is refused.
 */
#ifndef SERVER_STORE_JOBS_H
#define SERVER_STORE_JOBS_H

#include "server/domain/work.h"

struct err;
struct txn;

struct job_new {
	int64_t project_id;
	int64_t pull;
	const char *sha;
	const char *base_sha;
	const char *name;
	const struct job_check *check; /* NULL text is "", NULL list "[]" */
	const char *tree; /* what is tested instead of sha's; NULL: "" */
	const char *spec; /* a digest of the check as it is now; NULL: "" */
	int64_t priority; /* greater first; 0 is a check's */
	int64_t now;
};

/* *created is false when it is there already: *id is that one.  One that was
 * superseded, or of another check by that name, is queued anew. */
int jobs_insert(struct txn *t, const struct job_new *n, int64_t *id,
    bool *created, struct err *e);
int jobs_get(struct txn *t, int64_t id, struct job *out, struct err *e);
/* Of the pull request's check of that head; 0: it has none, or of another
 * spec, if one is given, and then of another tree, too, unless it is skipped.
 */
int jobs_state(struct txn *t, const struct job_new *of, enum job_state *out,
    struct err *e);
/* It ends without a runner: it is skipped, or others say how it ended. */
int jobs_settle(struct txn *t, const struct job_new *n, enum job_state state,
    const char *why, int64_t *id, struct err *e);
/* Of the pull request's commit, oldest first, at most 200. */
int jobs_of_head(struct txn *t, int64_t project_id, int64_t pull,
    const char *sha, struct job_list *out, struct err *e);
/* Newest first; pull 0: any. */
int jobs_list(struct txn *t, int64_t project_id, int64_t pull, int64_t limit,
    int64_t offset, struct job_list *out, struct err *e);

/* Somebody waits for the pull request's head: what was queued anew for other
 * trees so often may be so again, and what is queued waits behind none of
 * priority 0 any more; *n of them. */
int jobs_retest(struct txn *t, const struct job_new *of, int64_t over,
    int64_t *n, struct err *e);

struct job_claim {
	int64_t runner_id;
	const char *runner; /* its name */
	const char *labels; /* it has these: a JSON list; NULL: none */
	bool network;       /* it has one for jobs that need it */
	const char *lease;
	int64_t lease_until;
	int64_t now;
};

/* The next queued job becomes running: by priority, then of the project that
 * runs the fewest; ERR_NOTFOUND when there is none for these labels. */
int jobs_claim_next(
    struct txn *t, const struct job_claim *c, struct job *out, struct err *e);
/* *cancel: it was superseded, or somebody asked for it.  A stale lease or an
 * end: ERR_BUSY. */
int jobs_heartbeat(struct txn *t, int64_t id, const char *lease,
    int64_t lease_until, bool *cancel, struct err *e);
/* The job, when the lease is its own; ERR_BUSY else. */
int jobs_by_lease(struct txn *t, int64_t id, const char *lease, struct job *out,
    struct err *e);
/* Those of a runner that run, oldest first; 0: of any. */
int jobs_running(
    struct txn *t, int64_t runner_id, struct job_list *out, struct err *e);
int jobs_count_running(
    struct txn *t, int64_t runner_id, int64_t *out, struct err *e);
/*
 * The runner is not heard of any more: back to the queue, or to
 * infrastructure_error after JOB_ATTEMPTS_MAX claims, or to cancelled when that
 * was asked for.  Another lease, or no longer running: ERR_BUSY.
 */
int jobs_lose(struct txn *t, int64_t id, const char *lease, int64_t now,
    struct job *out, struct err *e);
/* Its runner has held it for longer than it may: timed_out, or cancelled when
 * that was asked for.  ERR_BUSY as of jobs_lose. */
int jobs_overdue(struct txn *t, int64_t id, const char *lease, int64_t now,
    struct job *out, struct err *e);
/* A claim that reached nobody is none. */
int jobs_give_back(struct txn *t, int64_t id, const char *lease, struct err *e);
/* A queued one ends, a running one's runner is told; ended: ERR_EXISTS. */
int jobs_cancel(struct txn *t, int64_t id, const char *why, int64_t now,
    struct job *out, struct err *e);
/*
 * Queued and running jobs of that pull request on another head than keep_sha
 * ("" for none) become superseded; *n of them.  A running one keeps its lease
 * so that its runner learns to stop.
 */
int jobs_supersede(struct txn *t, int64_t project_id, int64_t pull,
    const char *keep_sha, int64_t now, int64_t *n, struct err *e);

struct job_result {
	const char *lease;
	enum job_state state; /* an end, not superseded */
	const char *phase;    /* NULL: "" */
	bool has_exit;
	int64_t exit_code;
	int64_t signal;
	const char *why; /* NULL: "" */
	int64_t now;
};

enum job_outcome {
	JOB_RESULT_TAKEN,
	JOB_RESULT_REPEATED, /* the same again: nothing changed */
	JOB_RESULT_IGNORED   /* superseded meanwhile */
};

/* A stale lease, or another result than before: ERR_EXISTS. */
int jobs_finish(struct txn *t, int64_t id, const struct job_result *r,
    enum job_outcome *out, struct err *e);
/* Compare-and-set: ERR_BUSY when the length is not `from`. */
int jobs_set_log_bytes(
    struct txn *t, int64_t id, int64_t from, int64_t to, struct err *e);

#endif
