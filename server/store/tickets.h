/*
 * tickets: single-use permissions for a byte stream through agentd.  Kept as
 * SHA-256 of their TICKET_HEX digits.
 */
#ifndef SERVER_STORE_TICKETS_H
#define SERVER_STORE_TICKETS_H

#include "server/domain/work.h"

struct err;
struct txn;

struct ticket_new {
	const char *secret;
	int64_t user_id;
	int64_t project_id;
	const char *verb;
	int64_t expires_at;
};

int tickets_insert(struct txn *t, const struct ticket_new *n, struct err *e);
/* Takes it; unknown, used or expired: ERR_NOTFOUND. */
int tickets_redeem(struct txn *t, const char *secret, int64_t now,
    struct ticket *out, struct err *e);
int tickets_delete_expired(struct txn *t, int64_t now, struct err *e);

#endif
