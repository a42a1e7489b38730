/*
 * jobs_wait: why jobs wait in the queue.  Those that need the same of a runner
 * and say the same are one kind.
 */
#ifndef SERVER_STORE_JOBS_WAIT_H
#define SERVER_STORE_JOBS_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct txn;

enum {
	JOBS_WAIT_KINDS = 50,
	JOBS_WAIT_MAX = 100 /* jobs of a kind at a time */
};

struct job_wait {
	char *labels; /* its runner must have: a JSON list */
	bool network; /* and a network */
	char *why;    /* what it says now */
};

struct job_wait_list {
	struct job_wait *at;
	size_t n;
};

void job_wait_release(struct job_wait *x);
void job_wait_list_release(struct job_wait_list *l);

/* The kinds that are in the queue, at most JOBS_WAIT_KINDS. */
int jobs_waits(struct txn *t, struct job_wait_list *out, struct err *e);
int jobs_wait_of(
    struct txn *t, int64_t id, struct job_wait *out, struct err *e);
/* Those of that kind, oldest first. */
int jobs_wait_ids(struct txn *t, const struct job_wait *kind,
    int64_t ids[JOBS_WAIT_MAX], size_t *n, struct err *e);
/* Of one that is not in the queue any more nothing is changed. */
int jobs_wait_set(struct txn *t, int64_t id, const char *why, struct err *e);

#endif
