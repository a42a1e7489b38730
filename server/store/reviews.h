/* reviews: verdicts on a pull request, each on one commit. */
#ifndef SERVER_STORE_REVIEWS_H
#define SERVER_STORE_REVIEWS_H

#include "server/domain/items.h"

struct err;
struct txn;

struct review_new {
	int64_t project_id;
	int64_t item;
	int64_t author_id;
	enum review_state state;
	const char *body;
	const char *sha;
	bool official;
	int64_t now;
};

int reviews_insert(
    struct txn *t, const struct review_new *n, int64_t *id, struct err *e);
int reviews_get(struct txn *t, int64_t project_id, int64_t id,
    struct review *out, struct err *e);
/* Oldest first; limit 0: DB_LIST_MAX. */
int reviews_list(struct txn *t, int64_t project_id, int64_t item, int64_t limit,
    int64_t offset, struct review_list *out, struct err *e);
/*
 * For the gate: of each user the newest that is a verdict (not COMMENT), not
 * dismissed, of any commit.
 */
int reviews_latest(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e);

#endif
