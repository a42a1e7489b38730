#include "server/store/tokens.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/rnd.h"
#include "server/domain/scope.h"
#include "server/store/db_priv.h"

enum {
	TOKEN_TOUCH_MS = 60 * 1000,
	TOKENS_SALT = 16,
	TOKENS_WEB_NAME = 32
};

#define TOKEN_COLS                                                      \
	"k.id, k.account_id, a.login, a.kind, a.deleted, a.is_bot,"     \
	" a.active = 0 OR a.no_login <> 0, k.kind, k.scopes, k.name,"   \
	" k.last_eight, k.run_id, coalesce(k.project_id, 0), k.access," \
	" k.branch, k.created_at, k.expires_at, k.used_at"
#define TOKEN_FROM " FROM token k JOIN account a ON a.id = k.account_id"

static void
tokens_fill(struct query *q, struct token *k)
{
	char scopes[SCOPE_TEXT_MAX + 1];

	k->id = query_i64(q);
	k->user_id = query_i64(q);
	QUERY_NAME(q, k->login);
	k->user_kind = (enum user_kind)query_i64(q);
	k->user_deleted = query_bool(q);
	k->user_bot = query_bool(q);
	k->user_barred = query_bool(q);
	k->kind = (enum token_kind)query_i64(q);
	QUERY_NAME(q, scopes);
	k->scopes = scope_parse(scopes);
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

static void
tokens_hash(const unsigned char salt[TOKENS_SALT],
    const unsigned char inner[HASH_BYTES], unsigned char out[HASH_BYTES])
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, salt, TOKENS_SALT);
	crypto_hash_sha256_update(&st, inner, HASH_BYTES);
	crypto_hash_sha256_final(&st, out);
}

int
tokens_insert(
    struct txn *t, const struct token_new *n, int64_t *id, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO token (hash, salt, account_id, kind, scopes, name,"
	    " last_eight, run_id, project_id, access, branch, created_at,"
	    " expires_at) VALUES"
	    " (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?)";
	AUTO_STR struct str scopes = STR_INIT_MAX(SCOPE_TEXT_MAX);
	unsigned char inner[HASH_BYTES], hash[HASH_BYTES], salt[TOKENS_SALT];

	if (strlen(n->secret) != TOKEN_SECRET_HEX)
		return err_set(e, ERR_INVALID, "a token secret has %d digits",
		    (int)TOKEN_SECRET_HEX);
	store_hash(n->secret, inner);
	rnd_bytes(salt, sizeof(salt));
	tokens_hash(salt, inner, hash);
	scope_text(n->scopes, &scopes);
	if (db_exec(t, sql,
		BINDS(B(hash, sizeof(hash)), B(salt, sizeof(salt)),
		    I(n->user_id), I(n->kind), S(str_cstr(&scopes)), S(n->name),
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

/* A row of (salt, hash): is it that secret's?  In constant time. */
static bool
tokens_fits(struct query *q, const unsigned char inner[HASH_BYTES])
{
	unsigned char salt[TOKENS_SALT], want[HASH_BYTES], hash[HASH_BYTES];
	size_t n = query_blob(q, salt, sizeof(salt));

	if (query_blob(q, want, sizeof(want)) != sizeof(want))
		return false;
	if (n == 0)
		return sodium_memcmp(want, inner, sizeof(want)) == 0;
	if (n != sizeof(salt))
		return false;
	tokens_hash(salt, inner, hash);
	return sodium_memcmp(want, hash, sizeof(want)) == 0;
}

int
tokens_by_secret(
    struct txn *t, const char *secret, struct token *out, struct err *e)
{
	static const char sql[] = "SELECT k.salt, k.hash, " TOKEN_COLS
	    TOKEN_FROM " WHERE k.last_eight = ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	unsigned char inner[HASH_BYTES];
	int rc;

	*out = (struct token){ .id = 0 };
	if (strlen(secret) != TOKEN_SECRET_HEX)
		return err_set(e, ERR_NOTFOUND, "no such token");
	store_hash(secret, inner);
	if (query_open(&q, t, sql,
		BINDS(S(secret + TOKEN_SECRET_HEX - TOKEN_LAST_EIGHT)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		if (tokens_fits(&q, inner)) {
			tokens_fill(&q, out);
			return 0;
		}
	}
	return rc == -1 ? -1 : err_set(e, ERR_NOTFOUND, "no such token");
}

int
tokens_by_id(struct txn *t, int64_t id, struct token *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct token){ .id = 0 };
	if (query_one(&q, t, "SELECT " TOKEN_COLS TOKEN_FROM " WHERE k.id = ?",
		BINDS(I(id)), "token does not exist", e) == -1)
		return -1;
	tokens_fill(&q, out);
	return 0;
}

int
tokens_count(struct txn *t, int64_t user_id, int64_t *out, struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM token WHERE account_id = ? AND kind = 1",
	    BINDS(I(user_id)), out, e);
}

int
tokens_find(struct txn *t, int64_t user_id, const char *id_or_name,
    int64_t *out, struct err *e)
{
	static const char
	    sql[] = "SELECT id FROM token WHERE account_id = ? AND kind = 1"
		    " AND (name = ? OR id = ?) LIMIT 2";
	AUTO_QUERY struct query q = QUERY_INIT;
	struct err ignored = ERR_INIT;
	int64_t id = 0;

	(void)num_i64(id_or_name, 1, INT64_MAX, &id, &ignored);
	if (query_one(&q, t, sql, BINDS(I(user_id), S(id_or_name), I(id)),
		"token does not exist", e) == -1)
		return -1;
	*out = query_i64(&q);
	switch (query_next(&q, e)) {
	case 0:
		return 0;
	case 1:
		return err_set(e, ERR_INVALID,
		    "token: %s is the id of one and the name of another",
		    id_or_name);
	default:
		return -1;
	}
}

int
tokens_list(struct txn *t, int64_t user_id, int64_t limit, int64_t offset,
    struct token_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	static const char *const sql[3] = {
		"SELECT " TOKEN_COLS ", coalesce((SELECT p.owner || '/' ||"
		" p.name FROM project p WHERE p.id = k.project_id), "
		"'')" TOKEN_FROM,
		" ORDER BY k.id"
	};
	int rc;

	*out = (struct token_list){ .n = 0 };
	where_add1(&w, "k.account_id = ?", I(user_id));
	where_add(&w, "k.kind = 1");
	if (where_count(&w, t, "token k", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct token *k = LIST_ADD(out);

		tokens_fill(&q, k);
		k->project_name = query_text(&q);
	}
	if (rc == -1)
		token_list_release(out);
	return rc;
}

/* The name of the sessions that began by a token. */
static void
tokens_web_name(int64_t by, char out[TOKENS_WEB_NAME])
{
	out[0] = '\0';
	if (by != 0)
		(void)snprintf(out, TOKENS_WEB_NAME, "token %" PRId64, by);
}

int
tokens_delete(struct txn *t, int64_t user_id, int64_t token_id, struct err *e)
{
	char name[TOKENS_WEB_NAME];

	tokens_web_name(token_id, name);
	if (db_exec_one(t,
		"DELETE FROM token WHERE id = ? AND account_id = ?"
		" AND kind = 1",
		BINDS(I(token_id), I(user_id)), ERR_NOTFOUND,
		"token does not exist", e) == -1)
		return -1;
	return db_exec(t,
	    "DELETE FROM token WHERE account_id = ? AND kind = ? AND name = ?",
	    BINDS(I(user_id), I(TOKEN_WEB), S(name)), NULL, e);
}

int
tokens_insert_web(struct txn *t, const struct token_new *n, int64_t by,
    int64_t *id, struct err *e)
{
	char name[TOKENS_WEB_NAME];
	struct token_new web = *n;

	tokens_web_name(by, name);
	web.kind = TOKEN_WEB;
	web.name = name;
	if (tokens_delete_expired(t, n->now, e) == -1 ||
	    tokens_insert(t, &web, id, e) == -1)
		return -1;
	return db_exec(t,
	    "DELETE FROM token WHERE id IN (SELECT id FROM token"
	    " WHERE account_id = ? AND kind = ? ORDER BY id DESC"
	    " LIMIT -1 OFFSET ?)",
	    BINDS(I(n->user_id), I(TOKEN_WEB), I(TOKENS_WEB_MAX)), NULL, e);
}

int
tokens_delete_web(
    struct txn *t, int64_t user_id, int64_t id, bool others, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM token WHERE account_id = ? AND kind = ?"
	    " AND (id <> ?) = ?",
	    BINDS(I(user_id), I(TOKEN_WEB), I(id), I(others)), NULL, e);
}

int
tokens_list_web(struct txn *t, int64_t user_id, int64_t now,
    struct token_list *out, struct err *e)
{
	static const char sql[] = "SELECT " TOKEN_COLS TOKEN_FROM
				  " WHERE k.account_id = ? AND k.kind = ?"
				  " AND k.expires_at > ? ORDER BY k.id DESC";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct token_list){ .n = 0 };
	if (query_open(
		&q, t, sql, BINDS(I(user_id), I(TOKEN_WEB), I(now)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		tokens_fill(&q, LIST_ADD(out));
	out->total = (int64_t)out->n;
	if (rc == -1)
		token_list_release(out);
	return rc;
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

static int
tokens_salt_row(struct txn *t, int64_t id,
    const unsigned char inner[HASH_BYTES], struct err *e)
{
	unsigned char salt[TOKENS_SALT], hash[HASH_BYTES];

	rnd_bytes(salt, sizeof(salt));
	tokens_hash(salt, inner, hash);
	return db_exec(t, "UPDATE token SET salt = ?, hash = ? WHERE id = ?",
	    BINDS(B(salt, sizeof(salt)), B(hash, sizeof(hash)), I(id)), NULL,
	    e);
}

int
tokens_salt_old(struct txn *t, struct err *e)
{
	int64_t id = 0;

	for (;;) {
		AUTO_QUERY struct query q = QUERY_INIT;
		unsigned char inner[HASH_BYTES];
		int rc;

		if (query_open(&q, t,
			"SELECT id, hash FROM token WHERE salt = x'' AND id > ?"
			" ORDER BY id LIMIT 1",
			BINDS(I(id)), e) == -1)
			return -1;
		rc = query_next(&q, e);
		if (rc != 1)
			return rc;
		id = query_i64(&q);
		if (query_blob(&q, inner, sizeof(inner)) != sizeof(inner))
			return err_set(e, ERR_INTERNAL,
			    "token %lld has no hash", (long long)id);
		query_end(&q);
		if (tokens_salt_row(t, id, inner, e) == -1)
			return -1;
	}
}

void
revoked_list_release(struct revoked_list *l)
{
	free(l->at);
	*l = (struct revoked_list){ .n = 0 };
}

int
tokens_revoked_last(struct txn *t, int64_t *out, struct err *e)
{
	return db_number(
	    t, "SELECT coalesce(max(id), 0) FROM revoked", NULL, out, e);
}

int
tokens_revoked(
    struct txn *t, int64_t after, struct revoked_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct revoked_list){ .last = after };
	if (query_open(&q, t,
		"SELECT id, token_id, account_id FROM revoked WHERE id > ?"
		" ORDER BY id LIMIT 1000",
		BINDS(I(after)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		int64_t id = query_i64(&q);
		struct revoked *x = LIST_ADD(out);

		if (out->n == 1 && id != after + 1)
			out->all = true;
		out->last = id;
		x->token_id = query_i64(&q);
		x->account_id = query_i64(&q);
	}
	if (rc == -1)
		revoked_list_release(out);
	return rc;
}
