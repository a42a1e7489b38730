/*
 * review_comment: words of a review on one line of the diff of a pull request.
 * The scheme for text, times and ids is that of types.h.
 */
#ifndef SERVER_DOMAIN_REVIEW_COMMENT_H
#define SERVER_DOMAIN_REVIEW_COMMENT_H

#include "server/domain/items.h"

enum {
	REVIEW_COMMENTS_MAX = 100, /* of one request */
	REVIEW_COMMENTS_ITEM_MAX = 1000,
	REVIEW_PATH_MAX = 4096,
	REVIEW_HUNK_MAX = 8 << 10
};

enum review_side {
	REVIEW_SIDE_NEW,
	REVIEW_SIDE_OLD
};

struct review_comment {
	int64_t id;
	int64_t project_id;
	int64_t item;
	int64_t review_id;
	int64_t reply_to; /* the first comment of its thread */
	struct author author;
	struct author resolver; /* .id 0: it is open */
	enum review_side side;
	int64_t line;
	bool outdated; /* the line is not there any more */
	int64_t created_at;
	int64_t updated_at;
	char sha[SHA_HEX + 1];    /* the head it was written on */
	char at_sha[SHA_HEX + 1]; /* the commit in which line is */
	char *path;
	char *hunk;
	char *body;
};

struct review_comment_list {
	struct review_comment *at;
	size_t n;
	int64_t total;
};

void review_comment_release(struct review_comment *x);
void review_comment_list_release(struct review_comment_list *l);

#endif
