/*
 * issues: issues, and the part of a pull request that is one.  Numbers are one
 * sequence per project.  Every write sets updated_at.
 */
#ifndef SERVER_STORE_ISSUES_H
#define SERVER_STORE_ISSUES_H

#include "server/domain/items.h"

struct err;
struct txn;

struct issue_new {
	int64_t project_id;
	int64_t author_id;
	const char *title;
	const char *body;
	bool is_pull; /* set by pulls_insert alone */
	int64_t now;
};

/* Takes the project's next number. */
int issues_insert(
    struct txn *t, const struct issue_new *n, int64_t *number, struct err *e);
int issues_get(struct txn *t, int64_t project_id, int64_t number,
    struct issue *out, struct err *e);

struct issue_filter {
	int64_t project_id;
	enum issue_state state; /* 0: any */
	int is_pull;            /* -1 any, 0 issues, 1 pull requests */
	const char *q;          /* part of title or body; NULL or "": any */
	const char *created_by; /* login; NULL or "": any */
	int64_t since;          /* updated at or after */
	int64_t before;         /* numbers under it, 0: all; total counts all */
	int64_t limit;
	int64_t offset;
};

/* Newest number first. */
int issues_list(struct txn *t, const struct issue_filter *f,
    struct issue_list *out, struct err *e);
/* NULL leaves a text as it is. */
int issues_set_text(struct txn *t, int64_t project_id, int64_t number,
    const char *title, const char *body, int64_t now, struct err *e);
/* Compare-and-set from the other state: ERR_BUSY when it is there already. */
int issues_set_state(struct txn *t, int64_t project_id, int64_t number,
    enum issue_state to, int64_t now, struct err *e);
int issues_set_milestone(struct txn *t, int64_t project_id, int64_t number,
    int64_t milestone, int64_t now, struct err *e);
int issues_set_due(struct txn *t, int64_t project_id, int64_t number,
    int64_t due_at, int64_t now, struct err *e);
int issues_set_ref(struct txn *t, int64_t project_id, int64_t number,
    const char *ref, int64_t now, struct err *e);
int issues_touch(struct txn *t, int64_t project_id, int64_t number, int64_t now,
    struct err *e);

#endif
