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

enum issue_sort {
	ISSUE_NEWEST, /* by number */
	ISSUE_OLDEST,
	ISSUE_RECENT_UPDATE,
	ISSUE_LEAST_UPDATE,
	ISSUE_MOST_COMMENT,
	ISSUE_LEAST_COMMENT
};

enum {
	ISSUE_FILTER_NAMES = 16 /* labels, or milestones, of a filter */
};

/* NULL, "" and 0 are any, where nothing else is said. */
struct issue_filter {
	int64_t project_id;
	enum issue_state state;
	int is_pull;            /* -1 any, 0 issues, 1 pull requests */
	const char *q;          /* words, as in server/domain/search_query.h */
	const char *created_by; /* login */
	const char *assigned_to;
	const char *mentioned;
	const char *labels[ISSUE_FILTER_NAMES]; /* names: it has all */
	size_t n_labels;
	int64_t milestones[ISSUE_FILTER_NAMES]; /* ids: it has one */
	size_t n_milestones;
	int64_t since;  /* updated at or after */
	int64_t until;  /* updated at or before */
	int64_t before; /* numbers under it; total counts all */
	enum issue_sort sort;
	int64_t limit;
	int64_t offset;
};

/* A label or user that does not exist: none. */
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
int issues_set_lock(struct txn *t, int64_t project_id, int64_t number,
    bool locked, const char *reason, int64_t now, struct err *e);
/* How many are pinned; place 0 unpins, from 1 pins or moves. */
int issues_pins(
    struct txn *t, int64_t project_id, bool is_pull, int64_t *n, struct err *e);
int issues_set_pin(
    struct txn *t, const struct issue *i, int64_t place, struct err *e);
int issues_pinned(struct txn *t, int64_t project_id, bool is_pull,
    struct issue_list *out, struct err *e);
/* With all that hangs on it. */
int issues_delete(
    struct txn *t, int64_t project_id, int64_t number, struct err *e);
int issues_touch(struct txn *t, int64_t project_id, int64_t number, int64_t now,
    struct err *e);

#endif
