/*
 * run_keys: the keys that callers gave to what they asked for, so that a call
 * which is repeated is the same run.  A key is one account's in one project.
 */
#ifndef SERVER_STORE_RUN_KEYS_H
#define SERVER_STORE_RUN_KEYS_H

#include <stdint.h>

struct err;
struct txn;

enum {
	RUN_PRINT_MAX = 65 /* a SHA-256 in hex and a NUL */
};

struct run_key {
	int64_t project_id, account_id;
	const char *key;
	char print[RUN_PRINT_MAX]; /* of what was asked for */
	int64_t run_id;
};

/* Fills print and run_id; ERR_NOTFOUND. */
int run_keys_get(struct txn *t, struct run_key *k, struct err *e);
int run_keys_add(struct txn *t, const struct run_key *k, struct err *e);

#endif
