#include "server/store/tokens.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "server/store/db_priv.h"

enum {
	TOKEN_TOUCH_MS = 60 * 1000
};

#define TOKEN_COLS                                                        \
	"k.id, k.account_id, a.login, a.kind, a.deleted, k.kind, k.name," \
	" k.last_eight, k.run_id, coalesce(k.project_id, 0), k.access,"   \
	" k.branch, k.created_at, k.expires_at, k.used_at"
#define TOKEN_FROM " FROM token k JOIN account a ON a.id = k.account_id"

static void
tokens_fill(struct query *q, struct token *k)
{
	k->id = query_i64(q);
	k->user_id = query_i64(q);
	QUERY_NAME(q, k->login);
	k->user_kind = (enum user_kind)query_i64(q);
	k->user_deleted = query_bool(q);
	k->kind = (enum token_kind)query_i64(q);
	QUERY_NAME(q, k->name);
	QUERY_NAME(q, k->last_eight);
	k->run_id = query_i64(q);
	k->project_id = query_i64(q);
	k->access = (enum access_level)query_i64(q);
	k->branch = query_text(q);
	k->created_at = query_i64(q);
	k->expires_at = query_i64(q);
	k->used_at = query_i64(q);
}

void
tokens_make_secret(char out[TOKEN_SECRET_HEX + 1])
{
	rnd_hex(out, TOKEN_SECRET_HEX / 2);
}

int
tokens_insert(
    struct txn *t, const struct token_new *n, int64_t *id, struct err *e)
{
	static const char sql
	    [] = "INSERT INTO token (hash, account_id, kind, name, last_eight,"
		 " run_id, project_id, access, branch, created_at, expires_at)"
		 " VALUES (?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?)";
	unsigned char hash[HASH_BYTES];

	if (strlen(n->secret) != TOKEN_SECRET_HEX)
		return err_set(e, ERR_INVALID, "a token secret has %d digits",
		    (int)TOKEN_SECRET_HEX);
	store_hash(n->secret, hash);
	if (db_exec(t, sql,
		BINDS(B(hash, sizeof(hash)), I(n->user_id), I(n->kind),
		    S(n->name),
		    S(n->secret + TOKEN_SECRET_HEX - TOKEN_LAST_EIGHT),
		    I(n->run_id), I(n->project_id), I(n->access), S(n->branch),
		    I(n->now), I(n->expires_at)),
		NULL, e) == -1) {
		if (e->code == ERR_EXISTS)
			(void)err_set(e, ERR_EXISTS,
			    "access token name has been used already");
		return -1;
	}
	*id = db_last_id(t);
	return 0;
}

int
tokens_by_secret(
    struct txn *t, const char *secret, struct token *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	unsigned char hash[HASH_BYTES];

	*out = (struct token){ .id = 0 };
	if (strlen(secret) != TOKEN_SECRET_HEX)
		return err_set(e, ERR_NOTFOUND, "no such token");
	store_hash(secret, hash);
	if (query_one(&q, t,
		"SELECT " TOKEN_COLS TOKEN_FROM " WHERE k.hash = ?",
		BINDS(B(hash, sizeof(hash))), "no such token", e) == -1)
		return -1;
	tokens_fill(&q, out);
	return 0;
}

int
tokens_list(struct txn *t, int64_t user_id, int64_t limit, int64_t offset,
    struct token_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	static const char *const sql[3] = { "SELECT " TOKEN_COLS TOKEN_FROM,
		" ORDER BY k.id" };
	int rc;

	*out = (struct token_list){ .n = 0 };
	where_add1(&w, "k.account_id = ?", I(user_id));
	where_add(&w, "k.kind = 1");
	if (where_count(&w, t, "token k", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		tokens_fill(&q, LIST_ADD(out));
	if (rc == -1)
		token_list_release(out);
	return rc;
}

int
tokens_delete(struct txn *t, int64_t user_id, int64_t token_id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM token WHERE id = ? AND account_id = ? AND kind = 1",
	    BINDS(I(token_id), I(user_id)), ERR_NOTFOUND,
	    "token does not exist", e);
}

int
tokens_delete_by_run(struct txn *t, int64_t run_id, struct err *e)
{
	return db_exec(t, "DELETE FROM token WHERE run_id = ? AND run_id > 0",
	    BINDS(I(run_id)), NULL, e);
}

int
tokens_delete_sessions(struct txn *t, int64_t project_id, struct err *e)
{
	return db_exec(t, "DELETE FROM token WHERE project_id = ? AND kind = ?",
	    BINDS(I(project_id), I(TOKEN_SESSION)), NULL, e);
}

int
tokens_delete_expired(struct txn *t, int64_t now, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM token WHERE expires_at > 0 AND expires_at <= ?",
	    BINDS(I(now)), NULL, e);
}

int
tokens_touch(struct txn *t, int64_t token_id, int64_t now, struct err *e)
{
	return db_exec(t,
	    "UPDATE token SET used_at = ? WHERE id = ? AND used_at <= ?",
	    BINDS(I(now), I(token_id), I(now - TOKEN_TOUCH_MS)), NULL, e);
}
