/*
 * pull_writers: who wrote a part of a pull request: whoever moved its head, or
 * its branch before it was opened, but by an update, which the server makes.
 * What was pushed stays his part, whoever pushes after him.
 */
#ifndef SERVER_STORE_PULL_WRITERS_H
#define SERVER_STORE_PULL_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct txn;

/* Those of its branch as it is now; of one that has none, who its row says
 * moved it. */
int pull_writers_add(
    struct txn *t, int64_t project_id, int64_t number, struct err *e);
int pull_writers_has(struct txn *t, int64_t project_id, int64_t number,
    int64_t user_id, bool *out, struct err *e);

#endif
