/*
 * notifications: for each person one row per item that concerns them.  Those
 * concerned are who watches the project, spoke on the item, is named in it, is
 * assigned to it or asked to review it; never who did it himself, and only who
 * may see the project.
 */
#ifndef SERVER_STORE_NOTIFICATIONS_H
#define SERVER_STORE_NOTIFICATIONS_H

#include "server/domain/words.h"

struct err;
struct txn;

/* From now on he is concerned. */
int notices_join(struct txn *t, int64_t project_id, int64_t item,
    int64_t account_id, struct err *e);

struct notice_new {
	int64_t project_id;
	int64_t item;
	int64_t comment_id; /* 0: none */
	int64_t actor_id;
	int64_t now;
	const int64_t *named; /* user ids, beside those that the tables know */
	size_t n_named;
};
/* At most NOTICE_READERS_MAX people. */
int notices_tell(struct txn *t, const struct notice_new *n, struct err *e);

struct notice_filter {
	int64_t account_id;
	bool sees_all;      /* an admin: without roles */
	int64_t project_id; /* 0: any */
	bool unread;        /* which statuses; none: all */
	bool read;
	bool pinned;
	bool issues; /* which kinds; neither: both */
	bool pulls;
	bool nothing;  /* of a kind that nobody is told of */
	int64_t since; /* updated at or after, 0: any */
	int64_t before;
	int64_t limit; /* 0: DB_LIST_MAX */
	int64_t offset;
};
/* Newest first. */
int notices_list(struct txn *t, const struct notice_filter *f,
    struct notice_list *out, struct err *e);
int notices_unread(
    struct txn *t, const struct notice_filter *f, int64_t *n, struct err *e);
/* ERR_NOTFOUND; another's: ERR_DENIED. */
int notices_get(struct txn *t, const struct notice_filter *f, int64_t id,
    struct notice *out, struct err *e);
/* Of those that f lists, updated until `until`. */
int notices_set_all(struct txn *t, const struct notice_filter *f, int64_t until,
    enum notice_status to, struct err *e);
int notices_set(
    struct txn *t, int64_t id, enum notice_status to, struct err *e);

#endif
