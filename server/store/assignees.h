/* assignees: who is to do an item, and who is named in its words. */
#ifndef SERVER_STORE_ASSIGNEES_H
#define SERVER_STORE_ASSIGNEES_H

#include "server/domain/items.h"

struct err;
struct txn;

/* *changed: it was not so before. */
int assignees_add(struct txn *t, const struct issue *i, int64_t user_id,
    bool *changed, struct err *e);
int assignees_remove(struct txn *t, const struct issue *i, int64_t user_id,
    bool *changed, struct err *e);

/* Of issues?mentioned_by=; *changed: the first time. */
int mentions_add(struct txn *t, int64_t project_id, int64_t item,
    int64_t user_id, bool *changed, struct err *e);

/* Who spoke on an item: by id, out->total counts all. */
int participants_list(struct txn *t, int64_t project_id, int64_t item,
    int64_t limit, int64_t offset, struct author_list *out, struct err *e);

#endif
