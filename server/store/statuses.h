/* statuses: verdicts on a commit, by context; the newest of a context counts.
 */
#ifndef SERVER_STORE_STATUSES_H
#define SERVER_STORE_STATUSES_H

#include "server/domain/items.h"

struct err;
struct txn;

struct status_new {
	int64_t project_id;
	const char *sha;
	enum status_state state;
	const char *context;
	const char *description;
	const char *target_url;
	int64_t creator_id;
	int64_t now;
};

int statuses_insert(
    struct txn *t, const struct status_new *n, int64_t *id, struct err *e);
int statuses_get(struct txn *t, int64_t project_id, int64_t id,
    struct status *out, struct err *e);
/* Of every context the newest of each who wrote one, by context and then by
 * age: id, state and creator.id alone.  No list is cut here, what is required
 * may be its last. */
int statuses_verdicts(struct txn *t, int64_t project_id, const char *sha,
    struct status_list *out, struct err *e);
/* The same whole, a page of it; limit 0: DB_LIST_MAX. */
int statuses_latest(struct txn *t, int64_t project_id, const char *sha,
    int64_t limit, int64_t offset, struct status_list *out, struct err *e);
/* How many contexts a commit has; 0 when it has that one. */
int statuses_contexts(struct txn *t, int64_t project_id, const char *sha,
    const char *but, int64_t *out, struct err *e);
enum status_sort {
	STATUS_SORT_NEWEST,
	STATUS_SORT_OLDEST
};
struct status_filter {
	int64_t project_id;
	const char *sha;
	enum status_state state; /* 0: any */
	enum status_sort sort;
	int64_t limit;
	int64_t offset;
};
int statuses_list(struct txn *t, const struct status_filter *f,
    struct status_list *out, struct err *e);
/* Of the heads of n pull requests at once: what all of each one's say together,
 * 0 where nobody said anything. */
int statuses_of_pulls(struct txn *t, int64_t project_id, const int64_t *numbers,
    size_t n, enum status_state *out, struct err *e);
/* How many the commit has. */
int statuses_count(struct txn *t, int64_t project_id, const char *sha,
    int64_t *out, struct err *e);
/* Kind of who wrote the context first in this project; ERR_NOTFOUND: nobody. */
int statuses_context_owner(struct txn *t, int64_t project_id,
    const char *context, enum user_kind *out, struct err *e);

#endif
