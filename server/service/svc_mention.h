/*
 * svc_mention: what the words of an item refer to, in the job that writes
 * them: who is named (issues?mentioned_by=), and rows in the timelines of the
 * items that are referred to.
 */
#ifndef SERVER_SERVICE_SVC_MENTION_H
#define SERVER_SERVICE_SVC_MENTION_H

#include "server/domain/items.h"
#include "server/service/svc.h"

/* Where words are. */
struct svc_words {
	int64_t project_id;
	int64_t item;
	bool is_pull;
	int64_t comment_id; /* 0: the item's own title and body */
	const char *text;
	const char *before; /* what they were, NULL: new */
};

/*
 * Call it after the item or comment is written or edited.  Only what `before`
 * does not refer to already leaves a row.  Items of other projects are touched
 * when op->who may see them.
 */
int svc_mention_words(struct txn *t, const struct svc_op *op,
    const struct svc_words *w, struct err *e);

/* The ids of the users that text names and who may see the project, each once;
 * at most max. */
int svc_mention_users(struct txn *t, int64_t project_id, const char *text,
    int64_t *ids, size_t max, size_t *n, struct err *e);

/*
 * A pull request was merged into `branch` by the commit `sha`: closes what its
 * title and body say it fixes, when that is the project's default branch.
 */
int svc_mention_merged(struct txn *t, const struct svc_op *op,
    const struct pull *p, const char *sha, struct err *e);

#endif
