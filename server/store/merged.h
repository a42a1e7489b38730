/* merged: which pull request a commit on a base branch came from. */
#ifndef SERVER_STORE_MERGED_H
#define SERVER_STORE_MERGED_H

#include <stdint.h>

struct err;
struct txn;

/* Its number by the commit that the merge made; ERR_NOTFOUND. */
int merged_find(struct txn *t, int64_t project_id, const char *sha,
    int64_t *number, struct err *e);

#endif
