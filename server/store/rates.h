/*
 * rates: limits that a restart keeps: a bucket by key, which holds `burst` and
 * fills up within per_ms.  A clock that went back fills nothing and takes
 * nothing away.
 */
#ifndef SERVER_STORE_RATES_H
#define SERVER_STORE_RATES_H

#include <stdint.h>

struct err;
struct txn;

struct rate {
	const char *key; /* whose and of what: "test-pr:PROJECT:PULL" */
	int64_t burst;
	int64_t per_ms; /* an empty one is full again after so long */
};

/* Takes one.  ERR_LIMIT when there is none: *retry_ms until there is. */
int rates_take(struct txn *t, const struct rate *r, int64_t now,
    int64_t *retry_ms, struct err *e);
/* Those not touched since then: they are full. */
int rates_forget(struct txn *t, int64_t before, struct err *e);

#endif
