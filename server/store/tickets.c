#include "server/store/tickets.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

int
tickets_insert(struct txn *t, const struct ticket_new *n, struct err *e)
{
	unsigned char hash[HASH_BYTES];

	store_hash(n->secret, hash);
	return db_exec(t,
	    "INSERT INTO ticket (hash, account_id, project_id, verb,"
	    " expires_at) VALUES (?, ?, ?, ?, ?)",
	    BINDS(B(hash, sizeof(hash)), I(n->user_id), I(n->project_id),
		S(n->verb), I(n->expires_at)),
	    NULL, e);
}

static int
tickets_find(struct txn *t, const unsigned char hash[HASH_BYTES],
    struct ticket *out, struct err *e)
{
	static const char
	    sql[] = "SELECT k.account_id, a.login, k.project_id,"
		    " p.owner || '/' || p.name, k.verb, k.expires_at"
		    " FROM ticket k JOIN account a ON a.id = k.account_id"
		    " JOIN project p ON p.id = k.project_id"
		    " WHERE k.hash = ? AND a.deleted = 0 AND p.state = 1";
	AUTO_QUERY struct query q = QUERY_INIT;

	if (query_one(&q, t, sql, BINDS(B(hash, HASH_BYTES)), "no such ticket",
		e) == -1)
		return -1;
	out->user_id = query_i64(&q);
	QUERY_NAME(&q, out->login);
	out->project_id = query_i64(&q);
	QUERY_NAME(&q, out->project_name);
	QUERY_NAME(&q, out->verb);
	out->expires_at = query_i64(&q);
	return 0;
}

int
tickets_redeem(struct txn *t, const char *secret, int64_t now,
    struct ticket *out, struct err *e)
{
	unsigned char hash[HASH_BYTES];

	*out = (struct ticket){ .user_id = 0 };
	if (strlen(secret) != TICKET_HEX)
		return err_set(e, ERR_NOTFOUND, "no such ticket");
	store_hash(secret, hash);
	if (tickets_find(t, hash, out, e) == -1)
		return -1;
	if (out->expires_at <= now)
		return err_set(e, ERR_NOTFOUND, "no such ticket");
	return db_exec_one(t, "DELETE FROM ticket WHERE hash = ?",
	    BINDS(B(hash, sizeof(hash))), ERR_NOTFOUND, "no such ticket", e);
}

int
tickets_delete_expired(struct txn *t, int64_t now, struct err *e)
{
	return db_exec(t, "DELETE FROM ticket WHERE expires_at <= ?",
	    BINDS(I(now)), NULL, e);
}
