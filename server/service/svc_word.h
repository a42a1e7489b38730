/*
 * svc_word: the words of a maintainer's comment that cofferd itself obeys, in
 * the comment's own transaction and so exactly once:
 *
 *   /approve [COMMIT]      his approving review of the head
 *   /merge [STYLE] [auto]  the gate is asked for him: it merges or is told why
 *                          not; with `auto` it waits for the gate
 *   /allow N... [for TIME], /deny N...  his answer to approvals
 *   /test-pr "COMMAND" [BRANCH] [--setup "COMMAND"] [--required], and
 *   /test-pr-bug likewise  CI runs it on the head (domain/ci_word.h)
 *
 * Whoever may not write says plain text by them.
 */
#ifndef SERVER_SERVICE_SVC_WORD_H
#define SERVER_SERVICE_SVC_WORD_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct auto_merge;
struct merge_verdict;

enum svc_word {
	SVC_WORD_NONE,
	SVC_WORD_ANSWERED,
	SVC_WORD_APPROVED,
	SVC_WORD_ORDERED, /* CI has an order more */
	SVC_WORD_MERGE    /* a row of auto_merge is there */
};

/* In the job that wrote the comment. */
int svc_word_obey(struct txn *t, const struct svc_op *op,
    const struct comment *c, enum svc_word *out, struct err *e);
/* On the loop, once that is on disk. */
void svc_word_after(struct svc *s, const struct comment *c, enum svc_word word);

/* In a job: the /merge of a comment did not come about, and that is all. */
int svc_word_refuse(struct txn *t, struct svc *s, int64_t now,
    const struct auto_merge *m, const char *why, struct err *e);
/* What the gate says, as Markdown. */
void svc_word_verdict(const struct merge_verdict *v, struct str *out);

#endif
