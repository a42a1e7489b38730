/* svc_reviewer: who is asked to review a pull request. */
#ifndef SERVER_SERVICE_SVC_REVIEWER_H
#define SERVER_SERVICE_SVC_REVIEWER_H

#include "server/domain/items.h"
#include "server/service/svc.h"

enum {
	SVC_REVIEWERS_MAX = 50 /* of a pull request */
};

struct svc_reviewers {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	bool withdraw;
	char *logins[SVC_REVIEWERS_MAX]; /* owned */
	size_t n;
	struct review_list reviews; /* out: the new requests */
	char head_sha[SHA_HEX + 1]; /* out */
};
struct svc_reviewers *svc_reviewers_new(
    struct svc *s, const struct identity *who);
/* A maintainer's and the author's.  ERR_NOTFOUND names a user that is none,
 * ERR_INVALID one who cannot review. */
void svc_reviewers(struct svc_reviewers *op, svc_done_fn *done, void *arg);

/* In a job: the same for one login. */
int svc_reviewer_ask(struct txn *t, const struct svc_op *op,
    const struct pull *p, const char *login, int64_t *review, struct err *e);

#endif
