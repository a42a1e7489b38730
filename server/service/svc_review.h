/* svc_review: verdicts of people on a pull request. */
#ifndef SERVER_SERVICE_SVC_REVIEW_H
#define SERVER_SERVICE_SVC_REVIEW_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_review_create {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	enum review_state state;
	char *body;                 /* NULL: "" */
	char *sha;                  /* NULL: the head */
	struct review review;       /* out */
	char head_sha[SHA_HEX + 1]; /* out */
};
struct svc_review_create *svc_review_create_new(
    struct svc *s, const struct identity *who);
/* A commit that is not the head is ERR_EXISTS. */
void svc_review_create(
    struct svc_review_create *op, svc_done_fn *done, void *arg);

#endif
