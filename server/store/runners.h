/*
 * runners: who runs CI jobs.  A row is an invitation first, whose secret is
 * kept as a hash and good once; registered, it has an account of its own.
 */
#ifndef SERVER_STORE_RUNNERS_H
#define SERVER_STORE_RUNNERS_H

#include "server/domain/runner.h"

struct err;
struct txn;

struct runner_new {
	const char *name;
	const char *labels; /* a JSON list */
	int64_t slots;
	const char *invite; /* the secret, kept as a hash; NULL: none */
	int64_t invite_until;
	int64_t account_id; /* 0: invited only */
	int64_t now;
};

/* ERR_EXISTS: the name is taken. */
int runners_insert(
    struct txn *t, const struct runner_new *n, int64_t *id, struct err *e);
int runners_get(struct txn *t, int64_t id, struct runner *out, struct err *e);
int runners_by_account(
    struct txn *t, int64_t account_id, struct runner *out, struct err *e);
int runners_by_name(
    struct txn *t, const char *name, struct runner *out, struct err *e);
/* The invitation of that secret; ERR_NOTFOUND also when it is too old. */
int runners_by_invite(struct txn *t, const char *invite, int64_t now,
    struct runner *out, struct err *e);
int runners_list(struct txn *t, struct runner_list *out, struct err *e);

/* The invitation is used up; ERR_BUSY when it was. */
struct runner_registration {
	const char *name;
	const char *labels;
	const char *version;
	int64_t slots;
	bool network;
	int64_t account_id;
	int64_t now;
};
int runners_register(struct txn *t, int64_t id,
    const struct runner_registration *r, struct err *e);
int runners_set(struct txn *t, const struct runner *r, struct err *e);
int runners_seen(struct txn *t, int64_t id, int64_t now, struct err *e);
int runners_delete(struct txn *t, int64_t id, struct err *e);

#endif
