/*
 * events: the spine.  A change appends its event in its own transaction;
 * sequences grow without being reused, in commit order.
 */
#ifndef SERVER_STORE_EVENTS_H
#define SERVER_STORE_EVENTS_H

#include "server/domain/work.h"

struct err;
struct txn;

struct event_new {
	int64_t at;
	const char *kind;
	int64_t project_id;       /* 0: none */
	const char *project_name; /* OWNER/NAME; NULL: looked up */
	const struct actor *actor;
	int64_t item; /* 0: none */
	bool is_pull;
	const char *data; /* JSON object; NULL: {} */
};

/* seq may be NULL. */
int events_append(
    struct txn *t, const struct event_new *n, int64_t *seq, struct err *e);

struct event_filter {
	int64_t after;
	int64_t project_id; /* 0: any */
	int64_t viewer;     /* user id: projects with a role; 0: all */
	int64_t limit;
};

/*
 * Oldest first.  Looks at a bounded stretch of the sequence: fewer than limit,
 * even none, does not mean the end; `more` and `last` tell.
 */
int events_list(struct txn *t, const struct event_filter *f,
    struct event_list *out, struct err *e);
/* ERR_NOTFOUND. */
int events_get(struct txn *t, int64_t seq, struct event *out, struct err *e);
int events_last(struct txn *t, int64_t *seq, struct err *e); /* 0: none */

#endif
