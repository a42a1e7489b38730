/* words_target: what words are said on: is it there, whose is it. */
#ifndef SERVER_STORE_WORDS_TARGET_H
#define SERVER_STORE_WORDS_TARGET_H

#include "server/domain/words.h"

struct err;
struct txn;

struct words_state {
	bool is_pull;
	bool locked;       /* the item: maintainers speak only */
	int64_t author_id; /* of the comment, or of the item */
};

/*
 * Fills of->item when only the comment is named.  ERR_NOTFOUND: it is not in
 * the project, or the comment not on that item.
 */
int words_target_get(struct txn *t, struct words_target *of,
    struct words_state *out, struct err *e);

#endif
