/*
 * timeline: what happened to an issue or pull request beside its comments, in
 * order.  Ids are of one sequence with those of comments.  kind is a type of
 * Gitea's TimelineComment ("label", "close", "merge_pull" ...); data is a JSON
 * object of the server's own, with ids and with texts as they were then.
 */
#ifndef SERVER_STORE_TIMELINE_H
#define SERVER_STORE_TIMELINE_H

#include "server/domain/items.h"

struct err;
struct txn;

struct timeline_new {
	int64_t project_id;
	int64_t item;
	int64_t actor_id;
	int64_t now;
	const char *kind;
	const char *data; /* NULL: {} */
};

struct timeline_entry {
	int64_t id;
	int64_t at;
	struct author actor;
	char *kind;
	char *data;
};

void timeline_entry_release(struct timeline_entry *x);

int timeline_add(
    struct txn *t, const struct timeline_new *n, int64_t *id, struct err *e);
int timeline_get(struct txn *t, int64_t project_id, int64_t id,
    struct timeline_entry *out, struct err *e);

struct timeline_list {
	struct timeline_entry *at;
	size_t n;
	int64_t total;
};
void timeline_list_release(struct timeline_list *l);
/* Many at once, by id; what is not there is left out. */
int timeline_many(struct txn *t, int64_t project_id, const int64_t *ids,
    size_t n, struct timeline_list *out, struct err *e);

enum {
	TIMELINE_PAGE_MAX = 50
};

/* One comment or entry; both have an id of their one sequence. */
struct timeline_ref {
	int64_t at;
	int64_t id;
	bool is_comment;
};

struct timeline_page {
	struct timeline_ref at[TIMELINE_PAGE_MAX];
	size_t n;
	int64_t total;
};

/* Comments and entries of one item, oldest first; since and before (0: none)
 * are of the time it was written. */
struct timeline_filter {
	int64_t project_id;
	int64_t item;
	int64_t since;
	int64_t before;
	int64_t limit;
	int64_t offset;
};
int timeline_find(struct txn *t, const struct timeline_filter *f,
    struct timeline_page *out, struct err *e);

#endif
