/*
 * db: the database, its one writer thread and the loop's read handle.
 *
 * db_write queues a job; the writer thread runs jobs in groups: BEGIN
 * IMMEDIATE, each job in a savepoint of its own (one that returns -1 undoes
 * only itself), one COMMIT with fsync for the group.  Then the `done`s come on
 * the loop in the order of the calls: done(NULL, arg) means on disk, otherwise
 * the job's error, or the commit's for every job of the group.  A full queue
 * gives ERR_BUSY the same way.  A job runs on the writer thread: it touches
 * its arg and txn only, and calls functions of server/store and pure ones.
 * A job that got -1 from a writing function returns -1: a change of several
 * rows may be half done.  A struct txn is good only on its thread, and in a job
 * only during the job.
 */
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct loop;
struct txn;

enum {
	DB_SCHEMA_VERSION = 10,
	DB_QUEUE_MAX = 4096, /* jobs waiting */
	DB_GROUP_MAX = 64,   /* jobs per commit */
	DB_GROUP_MS = 5,
	DB_READ_MS = 5, /* CPU time of one query on the loop */
	/* As long times this: one that may look at all items of a project. */
	DB_SCAN_TIMES = 5,
	DB_LIST_MAX = 1000,  /* no list is longer, whatever is asked */
	DB_COUNT_MAX = 10000 /* a total stops there, but that of issues */
};

/*
 * Opens or makes the file (0600), migrates it, starts the writer.  l may be
 * NULL where only db_write_now and db_reader are used.  A newer schema is
 * ERR_INVALID.
 */
int db_open(struct db **out, const char *path, struct loop *l, struct err *e);
/*
 * Runs what is queued, calls the remaining `done`s from here, truncates the
 * write-ahead log and frees.  NULL is fine.
 */
void db_close(struct db *d);

/*
 * The loop's handle: it sees what is committed at each query.  A query over
 * the limit is ERR_TIMEOUT.
 */
struct txn *db_reader(struct db *d);
void db_set_read_limit(struct db *d, int ms); /* of CPU time; 0: none */

typedef int db_job_fn(struct txn *t, void *arg, struct err *e);
typedef void db_done_fn(const struct err *fail, void *arg);
void db_write(struct db *d, db_job_fn *job, db_done_fn *done, void *arg);
/* Waits for the commit: for start-up and tests, never from a running loop. */
int db_write_now(struct db *d, db_job_fn *job, void *arg, struct err *e);
size_t db_queued(struct db *d); /* jobs not yet answered */

/*
 * fn runs on the loop after the done calls of each group that committed;
 * last_seq is the newest event on disk.  One hook.
 */
typedef void db_commit_fn(int64_t last_seq, void *arg);
void db_on_commit(struct db *d, db_commit_fn *fn, void *arg);

#endif
