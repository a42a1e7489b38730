/*
 * git_merge: what merging two commits would leave, and the commit that does it,
 * by the rules of git_pool.h.
 */
#ifndef SERVER_GIT_GIT_MERGE_H
#define SERVER_GIT_GIT_MERGE_H

#include "server/git/git_pool.h"

/* {base, head, merge_base, clean, fast_forward, up_to_date, conflicts: [path],
 * tree: of the merge, null unless `tree` asks for it}, at most 100 conflicts.
 * Nothing is written. */
void gitpool_mergeable(struct git_pool *p, int64_t project, const char *base,
    const char *head, bool tree, git_done_fn *done, void *arg);

/* {tree}: the same tree, written; no ref holds it.  A conflict: ERR_EXISTS. */
void gitpool_merge_tree(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg);

/*
 * {sha, tree, clean, conflicts: [path]}; sha is null on a conflict, then there
 * is no tree.  Writes objects, moves no ref.  fast-forward-only that is none is
 * ERR_DENIED; nothing to merge is ERR_INVALID.  "rebase" gives the last of the
 * head's commits made again on top of the base, "rebase-merge" a merge commit
 * of that; both at most 500 commits.  The author of "squash" is who wrote the
 * head's first commit; the others are named by "Co-authored-by".
 */
struct git_merge_spec {
	const char *base; /* commit ids */
	const char *head;
	const char *style;        /* as in merge_style_name */
	const char *message;      /* whole, title first */
	struct git_person author; /* of a merge commit */
	struct git_person committer;
	bool same_tree; /* a rebase that leaves other files than a merge of the
			 * two is ERR_LIMIT: nobody looked at those */
};
void gitpool_merge(struct git_pool *p, int64_t project,
    const struct git_merge_spec *spec, git_done_fn *done, void *arg);

#endif
