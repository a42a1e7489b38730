/*
 * svc_suggestion: the change that a comment on a line suggests, as a commit on
 * the head's branch by whoever applies it, under the rule of his pushes.
 */
#ifndef SERVER_SERVICE_SVC_SUGGESTION_H
#define SERVER_SERVICE_SVC_SUGGESTION_H

#include "server/domain/review_comment.h"
#include "server/service/svc.h"

struct svc_suggestion {
	struct svc_op op;
	int64_t project_id;
	int64_t comment_id;
	char commit[SHA_HEX + 1]; /* out */
	char *noreply;            /* the rest: within */
	char *co_author;          /* "NAME <ADDRESS>"; NULL: none */
	struct review_comment comment;
	char *branch;
	char head[SHA_HEX + 1];
};
struct svc_suggestion *svc_suggestion_new(
    struct svc *s, const struct identity *who);
/* ERR_INVALID: it suggests nothing; ERR_EXISTS: its line is not there now. */
void svc_suggestion(struct svc_suggestion *op, svc_done_fn *done, void *arg);

#endif
