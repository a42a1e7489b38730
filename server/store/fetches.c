#include "server/store/fetches.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define FETCH_COLS                                                   \
	"f.id, f.project_id, f.item, f.key, f.sha256, k.since,"      \
	" f.received_at, f.at, f.result, f.how, f.review, f.branch," \
	" f.head, f.base, " AUTHOR_COLS
#define FETCH_FROM                                            \
	" FROM fetch f JOIN account a ON a.id = f.account_id" \
	" JOIN fetch_key k ON k.key = f.key"

void
fetched_release(struct fetched *f)
{
	free(f->text);
	f->text = NULL;
}

static void
fetches_fill(struct query *q, struct fetched *f)
{
	*f = (struct fetched){ .id = query_i64(q) };
	f->project_id = query_i64(q);
	f->item = query_i64(q);
	QUERY_NAME(q, f->key);
	QUERY_NAME(q, f->sha256);
	f->key_since = query_i64(q);
	f->received_at = query_i64(q);
	QUERY_NAME(q, f->at);
	QUERY_NAME(q, f->result);
	QUERY_NAME(q, f->how);
	QUERY_NAME(q, f->review);
	QUERY_NAME(q, f->branch);
	QUERY_NAME(q, f->head);
	QUERY_NAME(q, f->base);
	author_fill(q, &f->by);
}

int
fetches_take_key(struct txn *t, const char *key, int64_t account_id,
    int64_t now, int64_t *owner, bool *fresh, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t,
		"INSERT INTO fetch_key (key, account_id, since)"
		" VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
		BINDS(S(key), I(account_id), I(now)), &n, e) == -1)
		return -1;
	*fresh = n > 0;
	return db_number(t, "SELECT account_id FROM fetch_key WHERE key = ?",
	    BINDS(S(key)), owner, e);
}

int
fetches_keys(struct txn *t, int64_t account_id, int64_t *n, struct err *e)
{
	return db_number(t,
	    "SELECT COUNT(*) FROM fetch_key WHERE account_id = ?",
	    BINDS(I(account_id)), n, e);
}

/* The oldest beyond what is kept. */
static int
fetches_prune(struct txn *t, const struct fetched *f, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM fetch WHERE project_id = ?1 AND account_id = ?2"
	    " AND id <= (SELECT id FROM fetch WHERE project_id = ?1"
	    " AND account_id = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
	    BINDS(I(f->project_id), I(f->by.id), I(FETCH_KEPT)), NULL, e);
}

int
fetches_add(struct txn *t, const struct fetched *f, int64_t *id, bool *fresh,
    struct err *e)
{
	int64_t n = 0;

	if (db_exec(t,
		"INSERT INTO fetch (project_id, item, account_id, key, sha256,"
		" received_at, at, result, branch, head, base, how, review,"
		" text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (project_id, sha256) DO NOTHING",
		BINDS(I(f->project_id), I(f->item), I(f->by.id), S(f->key),
		    S(f->sha256), I(f->received_at), S(f->at), S(f->result),
		    S(f->branch), S(f->head), S(f->base), S(f->how),
		    S(f->review), S(f->text)),
		&n, e) == -1)
		return -1;
	*fresh = n > 0;
	if (*fresh) {
		*id = db_last_id(t);
		return fetches_prune(t, f, e);
	}
	return db_number(t,
	    "SELECT id FROM fetch WHERE project_id = ? AND sha256 = ?",
	    BINDS(I(f->project_id), S(f->sha256)), id, e);
}

int
fetches_get(struct txn *t, int64_t project_id, int64_t id, struct fetched *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct fetched){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " FETCH_COLS ", f.text" FETCH_FROM
		" WHERE f.project_id = ? AND f.id = ?",
		BINDS(I(project_id), I(id)), "record does not exist", e) == -1)
		return -1;
	fetches_fill(&q, out);
	out->text = query_text(&q);
	return 0;
}

int
fetches_list(struct txn *t, int64_t project_id, int64_t item, const char *key,
    int64_t limit, int64_t offset, struct fetched_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	out->n = 0;
	out->total = 0;
	if (db_number(t,
		"SELECT COUNT(*) FROM fetch f WHERE f.project_id = ?1"
		" AND (?2 = 0 OR f.item = ?2) AND (?3 = '' OR f.key = ?3)",
		BINDS(I(project_id), I(item), S(key)), &out->total, e) == -1 ||
	    query_open(&q, t,
		"SELECT " FETCH_COLS FETCH_FROM
		" WHERE f.project_id = ?1 AND (?2 = 0 OR f.item = ?2)"
		" AND (?3 = '' OR f.key = ?3)"
		" ORDER BY f.id DESC LIMIT ?4 OFFSET ?5",
		BINDS(I(project_id), I(item), S(key),
		    I(limit > FETCH_LIST_MAX ? FETCH_LIST_MAX : limit),
		    I(offset)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		fetches_fill(&q, &out->at[out->n++]);
	return rc;
}

int
fetches_pull_of(struct txn *t, int64_t project_id, const char *branch,
    int64_t *number, struct err *e)
{
	return db_number(t,
	    "SELECT number FROM pull WHERE project_id = ? AND head = ?"
	    " AND is_open = 1 ORDER BY number DESC LIMIT 1",
	    BINDS(I(project_id), S(branch)), number, e);
}
