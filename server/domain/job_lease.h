/*
 * job_lease: until when a CI job is its runner's.  A beat keeps it for
 * JOB_LEASE_MS, but never past the job's own time: its timeout, what it takes
 * to begin and to tell, and after a cancel what it takes to stop.  Times are
 * the caller's, of a clock that nobody sets.  Pure.
 */
#ifndef SERVER_DOMAIN_JOB_LEASE_H
#define SERVER_DOMAIN_JOB_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "server/domain/work.h"

enum {
	JOB_LEASE_MS = 60 * 1000,
	JOB_GRACE_MS = 20 * 60 * 1000, /* the tree, the disk, the log */
	JOB_STOP_MS = 2 * 60 * 1000    /* from a cancel to the end */
};

struct job_lease {
	TAILQ_ENTRY(job_lease) entry;
	int64_t id;
	char lease[LEASE_HEX + 1];
	int64_t until; /* without another beat */
	int64_t over;  /* whatever its runner says */
};

TAILQ_HEAD(job_leases, job_lease);

/* A claim, when that lease was not known, else a beat. */
void job_leases_beat(struct job_leases *l, int64_t id, const char *lease,
    int64_t timeout_s, int64_t now);
/* Its runner is told to stop. */
void job_leases_stop(struct job_leases *l, int64_t id, int64_t now);
/* lease NULL: any. */
void job_leases_drop(struct job_leases *l, int64_t id, const char *lease);
void job_leases_release(struct job_leases *l);

/* How long a beat now would keep it: JOB_LEASE_MS or less; of one that is not
 * known all of that. */
int64_t job_leases_left(const struct job_leases *l, int64_t id, int64_t now);

struct job_lease_end {
	int64_t id;
	char lease[LEASE_HEX + 1];
	bool over; /* its runner is there and has had all its time */
};
/* Those that have ended, at most max; they stay until they are dropped. */
size_t job_leases_ended(const struct job_leases *l, int64_t now,
    struct job_lease_end *out, size_t max);

#endif
