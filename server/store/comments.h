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
struct comment_filter {
	int64_t project_id;
	int64_t item;   /* 0: all */
	int64_t since;  /* changed at or after, 0: any */
	int64_t before; /* changed before, 0: any */
	int64_t limit;  /* 0: DB_LIST_MAX */
	int64_t offset;
};
/* Oldest first; total is at least DB_COUNT_MAX when it is more, and more than
 * the page while there are pages.  Of a project where `since` or `before` leave
 * DB_COUNT_MAX or more, the one that changed first is first. */
int comments_find(struct txn *t, const struct comment_filter *f,
    struct comment_list *out, struct err *e);
/* The same without times. */
int comments_list(struct txn *t, int64_t project_id, int64_t item,
    int64_t limit, int64_t offset, struct comment_list *out, struct err *e);
/* Many at once, by id; what is not there is left out. */
int comments_many(struct txn *t, int64_t project_id, const int64_t *ids,
    size_t n, struct comment_list *out, struct err *e);
/* Is it the id of another kind of entry of the project's timeline? */
int comments_other(
    struct txn *t, int64_t project_id, int64_t id, bool *other, struct err *e);
int comments_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e);
int comments_delete(
    struct txn *t, int64_t project_id, int64_t id, int64_t now, struct err *e);

#endif
