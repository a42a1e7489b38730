/*
 * labels: a project's labels, and which an item has.  Names need not be
 * unique; lists are by name.
 */
#ifndef SERVER_STORE_LABELS_H
#define SERVER_STORE_LABELS_H

#include "server/domain/items.h"

struct err;
struct txn;

/* ERR_LIMIT: the project has PROJECT_LABELS_MAX. */
int labels_insert(
    struct txn *t, const struct label *l, int64_t *id, struct err *e);
int labels_get(struct txn *t, int64_t project_id, int64_t id, struct label *out,
    struct err *e);
/* Without case, the oldest of that name. */
int labels_by_name(struct txn *t, int64_t project_id, const char *name,
    struct label *out, struct err *e);
int labels_list(struct txn *t, int64_t project_id, int64_t limit,
    int64_t offset, struct label_list *out, struct err *e);
/* Writes the whole struct by its id. */
int labels_update(struct txn *t, const struct label *l, struct err *e);
int labels_delete(struct txn *t, int64_t project_id, int64_t id, struct err *e);

/* Of one item. */
int item_labels_get(struct txn *t, int64_t project_id, int64_t item,
    struct label_list *out, struct err *e);
/* *changed: it did not have it before. */
int item_labels_add(struct txn *t, const struct issue *i, int64_t label,
    bool *changed, struct err *e);
int item_labels_remove(struct txn *t, const struct issue *i, int64_t label,
    bool *changed, struct err *e);

#endif
