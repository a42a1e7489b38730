/*
 * hooks: webhooks of a repository, a user, or the server.  Writing functions
 * run in a job; `scope` is in every question, so that a caller reaches what is
 * under his path alone.
 */
#ifndef SERVER_STORE_HOOKS_H
#define SERVER_STORE_HOOKS_H

#include "server/domain/hooks.h"

struct err;
struct txn;

/* At most one id is not 0; none: the server's. */
struct hook_scope {
	int64_t project_id;
	int64_t account_id;
};

struct hook_new {
	struct hook_scope scope;
	bool is_default;
	bool active;
	bool form;
	const char *type;
	const char *name;
	const char *url;
	const char *events;
	const char *branch_filter;
	const char *secret;
	const char *authorization;
	int64_t now;
};

/* Told what happens from now on.  More than HOOKS_MAX: ERR_LIMIT. */
int hooks_insert(
    struct txn *t, const struct hook_new *n, int64_t *id, struct err *e);
int hooks_get(struct txn *t, const struct hook_scope *s, int64_t id,
    struct hook *out, struct err *e);
/* Whatever its scope. */
int hooks_by_id(struct txn *t, int64_t id, struct hook *out, struct err *e);

/* Which of the server's: HOOKS_ALL, or by is_default. */
enum hooks_which {
	HOOKS_SYSTEM,
	HOOKS_DEFAULT,
	HOOKS_ALL
};
int hooks_list(struct txn *t, const struct hook_scope *s,
    enum hooks_which which, int64_t limit, int64_t offset,
    struct hook_list *out, struct err *e);
/* Writes back what may be edited, and closes the breaker. */
int hooks_update(
    struct txn *t, const struct hook *h, int64_t now, struct err *e);
int hooks_delete(
    struct txn *t, const struct hook_scope *s, int64_t id, struct err *e);
/* Those of users that were deleted. */
int hooks_delete_orphans(struct txn *t, struct err *e);
/* A new repository's copies of the server's default hooks. */
int hooks_copy_defaults(struct txn *t, int64_t project_id, int64_t now,
    int64_t since, struct err *e);

/* Is there any that could be told something? */
int hooks_any(struct txn *t, bool *any, struct err *e);
/*
 * The active ones that are to be told of the event `seq` of the project: of a
 * user the hooks while he owns it, is its admin and may sign in.  only 0: those
 * that follow the cursor; else that one alone, behind or not.
 */
int hooks_for_event(struct txn *t, int64_t project_id, int64_t seq,
    int64_t only, struct hook_list *out, struct err *e);

/*
 * A hook for which HOOK_PENDING_MAX deliveries or HOOK_PENDING_BYTES wait, or
 * that cannot be told of an event, falls behind: it is told from that event on
 * later, by its own reading of the events.  Nothing is dropped, and what waits
 * is bounded.
 *
 * hooks_takes: false, too, for one that is gone or inactive, or whose `behind`
 * is not that; one that has no room falls behind at `seq`.
 */
int hooks_takes(struct txn *t, int64_t id, int64_t behind, int64_t seq,
    bool *takes, struct err *e);
/* at 0: when there is room; seq and at 0: it follows the cursor again. */
int hooks_set_behind(
    struct txn *t, int64_t id, int64_t seq, int64_t at, struct err *e);
/* The event `seq` could not be told to one whose `behind` is that. */
int hooks_behind_failed(struct txn *t, int64_t id, int64_t behind, int64_t seq,
    int64_t at, struct err *e);
/* Those that wait for room and have it go on; id 0: any. */
int hooks_behind_room(
    struct txn *t, int64_t id, int64_t now, bool *any, struct err *e);
/* The one that goes on first, and when; at 0: none. */
int hooks_behind_next(
    struct txn *t, struct hook *out, int64_t *at, struct err *e);

/* Ids of those that are due, the longest first; ids has room for limit.  Those
 * of a user who may not sign in wait. */
int hooks_due(struct txn *t, int64_t now, size_t limit, int64_t *ids, size_t *n,
    struct err *e);
/* When the next one after `now` is due, 0: none. */
int hooks_next_due(struct txn *t, int64_t now, int64_t *at, struct err *e);
/* The verdict of an attempt.  due_at 0: nothing waits any more. */
int hooks_tried(struct txn *t, int64_t id, int64_t failures, int64_t rest_until,
    int64_t due_at, struct err *e);
/* Its next attempt is now, or when it has rested; even_so: now, whatever was
 * planned. */
int hooks_wake(
    struct txn *t, int64_t id, int64_t now, bool even_so, struct err *e);

/* The newest event that no hook is to be told any more. */
int hooks_cursor(struct txn *t, int64_t *seq, struct err *e);
int hooks_set_cursor(struct txn *t, int64_t seq, struct err *e);

#endif
