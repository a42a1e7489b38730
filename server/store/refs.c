#include "server/store/refs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

void
ref_row_list_release(struct ref_row_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].ref);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
kept_ref_list_release(struct kept_ref_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		kept_ref_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
kept_ref_release(struct kept_ref *k)
{
	free(k->kept);
	free(k->ref);
	free(k->why);
	memset(k, 0, sizeof(*k));
}

int
refs_list(struct txn *t, int64_t project_id, const char *after,
    struct ref_row_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct ref_row_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT name, sha FROM ref WHERE project_id = ? AND name > ?"
		" ORDER BY name LIMIT ?",
		BINDS(I(project_id), S(after), I(DB_LIST_MAX + 1)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct ref_row *r;

		if (out->n == DB_LIST_MAX) {
			out->more = true;
			return 0;
		}
		r = LIST_ADD(out);
		r->ref = query_text(&q);
		QUERY_NAME(&q, r->sha);
	}
	if (rc == -1)
		ref_row_list_release(out);
	return rc;
}

int
refs_get_mover(struct txn *t, int64_t project_id, const char *ref,
    char sha[SHA_HEX + 1], int64_t *user_id, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	sha[0] = '\0';
	*user_id = 0;
	if (query_open(&q, t,
		"SELECT sha, account_id FROM ref WHERE project_id = ?"
		" AND name = ?",
		BINDS(I(project_id), S(ref)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1) {
		query_name(&q, sha, SHA_HEX + 1);
		*user_id = query_i64(&q);
	}
	return rc == -1 ? -1 : 0;
}

int
refs_get(struct txn *t, int64_t project_id, const char *ref,
    char sha[SHA_HEX + 1], struct err *e)
{
	int64_t mover;

	return refs_get_mover(t, project_id, ref, sha, &mover, e);
}

int
refs_put(struct txn *t, int64_t project_id, const char *ref, const char *sha,
    int64_t user_id, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO ref (project_id, name, sha, account_id)"
	    " VALUES (?, ?, ?, ?) ON CONFLICT (project_id, name) DO UPDATE"
	    " SET sha = excluded.sha, account_id = excluded.account_id",
	    BINDS(I(project_id), S(ref), S(sha), I(user_id)), NULL, e);
}

int
refs_add_writer(struct txn *t, int64_t project_id, const char *ref,
    int64_t user_id, struct err *e)
{
	if (user_id == 0 || strncmp(ref, "refs/heads/", 11) != 0)
		return 0;
	return db_exec(t,
	    "INSERT OR IGNORE INTO ref_writer (project_id, name, account_id)"
	    " VALUES (?, ?, ?)",
	    BINDS(I(project_id), S(ref), I(user_id)), NULL, e);
}

int
refs_delete(struct txn *t, int64_t project_id, const char *ref, struct err *e)
{
	return db_exec(t, "DELETE FROM ref WHERE project_id = ? AND name = ?",
	    BINDS(I(project_id), S(ref)), NULL, e);
}

int
kept_put(struct txn *t, const struct kept_new *n, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO kept (project_id, name, ref, sha, why, at)"
	    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, name)"
	    " DO UPDATE SET sha = excluded.sha, why = excluded.why",
	    BINDS(I(n->project_id), S(n->kept), S(n->ref), S(n->sha), S(n->why),
		I(n->now)),
	    NULL, e);
}

static void
kept_fill(struct query *q, struct kept_ref *k)
{
	k->kept = query_text(q);
	k->ref = query_text(q);
	QUERY_NAME(q, k->sha);
	k->why = query_text(q);
	k->at = query_i64(q);
}

int
kept_get(struct txn *t, int64_t project_id, const char *name,
    struct kept_ref *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct kept_ref){ .at = 0 };
	if (query_one(&q, t,
		"SELECT name, ref, sha, why, at FROM kept"
		" WHERE project_id = ? AND name = ?",
		BINDS(I(project_id), S(name)), "no such kept ref", e) == -1)
		return -1;
	kept_fill(&q, out);
	return 0;
}

int
kept_delete(struct txn *t, int64_t project_id, const char *name, struct err *e)
{
	return db_exec(t, "DELETE FROM kept WHERE project_id = ? AND name = ?",
	    BINDS(I(project_id), S(name)), NULL, e);
}

int
kept_list(struct txn *t, int64_t project_id, int64_t before, int64_t limit,
    int64_t offset, struct kept_ref_list *out, struct err *e)
{
	static const char *const sql[3] = {
		"SELECT name, ref, sha, why, at FROM kept",
		" ORDER BY at DESC, name"
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct kept_ref_list){ .n = 0 };
	where_add1(&w, "project_id = ?", I(project_id));
	if (before != 0)
		where_add1(&w, "at < ?", I(before));
	if (where_count(&w, t, "kept", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		kept_fill(&q, LIST_ADD(out));
	if (rc == -1)
		kept_ref_list_release(out);
	return rc;
}
