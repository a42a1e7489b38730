/* svc_review_comment: answers to comments on lines of a diff, and what becomes
 * of them. */
#ifndef SERVER_SERVICE_SVC_REVIEW_COMMENT_H
#define SERVER_SERVICE_SVC_REVIEW_COMMENT_H

#include "server/domain/review_comment.h"
#include "server/service/svc.h"

struct svc_review_word {
	struct svc_op op;
	int64_t project_id;
	int64_t item; /* 0: of any pull request */
	int64_t comment_id;
	enum {
		REVIEW_WORD_REPLY,
		REVIEW_WORD_EDIT,
		REVIEW_WORD_DELETE,
		REVIEW_WORD_RESOLVE,
		REVIEW_WORD_REOPEN
	} what;
	char *body;
	struct review_comment comment; /* out, but of a deletion */
};
struct svc_review_word *svc_review_word_new(
    struct svc *s, const struct identity *who);
/* Editing and removing is the author's and an admin's; resolving also the
 * pull request's author's and a maintainer's. */
void svc_review_word(struct svc_review_word *op, svc_done_fn *done, void *arg);

#endif
