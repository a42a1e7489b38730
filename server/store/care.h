/*
 * care: what is known of each repository's state, and what was done for it
 * when.  No row: nothing was ever done or known.
 */
#ifndef SERVER_STORE_CARE_H
#define SERVER_STORE_CARE_H

#include <stddef.h>
#include <stdint.h>

#include "server/domain/care_plan.h"

struct err;
struct txn;

struct care_row {
	int64_t project_id;
	int64_t size; /* bytes, when it was surveyed */
	int64_t packs;
	int64_t loose;
	int64_t surveyed_at;
	int64_t maintained_at; /* the last step that was no check */
	int64_t failures;      /* steps that failed in a row */
	int64_t next_at;       /* not before, after a failure */
	struct care_past past; /* since: when the project was made */
	char *problem;         /* why the last step could not be done, "" */
	char *error;           /* what is corrupt, "" */
};

void care_row_release(struct care_row *r);

/* A project without a row gives zeroes; one that is gone is ERR_NOTFOUND. */
int care_get(
    struct txn *t, int64_t project_id, struct care_row *out, struct err *e);
/* All but purge_at. */
int care_put(struct txn *t, const struct care_row *r, struct err *e);
/* Objects are to go: wanted since `at`. */
int care_set_purge(
    struct txn *t, int64_t project_id, int64_t at, struct err *e);

/* A purge that was wanted at that time is done; a later one is not. */
int care_purged(struct txn *t, int64_t project_id, int64_t at, struct err *e);

/* Projects with a repository, by id, those after `after`; at most n. */
struct care_due {
	int64_t project_id;
	struct care_past past;
	int64_t surveyed_at;
	int64_t next_at;
};
int care_list(struct txn *t, int64_t after, struct care_due *v, size_t n,
    size_t *got, struct err *e);

#endif
