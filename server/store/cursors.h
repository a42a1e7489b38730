/* cursors: how far a reader of events came, by user and name. */
#ifndef SERVER_STORE_CURSORS_H
#define SERVER_STORE_CURSORS_H

#include <stdint.h>

struct err;
struct txn;

/* 0 when there is none. */
int cursors_get(struct txn *t, int64_t user_id, const char *name, int64_t *seq,
    struct err *e);
int cursors_put(struct txn *t, int64_t user_id, const char *name, int64_t seq,
    int64_t now, struct err *e);

#endif
