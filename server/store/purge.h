/*
 * purge: the rows of a project that is being removed, some in each
 * transaction, so that a million of them do not hold the writer.  What is cut
 * off by a crash is found again by purge_next.
 */
#ifndef SERVER_STORE_PURGE_H
#define SERVER_STORE_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct txn;

enum {
	PURGE_ROWS = 250 /* removed by one call */
};

/* *rest: there are more of the kinds that may be many. */
int purge_some(struct txn *t, int64_t project, bool *rest, struct err *e);
/* Of what the next call may remove, the rows that have files. */
int purge_runs(struct txn *t, int64_t project, int64_t ids[PURGE_ROWS],
    size_t *n, struct err *e);
int purge_jobs(struct txn *t, int64_t project, int64_t ids[PURGE_ROWS],
    size_t *n, struct err *e);
/* A project that is being removed, has no sandbox and still has rows; 0 none.
 */
int purge_next(struct txn *t, int64_t *project, struct err *e);

#endif
