/*
 * merging: merges that were begun.  A row is written before the base branch
 * moves and removed with the rows of the merge, or when its branch is gone, so
 * that after a crash it is known what is to be finished or forgotten.
 */
#ifndef SERVER_STORE_MERGING_H
#define SERVER_STORE_MERGING_H

#include "server/domain/types.h"

struct err;
struct txn;

struct merging {
	int64_t project_id;
	int64_t number;
	char *base; /* branch */
	char head_sha[SHA_HEX + 1];
	char base_sha[SHA_HEX + 1];  /* before */
	char merge_sha[SHA_HEX + 1]; /* after */
	int64_t user_id;
	char *delete_head; /* the branch that goes with it; NULL or "": none */
	char *unmet;  /* JSON list of what was overridden; NULL, "": none */
	char *reason; /* why it was */
};

struct merging_list {
	struct merging *at;
	size_t n;
};

void merging_list_release(struct merging_list *l);

/* ERR_EXISTS: that pull request is being merged. */
int merging_insert(
    struct txn *t, const struct merging *m, int64_t now, struct err *e);
int merging_delete(
    struct txn *t, int64_t project_id, int64_t number, struct err *e);
int merging_list(struct txn *t, struct merging_list *out, struct err *e);

#endif
