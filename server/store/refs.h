/*
 * refs: what the database believes the repository's refs to be, to find what
 * moved between a ref update and its rows when the power failed in between;
 * and the register of kept refs (tips saved from being lost).
 */
#ifndef SERVER_STORE_REFS_H
#define SERVER_STORE_REFS_H

#include "server/domain/types.h"

struct err;
struct txn;

struct ref_row {
	char *ref; /* full name */
	char sha[SHA_HEX + 1];
};

struct ref_row_list {
	struct ref_row *at;
	size_t n;
	bool more; /* ask again after the last name */
};

void ref_row_list_release(struct ref_row_list *l);

/* By name, those after `after` ("" for all), at most DB_LIST_MAX. */
int refs_list(struct txn *t, int64_t project_id, const char *after,
    struct ref_row_list *out, struct err *e);
/* sha is "" when there is none. */
int refs_get(struct txn *t, int64_t project_id, const char *ref,
    char sha[SHA_HEX + 1], struct err *e);
/* Also who moved it there, 0 when that is not known. */
int refs_get_mover(struct txn *t, int64_t project_id, const char *ref,
    char sha[SHA_HEX + 1], int64_t *user_id, struct err *e);
int refs_put(struct txn *t, int64_t project_id, const char *ref,
    const char *sha, int64_t user_id, struct err *e);
/* Of a branch that is there: he wrote a part of it, as long as it is. */
int refs_add_writer(struct txn *t, int64_t project_id, const char *ref,
    int64_t user_id, struct err *e);
int refs_delete(
    struct txn *t, int64_t project_id, const char *ref, struct err *e);

struct kept_ref {
	char *kept; /* refs/coffer/kept/TIME/REF */
	char *ref;  /* what it was the tip of */
	char sha[SHA_HEX + 1];
	char *why;
	int64_t at;
};

struct kept_ref_list {
	struct kept_ref *at;
	size_t n;
	int64_t total;
};

void kept_ref_list_release(struct kept_ref_list *l);

struct kept_new {
	int64_t project_id;
	const char *kept;
	const char *ref;
	const char *sha;
	const char *why;
	int64_t now;
};

int kept_put(struct txn *t, const struct kept_new *n, struct err *e);
/* Newest first; before 0: all, else those older than that time. */
int kept_list(struct txn *t, int64_t project_id, int64_t before, int64_t limit,
    int64_t offset, struct kept_ref_list *out, struct err *e);
int kept_get(struct txn *t, int64_t project_id, const char *name,
    struct kept_ref *out, struct err *e);
void kept_ref_release(struct kept_ref *k);
/* One that is not there is deleted already. */
int kept_delete(
    struct txn *t, int64_t project_id, const char *name, struct err *e);

#endif
