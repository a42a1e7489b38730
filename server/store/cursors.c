#include "server/store/cursors.h"

#include "server/store/db_priv.h"

int
cursors_get(struct txn *t, int64_t user_id, const char *name, int64_t *seq,
    struct err *e)
{
	return db_number(t,
	    "SELECT seq FROM reader_cursor WHERE account_id = ? AND name = ?",
	    BINDS(I(user_id), S(name)), seq, e);
}

int
cursors_put(struct txn *t, int64_t user_id, const char *name, int64_t seq,
    int64_t now, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO reader_cursor (account_id, name, seq, at)"
	    " VALUES (?, ?, ?, ?) ON CONFLICT (account_id, name)"
	    " DO UPDATE SET seq = excluded.seq, at = excluded.at",
	    BINDS(I(user_id), S(name), I(seq), I(now)), NULL, e);
}
