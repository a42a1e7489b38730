/*
 * review_comments: words on lines of a diff.  Those of a pending review are
 * its author's alone: lists take the viewer.
 */
#ifndef SERVER_STORE_REVIEW_COMMENTS_H
#define SERVER_STORE_REVIEW_COMMENTS_H

#include "server/domain/review_comment.h"

struct err;
struct txn;

/* x's sha, path, hunk, body, side, line, review_id, reply_to, author.id and
 * created_at; ERR_LIMIT when the item has REVIEW_COMMENTS_ITEM_MAX. */
int review_comments_insert(
    struct txn *t, const struct review_comment *x, int64_t *id, struct err *e);
int review_comments_get(struct txn *t, int64_t project_id, int64_t id,
    int64_t viewer_id, struct review_comment *out, struct err *e);

struct review_comment_filter {
	int64_t project_id;
	int64_t item;
	int64_t review_id; /* 0: any */
	int64_t viewer_id;
	bool live; /* not outdated, of any viewer */
	int64_t limit;
	int64_t offset;
};

/* Oldest first. */
int review_comments_list(struct txn *t, const struct review_comment_filter *f,
    struct review_comment_list *out, struct err *e);

int review_comments_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e);
/* by_id 0: it is open again.  Of the whole thread that starts with id. */
int review_comments_resolve(struct txn *t, int64_t project_id, int64_t id,
    int64_t by_id, struct err *e);
int review_comments_delete(
    struct txn *t, int64_t project_id, int64_t id, struct err *e);

/* Where a line is in another commit, 0: nowhere.  A row that is not at
 * from_sha any more stays. */
struct review_comment_move {
	int64_t id;
	const char *from_sha;
	const char *to_sha;
	int64_t line;
};
int review_comments_move(
    struct txn *t, const struct review_comment_move *m, struct err *e);

/*
 * The conversations that are open to the gate: those that a maintainer began,
 * other than with an approval, and that neither he nor another maintainer
 * resolved, nor he settled by approving exactly the head since.  Who is a
 * maintainer is asked now.
 */
struct review_comments_open {
	int64_t n;
	char *path; /* of one of them, owned */
};
int review_comments_open(struct txn *t, int64_t project_id, int64_t item,
    const char *head_sha, struct review_comments_open *out, struct err *e);

/* Sets the pull request's number of comments, without pending ones. */
int review_comments_count(
    struct txn *t, int64_t project_id, int64_t item, struct err *e);

#endif
