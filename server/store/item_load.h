/*
 * item_load: labels, assignees and milestones of items that were read, by one
 * query each, however many items and from however many projects.
 */
#ifndef SERVER_STORE_ITEM_LOAD_H
#define SERVER_STORE_ITEM_LOAD_H

#include <stddef.h>

#include "server/domain/items.h"

struct err;
struct txn;

/* The issue at `first`, and n - 1 more that are `stride` bytes apart, so that
 * it takes an array of struct issue, of struct pull, or one of them. */
int item_load(
    struct txn *t, struct issue *first, size_t n, size_t stride, struct err *e);

#endif
