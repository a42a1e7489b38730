/* worker_merge_priv: what the files of merging share. */
#ifndef SERVER_GIT_WORKER_MERGE_PRIV_H
#define SERVER_GIT_WORKER_MERGE_PRIV_H

#include <stdbool.h>

#include "server/git/worker_priv.h"

enum {
	WORKER_REBASE_MAX = 500,  /* commits */
	WORKER_AUTHORS_MAX = 100, /* of a squash */
	WORKER_TEXT_MAX = 64 << 10
};

struct worker_pair {
	git_commit *base;
	git_commit *head;
	git_oid merge_base;
	bool related;
	bool up_to_date;   /* base has head */
	bool fast_forward; /* head has base */
};
/* The arguments base and head. */
int worker_pair_get(
    struct worker_call *c, struct worker_pair *p, struct err *e);
void worker_pair_release(struct worker_pair *p);
#define AUTO_PAIR __attribute__((cleanup(worker_pair_release)))
int worker_merge_index(git_repository *repo, const struct worker_pair *p,
    git_index **out, struct err *e);

/* The tree that merging head into base leaves, written; a conflict: *conflict
 * is the index with it. */
int worker_merge_tree(struct worker_call *c, const struct worker_pair *p,
    git_oid *out, git_index **conflict, struct err *e);

/* From begin to end the repository's new objects are in memory alone.  The end
 * of one that did not begin is nothing. */
struct worker_scratch {
	git_repository *repo;
	git_odb *kept;
};
int worker_scratch_begin(
    git_repository *repo, struct worker_scratch *s, struct err *e);
void worker_scratch_end(struct worker_scratch *s);
#define AUTO_SCRATCH __attribute__((cleanup(worker_scratch_end)))

/*
 * The head's own commits, oldest first and without its merges, again on top of
 * the base: their authors and messages stay, what the base has already is left
 * out.  *tip is the last of them, the base itself when nothing was left.  A
 * conflict: *conflict is the index with it, *tip means nothing.
 */
int worker_rebase(struct worker_call *c, const struct worker_pair *p,
    const git_signature *committer, git_oid *tip, git_index **conflict,
    struct err *e);

/* The author of the head's oldest own commit, and a "Co-authored-by" line for
 * each of the others and of those whom the commits name so, at the end of the
 * message.  Free *author with git_signature_free. */
int worker_squash_people(struct worker_call *c, const struct worker_pair *p,
    git_signature **author, struct str *message, struct err *e);

#endif
