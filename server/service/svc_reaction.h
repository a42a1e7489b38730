/* svc_reaction: a word of one person on an item or a comment. */
#ifndef SERVER_SERVICE_SVC_REACTION_H
#define SERVER_SERVICE_SVC_REACTION_H

#include "server/domain/words.h"
#include "server/service/svc.h"

struct svc_reaction {
	struct svc_op op;
	struct words_target on;
	char content[REACTION_LEN_MAX + 1];
	bool remove;
	bool added;               /* out: it was not there */
	struct reaction reaction; /* out, unless removed */
};
struct svc_reaction *svc_reaction_new(
    struct svc *s, const struct identity *who);
/* A word that is none of reaction_words, a locked item: ERR_DENIED. */
void svc_reaction(struct svc_reaction *op, svc_done_fn *done, void *arg);

#endif
