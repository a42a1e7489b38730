/*
 * revisions: what a text was before each edit, of an item or a comment, the
 * newest REVISIONS_MAX of each.
 */
#ifndef SERVER_STORE_REVISIONS_H
#define SERVER_STORE_REVISIONS_H

#include "server/domain/words.h"

struct err;
struct txn;

/* body was there until now and by replaced it. */
int revisions_add(struct txn *t, const struct words_target *of, int64_t by,
    int64_t now, const char *body, struct err *e);
/* Oldest first. */
int revisions_list(struct txn *t, const struct words_target *of,
    struct revision_list *out, struct err *e);

#endif
