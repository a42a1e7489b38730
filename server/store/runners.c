#include "server/store/runners.h"

#include <sodium.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define RUNNER_COLS                                                           \
	"SELECT r.id, r.name, r.account_id, r.labels, r.slots,"               \
	" r.paused, r.invite_until, r.version, r.created_at,"                 \
	" r.registered_at, r.seen_at, r.network, (SELECT count(*) FROM job j" \
	" WHERE j.state = 2 AND j.runner_id = r.id) FROM runner r"

static void
runners_fill(struct query *q, struct runner *r)
{
	r->id = query_i64(q);
	QUERY_NAME(q, r->name);
	r->account_id = query_i64(q);
	r->labels = query_text(q);
	r->slots = query_i64(q);
	r->paused = query_bool(q);
	r->invite_until = query_i64(q);
	QUERY_NAME(q, r->version);
	r->created_at = query_i64(q);
	r->registered_at = query_i64(q);
	r->seen_at = query_i64(q);
	r->network = query_bool(q);
	r->running = query_i64(q);
}

/* 160 random bits need no salt. */
static void
runners_hash(const char *secret, char out[2 * HASH_BYTES + 1])
{
	unsigned char hash[HASH_BYTES];

	store_hash(secret, hash);
	(void)sodium_bin2hex(out, 2 * HASH_BYTES + 1, hash, sizeof(hash));
}

int
runners_insert(
    struct txn *t, const struct runner_new *n, int64_t *id, struct err *e)
{
	char invite[2 * HASH_BYTES + 1] = "";
	static const char sql
	    [] = "INSERT INTO runner (name, account_id, labels, slots, invite,"
		 " invite_until, created_at, registered_at)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		 " CASE WHEN ?2 = 0 THEN 0 ELSE ?7 END)"
		 " ON CONFLICT (name) DO NOTHING";

	if (n->invite != NULL)
		runners_hash(n->invite, invite);
	if (db_exec_one(t, sql,
		BINDS(S(n->name), I(n->account_id), S(n->labels), I(n->slots),
		    S(invite), I(n->invite_until), I(n->now)),
		ERR_EXISTS, "there is a runner of that name", e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

static int
runners_one(struct txn *t, const char *sql, const struct bind *binds,
    struct runner *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct runner){ .id = 0 };
	if (query_one(&q, t, sql, binds, "no such runner", e) == -1)
		return -1;
	runners_fill(&q, out);
	return 0;
}

int
runners_get(struct txn *t, int64_t id, struct runner *out, struct err *e)
{
	return runners_one(
	    t, RUNNER_COLS " WHERE r.id = ?", BINDS(I(id)), out, e);
}

int
runners_by_account(
    struct txn *t, int64_t account_id, struct runner *out, struct err *e)
{
	return runners_one(t,
	    RUNNER_COLS " WHERE r.account_id = ? AND r.account_id > 0",
	    BINDS(I(account_id)), out, e);
}

int
runners_by_invite(struct txn *t, const char *invite, int64_t now,
    struct runner *out, struct err *e)
{
	char hash[2 * HASH_BYTES + 1];

	runners_hash(invite, hash);
	return runners_one(t,
	    RUNNER_COLS " WHERE r.invite = ? AND r.invite_until > ?",
	    BINDS(S(hash), I(now)), out, e);
}

int
runners_list(struct txn *t, struct runner_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct runner_list){ .n = 0 };
	if (query_open(&q, t, RUNNER_COLS " ORDER BY r.id LIMIT ?",
		BINDS(I(RUNNERS_MAX)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		runners_fill(&q, LIST_ADD(out));
	if (rc == -1)
		runner_list_release(out);
	return rc;
}

int
runners_register(struct txn *t, int64_t id, const struct runner_registration *r,
    struct err *e)
{
	return db_exec_one(t,
	    "UPDATE runner SET name = ?, labels = ?, version = ?, slots = ?,"
	    " network = ?,"
	    " account_id = ?, registered_at = ?, seen_at = 0, invite = '',"
	    " invite_until = 0 WHERE id = ? AND account_id = 0",
	    BINDS(S(r->name), S(r->labels), S(r->version), I(r->slots),
		I(r->network), I(r->account_id), I(r->now), I(id)),
	    ERR_BUSY, "the runner is registered already", e);
}

int
runners_set(struct txn *t, const struct runner *r, struct err *e)
{
	return db_exec(t,
	    "UPDATE runner SET labels = ?, slots = ?, paused = ?, version = ?,"
	    " network = ? WHERE id = ?",
	    BINDS(S(r->labels), I(r->slots), I(r->paused), S(r->version),
		I(r->network), I(r->id)),
	    NULL, e);
}

int
runners_seen(struct txn *t, int64_t id, int64_t now, struct err *e)
{
	return db_exec(t, "UPDATE runner SET seen_at = ? WHERE id = ?",
	    BINDS(I(now), I(id)), NULL, e);
}

int
runners_delete(struct txn *t, int64_t id, struct err *e)
{
	return db_exec(
	    t, "DELETE FROM runner WHERE id = ?", BINDS(I(id)), NULL, e);
}

int
runners_by_name(
    struct txn *t, const char *name, struct runner *out, struct err *e)
{
	return runners_one(
	    t, RUNNER_COLS " WHERE r.name = ?", BINDS(S(name)), out, e);
}
