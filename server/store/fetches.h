/* fetches: records of `coffer fetch` as their authors signed them, and whose
 * keys they are. */
#ifndef SERVER_STORE_FETCHES_H
#define SERVER_STORE_FETCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/items.h"

struct err;
struct txn;

enum {
	FETCH_WORD_MAX = 40,
	FETCH_REF_MAX = 255,
	FETCH_HEX = 65,
	FETCH_LIST_MAX = 50,
	FETCH_KEPT = 1000 /* of a project and account; older ones go */
};

struct fetched {
	int64_t id;
	int64_t project_id;
	int64_t item; /* 0: of no pull request */
	struct author by;
	char key[FETCH_HEX], sha256[FETCH_HEX];
	int64_t key_since;
	int64_t received_at;
	char at[FETCH_WORD_MAX]; /* by the clock of who made it */
	char result[FETCH_WORD_MAX], how[FETCH_WORD_MAX];
	char review[FETCH_WORD_MAX];
	char branch[FETCH_REF_MAX + 1];
	char head[FETCH_HEX], base[FETCH_HEX];
	char *text; /* not in lists */
};

struct fetched_list {
	struct fetched at[FETCH_LIST_MAX];
	size_t n;
	int64_t total;
};

void fetched_release(struct fetched *f);

/* The account that a key is of from now on: by.id, unless it was another's;
 * fresh: nobody had it before. */
int fetches_take_key(struct txn *t, const char *key, int64_t account_id,
    int64_t now, int64_t *owner, bool *fresh, struct err *e);
/* How many keys an account has. */
int fetches_keys(struct txn *t, int64_t account_id, int64_t *n, struct err *e);
/* *id of the one that is there already when it was told before. */
int fetches_add(struct txn *t, const struct fetched *f, int64_t *id,
    bool *fresh, struct err *e);
int fetches_get(struct txn *t, int64_t project_id, int64_t id,
    struct fetched *out, struct err *e);
/* The newest first; item 0: all, key "": any. */
int fetches_list(struct txn *t, int64_t project_id, int64_t item,
    const char *key, int64_t limit, int64_t offset, struct fetched_list *out,
    struct err *e);
/* The open pull request of a branch, the newest; 0: none. */
int fetches_pull_of(struct txn *t, int64_t project_id, const char *branch,
    int64_t *number, struct err *e);

#endif
