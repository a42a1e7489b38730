/*
 * svc_review: what people say of a pull request as a review.  A review with
 * the state PENDING is its author's alone and takes more comments until he
 * submits it; he has one of them.
 */
#ifndef SERVER_SERVICE_SVC_REVIEW_H
#define SERVER_SERVICE_SVC_REVIEW_H

#include "server/domain/review_comment.h"
#include "server/service/svc.h"

struct svc_review_line {
	char *path;
	char *body;
	int64_t line;
	enum review_side side;
	char *hunk; /* found by the use case */
};

struct svc_review_create {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	int64_t review_id; /* the pending one to submit, 0: a new one */
	enum review_state state;
	char *body;                    /* NULL: "" */
	char *sha;                     /* NULL: the head */
	struct svc_review_line *lines; /* owned, at most REVIEW_COMMENTS_MAX */
	size_t n_lines;
	struct review review;       /* out */
	char head_sha[SHA_HEX + 1]; /* out */
	char merge_base[SHA_HEX + 1];
};
struct svc_review_create *svc_review_create_new(
    struct svc *s, const struct identity *who);
/* A commit that is not the head is ERR_EXISTS; a line that the diff does not
 * show is ERR_INVALID. */
void svc_review_create(
    struct svc_review_create *op, svc_done_fn *done, void *arg);

/* Takes one away, or its weight. */
struct svc_review_change {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	int64_t review_id;
	enum {
		REVIEW_DELETE,
		REVIEW_DISMISS,
		REVIEW_UNDISMISS
	} what;
	char *message;        /* of a dismissal; NULL: "" */
	struct review review; /* out, but of a deletion */
	char head_sha[SHA_HEX + 1];
};
struct svc_review_change *svc_review_change_new(
    struct svc *s, const struct identity *who);
void svc_review_change(
    struct svc_review_change *op, svc_done_fn *done, void *arg);
/* May he take that verdict's weight away, or give it back? */
int svc_review_may_weigh(struct txn *t, const struct identity *who,
    const struct pull *p, const struct review *r, bool back, struct err *e);

/* In a job: a review without comments on lines; fills op->review, which is the
 * caller's to release.  Afterwards svc_pull_refresh for an approval. */
int svc_review_add(struct txn *t, struct svc_review_create *op, struct err *e);
/* The same by the server itself, with the pull request as it is now; lines with
 * their hunks, which head_sha and merge_base are of. */
int svc_review_put(struct txn *t, struct svc_review_create *op,
    const struct pull *p, bool official, struct err *e);

/* In a job: may he say something there?  A locked item takes the words of
 * maintainers only.  Fills *out, which the caller releases on success. */
int svc_review_open(struct txn *t, const struct identity *who,
    int64_t project_id, int64_t item, enum role *role, struct pull *out,
    struct err *e);

#endif
