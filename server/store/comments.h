/*
 * comments: on issues and pull requests.  The item's count and updated_at are
 * kept in the same call.
 */
#ifndef SERVER_STORE_COMMENTS_H
#define SERVER_STORE_COMMENTS_H

#include "server/domain/items.h"

struct err;
struct txn;

struct comment_new {
	int64_t project_id;
	int64_t item;
	int64_t author_id;
	const char *body;
	int64_t run_id; /* 0: none */
	int64_t now;
};

/* ERR_NOTFOUND: no such item. */
int comments_insert(
    struct txn *t, const struct comment_new *n, int64_t *id, struct err *e);
int comments_get(struct txn *t, int64_t project_id, int64_t id,
    struct comment *out, struct err *e);
/* Oldest first; limit 0: DB_LIST_MAX. */
int comments_list(struct txn *t, int64_t project_id, int64_t item,
    int64_t limit, int64_t offset, struct comment_list *out, struct err *e);
int comments_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e);
int comments_delete(
    struct txn *t, int64_t project_id, int64_t id, int64_t now, struct err *e);

#endif
