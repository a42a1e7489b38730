/* net_log: what sandboxes asked for, bounded per project. */
#ifndef SERVER_STORE_NET_LOG_H
#define SERVER_STORE_NET_LOG_H

#include "server/domain/net_seen.h"

struct err;
struct txn;

/* Told twice is counted once.  A project that is not there: nothing. */
int net_log_put(struct txn *t, const struct net_seen *s, struct err *e);
/* Forgets the oldest over NET_SEEN_KEEP. */
int net_log_prune(struct txn *t, int64_t project_id, struct err *e);

struct net_log_ask {
	int64_t project_id;
	bool allowed, blocked; /* which of them */
	int64_t since;         /* those that changed at it or later */
	int64_t limit;
};
/* The newest of them, the newest last. */
int net_log_list(struct txn *t, const struct net_log_ask *ask,
    struct net_seen_list *out, struct err *e);

#endif
