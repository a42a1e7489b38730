/* census: how much there is of what, for metrics.  Bounded by indexes, but for
 * the projects, all of which are looked at. */
#ifndef SERVER_STORE_CENSUS_H
#define SERVER_STORE_CENSUS_H

#include <stdint.h>

struct err;
struct txn;

enum {
	CENSUS_STATES = 10 /* every enum of states has fewer */
};

struct census {
	int64_t projects;
	int64_t mirrors[CENSUS_STATES];   /* by enum mirror_status */
	int64_t sandboxes[CENSUS_STATES]; /* by enum sandbox_status */
	int64_t runs[CENSUS_STATES];      /* by enum run_state, not ended */
	int64_t jobs_queued, jobs_running;
	int64_t approvals_open;
	int64_t deliveries_waiting;
	int64_t runners, runners_seen; /* registered; heard of since */
	int64_t users;
	int64_t events;     /* the newest */
	int64_t agentd_lag; /* events that agentd has not read, -1: it never
			       read */
	int64_t audit;      /* the newest row */
};

/* seen_since: in ms, for runners_seen. */
int census_take(struct txn *t, int64_t agentd_id, int64_t seen_since,
    struct census *out, struct err *e);

#endif
