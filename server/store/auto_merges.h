/*
 * auto_merges: pull requests that merge by themselves as soon as the gate is
 * open, if their head is still the one that was looked at.
 */
#ifndef SERVER_STORE_AUTO_MERGES_H
#define SERVER_STORE_AUTO_MERGES_H

#include "server/domain/types.h"

struct err;
struct txn;

struct auto_merge {
	int64_t project_id;
	int64_t number;
	int64_t user_id; /* who said so, and merges */
	char head_sha[SHA_HEX + 1];
	int64_t at;
	enum merge_style style;
	bool delete_branch;
	char *title; /* "" or NULL: made up */
	char *message;
	int64_t comment; /* that says so, 0: none */
	bool waits;      /* else the gate is asked once, and the comment told */
};

struct auto_merge_list {
	struct auto_merge *at;
	size_t n;
};

void auto_merge_release(struct auto_merge *m);
void auto_merge_list_release(struct auto_merge_list *l);

/* ERR_EXISTS: it waits already. */
int auto_merges_insert(
    struct txn *t, const struct auto_merge *m, struct err *e);
/* None is no error. */
int auto_merges_delete(
    struct txn *t, int64_t project_id, int64_t number, struct err *e);
/* ERR_NOTFOUND. */
int auto_merges_get(struct txn *t, int64_t project_id, int64_t number,
    struct auto_merge *out, struct err *e);
/* Of a project, by number. */
int auto_merges_list(struct txn *t, int64_t project_id,
    struct auto_merge_list *out, struct err *e);
/* The projects that have one, by id, those after `after`. */
int auto_merges_projects(struct txn *t, int64_t after, int64_t *ids, size_t max,
    size_t *n, struct err *e);

#endif
