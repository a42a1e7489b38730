/* approvals: questions to maintainers and what was answered. */
#ifndef SERVER_STORE_APPROVALS_H
#define SERVER_STORE_APPROVALS_H

#include "server/domain/approval.h"

struct err;
struct txn;

struct approval_new {
	int64_t project_id;
	enum approval_kind kind;
	int64_t run_id;
	int64_t item;
	bool is_pull;
	const char *subject;
	const char *reason;
	int64_t now;
	int64_t expires_at;
	int64_t after; /* answers up to that id do not stand */
};
/* Of one subject a project has one open ask about names, a run one of each
 * other kind: ERR_EXISTS. */
int approvals_insert(
    struct txn *t, const struct approval_new *n, int64_t *id, struct err *e);
/* now: for its state. ERR_NOTFOUND. */
int approvals_get(struct txn *t, int64_t id, int64_t now, struct approval *out,
    struct err *e);
/*
 * The newest of the same subject that still says something: open, allowed for
 * now, or answered otherwise or left open within a day. ERR_NOTFOUND.
 */
int approvals_standing(struct txn *t, const struct approval_new *n,
    struct approval *out, struct err *e);

struct approval_filter {
	int64_t project_id;        /* 0: any */
	int64_t viewer;            /* user id: projects with a role; 0: all */
	int64_t run_id;            /* 0: any */
	enum approval_state state; /* 0: any */
	bool answered;             /* those that are not open */
	int64_t now;
	int64_t limit;
	int64_t offset;
	bool oldest; /* first */
};
/* Newest first, or with `oldest` those that wait longest. */
int approvals_list(struct txn *t, const struct approval_filter *f,
    struct approval_list *out, struct err *e);
/* How many there would be, at most DB_COUNT_MAX. */
int approvals_total(struct txn *t, const struct approval_filter *f,
    int64_t *total, struct err *e);
/* Open ones of the project, and all of the run; names by themselves. */
int approvals_count(struct txn *t, const struct approval_new *n, int64_t *open,
    int64_t *of_run, struct err *e);

struct approval_decision {
	enum approval_state state; /* allowed or denied */
	int64_t by;
	int64_t until; /* of a yes */
	int64_t now;
};
/* Compare-and-set: ERR_BUSY when it is not open. */
int approvals_decide(struct txn *t, int64_t id,
    const struct approval_decision *d, struct err *e);
/* The oldest over APPROVAL_KEEP go. */
int approvals_tidy(struct txn *t, int64_t project_id, struct err *e);

/* Those that say they are open and whose time is over, at most limit. */
int approvals_due(struct txn *t, int64_t now, int64_t limit,
    struct approval_list *out, struct err *e);
/* Those that say they are open and are that run's alone. */
int approvals_of_run(struct txn *t, int64_t run_id, int64_t now,
    struct approval_list *out, struct err *e);
/* Nobody's answer: expired or withdrawn. ERR_BUSY: it is not open. */
int approvals_end(
    struct txn *t, int64_t id, enum approval_state state, struct err *e);
/* The open ask for money, 0: none, of a run on that item, of that run, or of
 * the item that it is of. */
int approvals_money(
    struct txn *t, const struct approval_new *n, int64_t *out, struct err *e);

#endif
