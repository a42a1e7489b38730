/*
 * svc_writers: whose the commits of a push are.  Claimed before a ref moves,
 * settled after: what did not come is not his, and what somebody else brought
 * before stays that one's.
 */
#ifndef SERVER_SERVICE_SVC_WRITERS_H
#define SERVER_SERVICE_SVC_WRITERS_H

#include <stdbool.h>

#include "server/service/svc_push.h"

struct err;
struct json;
struct txn;

/* Does it move a ref to a commit? */
bool svc_writers_brings(const struct push_command *c);
int svc_writers_claim(struct txn *t, const struct svc_pusher *who,
    const struct push_command *c, struct err *e);
/* now: what the ref is, NULL: nothing; brought: of svc_writers_list, or NULL.
 */
int svc_writers_settle(struct txn *t, const struct svc_pusher *who,
    const struct push_command *c, const char *now, const char *brought,
    struct err *e);
/* The commits of a gitpull_brought as text. */
char *svc_writers_list(const struct json *j);

#endif
