/* reactions: one of a few words by one person on an item or a comment. */
#ifndef SERVER_STORE_REACTIONS_H
#define SERVER_STORE_REACTIONS_H

#include "server/domain/words.h"

struct err;
struct txn;

struct reaction_new {
	struct words_target on;
	int64_t account_id;
	const char *content;
	int64_t now;
};

/* *added is false when it was there.  Over REACTIONS_MAX: ERR_INVALID. */
int reactions_add(
    struct txn *t, const struct reaction_new *n, bool *added, struct err *e);
/* What is absent is removed already. */
int reactions_remove(
    struct txn *t, const struct reaction_new *n, struct err *e);
int reactions_get(struct txn *t, const struct reaction_new *n,
    struct reaction *out, struct err *e);
/* Oldest first; limit 0: DB_LIST_MAX. */
int reactions_list(struct txn *t, const struct words_target *on, int64_t limit,
    int64_t offset, struct reaction_list *out, struct err *e);

/* How many said each word of many targets of one item: comment 0 is the item;
 * mine: the viewer did.  By comment and word, in no other order. */
int reactions_counted(struct txn *t, int64_t project_id, int64_t item,
    const int64_t *comments, size_t n, int64_t viewer_id,
    struct reaction_count_list *out, struct err *e);

#endif
