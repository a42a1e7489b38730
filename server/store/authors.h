/* authors: accounts by id as authors, many by one query. */
#ifndef SERVER_STORE_AUTHORS_H
#define SERVER_STORE_AUTHORS_H

#include "server/domain/items.h"

struct err;
struct txn;

/* Fills each of which .id is set; one that is 0 or unknown stays as it is. */
int authors_fill(
    struct txn *t, struct author *const *at, size_t n, struct err *e);

#endif
