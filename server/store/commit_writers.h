/*
 * commit_writers: who brought a commit into a project, by the commit's id, so
 * that it is known wherever the commit goes: another branch, another base, a
 * merge.  Whoever is about to move a ref to a commit claims it first: after a
 * crash between the two the claim says who it was.
 */
#ifndef SERVER_STORE_COMMIT_WRITERS_H
#define SERVER_STORE_COMMIT_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct txn;

/* Nothing if somebody else is known to have brought it. */
int commit_writers_claim(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e);
/* It did not come. */
int commit_writers_drop(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e);
/* It came, whoever else brought it. */
int commit_writers_add(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e);
/* Of a JSON list of ids those that nobody else is known to have brought. */
int commit_writers_add_first(struct txn *t, int64_t project_id,
    const char *shas, int64_t user_id, struct err *e);
/* All who wrote a part of a pull request, or opened it, have brought it. */
int commit_writers_add_pull(struct txn *t, int64_t project_id, int64_t number,
    const char *sha, struct err *e);
/* Of a JSON list of ids that went from a fork to another project. */
int commit_writers_copy(
    struct txn *t, int64_t from, int64_t to, const char *shas, struct err *e);
int commit_writers_has(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, bool *out, struct err *e);
/* Who alone claims it, 0: nobody, or several. */
int commit_writers_claimant(struct txn *t, int64_t project_id, const char *sha,
    int64_t *user_id, struct err *e);

#endif
