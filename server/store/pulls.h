/*
 * pulls: pull requests.  One is a row of issue and a row of pull; branch names
 * are without refs/heads/.
 */
#ifndef SERVER_STORE_PULLS_H
#define SERVER_STORE_PULLS_H

#include "server/domain/items.h"

struct err;
struct txn;

struct pull_new {
	int64_t project_id;
	int64_t author_id;
	const char *title;
	const char *body;
	const char *head;
	const char *base;
	const char *head_sha;
	const char *base_sha;
	const char *merge_base; /* NULL: "" */
	int64_t head_user_id;
	int64_t head_project; /* as in struct pull */
	int64_t run_id;
	bool draft;
	int64_t now;
};

/* ERR_EXISTS: an open pull request of that head and base is there. */
int pulls_insert(
    struct txn *t, const struct pull_new *n, int64_t *number, struct err *e);
int pulls_get(struct txn *t, int64_t project_id, int64_t number,
    struct pull *out, struct err *e);

enum pull_sort {
	PULL_SORT_NEWEST, /* by number */
	PULL_SORT_OLDEST,
	PULL_SORT_RECENTUPDATE,
	PULL_SORT_LEASTUPDATE,
	PULL_SORT_MOSTCOMMENT,
	PULL_SORT_LEASTCOMMENT,
	PULL_SORT_RECENTCLOSE
};

enum {
	PULL_FILTER_LABELS = 8
};

struct pull_filter {
	int64_t project_id;
	enum issue_state state; /* 0: any */
	const char *head;       /* NULL: any */
	const char *base;       /* NULL: any */
	int64_t before;         /* numbers under it, 0: all; total counts all */
	int64_t limit;
	int64_t offset;
	enum pull_sort sort;
	int64_t poster;                     /* user id, 0: any, -1: nobody */
	int64_t milestone;                  /* 0: any */
	int64_t labels[PULL_FILTER_LABELS]; /* ids; has all of them */
	size_t n_labels;
};

/* By f->sort, newest number first.  Open ones of a branch: state, head or
 * base.  The reviewers of each are filled as pulls_get does. */
int pulls_list(struct txn *t, const struct pull_filter *f,
    struct pull_list *out, struct err *e);
/* The open one of that pair; ERR_NOTFOUND. */
int pulls_find_open(struct txn *t, int64_t project_id, const char *head,
    const char *base, struct pull *out, struct err *e);
struct pull_key {
	int64_t project_id;
	int64_t number;
};
/* The open ones with numbers over `after`, at most max, in their order; of
 * that branch, as head or base, unless it is NULL. */
int pulls_open(struct txn *t, int64_t project_id, const char *branch,
    int64_t after, struct pull_key *v, size_t max, size_t *n, struct err *e);
/* The open ones whose head is that branch of a fork, at most max. */
int pulls_of_fork(struct txn *t, int64_t fork, const char *branch,
    struct pull_key *v, size_t max, size_t *n, struct err *e);
/*
 * Compare-and-set of the head, of an open pull request; mergeable becomes
 * unknown.  ERR_BUSY when the head is not `from`.
 */
int pulls_set_head(struct txn *t, const struct pull *p, const char *to,
    int64_t head_user_id, int64_t now, struct err *e);

struct pull_merge_test {
	const char *head_sha; /* what was tested; another head: ERR_BUSY */
	const char *base_sha;
	const char *merge_base;
	const char *merge_tree; /* NULL: "" */
	enum mergeable mergeable;
};

/* conflicts: a JSON array of paths, "" for none. */
int pulls_set_conflicts(struct txn *t, int64_t project_id, int64_t number,
    const char *conflicts, struct err *e);
struct pull_stat {
	int64_t additions;
	int64_t deletions;
	int64_t changed_files;
};
int pulls_set_stat(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_stat *s, struct err *e);
int pulls_set_draft(struct txn *t, int64_t project_id, int64_t number,
    bool draft, struct err *e);
int pulls_set_mergeable(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_merge_test *m, struct err *e);
/* Title and body are issues_set_text's.  The new base must be free. */
int pulls_set_base(struct txn *t, int64_t project_id, int64_t number,
    const char *base, const char *base_sha, int64_t now, struct err *e);

struct pull_merged {
	const char *head_sha; /* compared */
	const char *merge_sha;
	const char *base_sha; /* of the base before */
	int64_t user_id;
	int64_t now;
};

/* Open to closed and merged; ERR_BUSY when not open or the head moved. */
int pulls_set_merged(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_merged *m, struct err *e);

#endif
