/* api_words: what the calls on comments, reactions and attachments share. */
#ifndef SERVER_API_API_WORDS_H
#define SERVER_API_API_WORDS_H

#include "server/domain/words.h"

struct call;
struct words_state;

/* since and before of the query, 0 when absent; -1 after a 422. */
int api_words_times(struct call *c, int64_t *since, int64_t *before);

/*
 * What the path names after OWNER/NAME: ".../issues/{n}..." or
 * ".../issues/comments/{id}...".  -1 after the reply: it is not there, or the
 * caller may not see it.  state may be NULL.
 */
enum api_words_on {
	API_WORDS_ITEM,
	API_WORDS_COMMENT
};
int api_words_target(struct call *c, enum api_words_on on,
    struct words_target *out, struct words_state *state);

#endif
