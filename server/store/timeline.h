/*
 * timeline: what happened to an issue or pull request beside its comments, in
 * order.  kind is a type of Gitea's TimelineComment ("label", "close",
 * "merge_pull" ...); data is a JSON object of the server's own, with ids and
 * with texts as they were then.
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

struct timeline_list {
	struct timeline_entry *at;
	size_t n;
	int64_t total;
};

void timeline_list_release(struct timeline_list *l);

int timeline_add(
    struct txn *t, const struct timeline_new *n, int64_t *id, struct err *e);
/* Of one item, oldest first; since and before (0: none) are of `at`. */
struct timeline_filter {
	int64_t project_id;
	int64_t item;
	int64_t since;
	int64_t before;
	int64_t limit;
	int64_t offset;
};
int timeline_list(struct txn *t, const struct timeline_filter *f,
    struct timeline_list *out, struct err *e);

#endif
