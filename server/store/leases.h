/*
 * leases: projects that are there for a while only, until whoever made them
 * says so again: those of one-shot runs.
 */
#ifndef SERVER_STORE_LEASES_H
#define SERVER_STORE_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct txn;

struct lease {
	int64_t project_id;
	int64_t seconds; /* each time */
	int64_t until;   /* ms since 1970 */
};

/* From now on; seconds 0: it stays. */
int leases_set(struct txn *t, int64_t project_id, int64_t seconds, int64_t now,
    struct err *e);
/* Is it over? */
int leases_is_over(
    struct txn *t, int64_t project_id, int64_t now, bool *over, struct err *e);
/* At most max that are over. */
int leases_over(struct txn *t, int64_t now, struct lease *out, size_t max,
    size_t *n, struct err *e);

#endif
