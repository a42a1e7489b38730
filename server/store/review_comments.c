#include "server/store/review_comments.h"

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/authors.h"
#include "server/store/items_priv.h"

#define RC_COLS                                                             \
	"c.id, c.project_id, c.item, c.review_id, c.reply_to, c.side,"      \
	" c.line, c.outdated, c.created_at, c.updated_at, c.sha, c.at_sha," \
	" c.path, c.hunk, c.body, c.resolver_id, " AUTHOR_COLS
#define RC_FROM " FROM review_comment c JOIN account a ON a.id = c.account_id"
#define RC_SEEN                                                    \
	"(c.account_id = ? OR (SELECT v.state FROM review v WHERE" \
	" v.id = c.review_id) <> 4)"
#define RC_NONE "review comment does not exist"

static int
review_comments_fill_resolvers(
    struct txn *t, struct review_comment *at, size_t n, struct err *e)
{
	AUTO_FREE struct author **v = NULL;

	if (n == 0)
		return 0;
	v = xcalloc(n, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = &at[i].resolver;
	return authors_fill(t, v, n, e);
}

static void
review_comments_fill(struct query *q, struct review_comment *x)
{
	x->id = query_i64(q);
	x->project_id = query_i64(q);
	x->item = query_i64(q);
	x->review_id = query_i64(q);
	x->reply_to = query_i64(q);
	x->side = (enum review_side)query_i64(q);
	x->line = query_i64(q);
	x->outdated = query_bool(q);
	x->created_at = query_i64(q);
	x->updated_at = query_i64(q);
	QUERY_NAME(q, x->sha);
	QUERY_NAME(q, x->at_sha);
	x->path = query_text(q);
	x->hunk = query_text(q);
	x->body = query_text(q);
	x->resolver.id = query_i64(q);
	author_fill(q, &x->author);
}

int
review_comments_insert(
    struct txn *t, const struct review_comment *x, int64_t *id, struct err *e)
{
	static const char count[] = "SELECT count(*) FROM review_comment"
				    " WHERE project_id = ? AND item = ?";
	static const char
	    sql[] = "INSERT INTO review_comment (project_id, item, review_id,"
		    " reply_to, account_id, side, line, outdated, resolver_id,"
		    " created_at, updated_at, sha, at_sha, path, hunk, body)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	int64_t n = 0;

	if (db_number(t, count, BINDS(I(x->project_id), I(x->item)), &n, e) ==
	    -1)
		return -1;
	if (n >= REVIEW_COMMENTS_ITEM_MAX)
		return err_set(e, ERR_LIMIT,
		    "a pull request takes at most %d comments on lines",
		    REVIEW_COMMENTS_ITEM_MAX);
	if (db_exec(t, sql,
		BINDS(I(x->project_id), I(x->item), I(x->review_id),
		    I(x->reply_to), I(x->author.id), I(x->side), I(x->line),
		    I(x->outdated), I(x->resolver.id), I(x->created_at),
		    I(x->created_at), S(x->sha), S(x->at_sha), S(x->path),
		    S(x->hunk), S(x->body)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
review_comments_get(struct txn *t, int64_t project_id, int64_t id,
    int64_t viewer_id, struct review_comment *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct review_comment){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " RC_COLS RC_FROM
		" WHERE c.id = ? AND c.project_id = ? AND " RC_SEEN,
		BINDS(I(id), I(project_id), I(viewer_id)), RC_NONE, e) == -1)
		return -1;
	review_comments_fill(&q, out);
	if (review_comments_fill_resolvers(t, out, 1, e) == 0)
		return 0;
	review_comment_release(out);
	return -1;
}

int
review_comments_list(struct txn *t, const struct review_comment_filter *f,
    struct review_comment_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " RC_COLS RC_FROM,
		" ORDER BY c.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct review_comment_list){ .n = 0 };
	where_add2(&w, "c.project_id = ? AND c.item = ?", I(f->project_id),
	    I(f->item));
	if (f->review_id != 0)
		where_add1(&w, "c.review_id = ?", I(f->review_id));
	if (f->live)
		where_add(&w, "c.outdated = 0");
	else
		where_add1(&w, RC_SEEN, I(f->viewer_id));
	if (where_count(&w, t, "review_comment c", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		review_comments_fill(&q, LIST_ADD(out));
	query_end(&q);
	if (rc == 0)
		rc = review_comments_fill_resolvers(t, out->at, out->n, e);
	if (rc == -1)
		review_comment_list_release(out);
	return rc;
}

int
review_comments_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE review_comment SET body = ?, updated_at = ?"
	    " WHERE id = ? AND project_id = ?",
	    BINDS(S(body), I(now), I(id), I(project_id)), ERR_NOTFOUND, RC_NONE,
	    e);
}

int
review_comments_resolve(
    struct txn *t, int64_t project_id, int64_t id, int64_t by_id, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE review_comment SET resolver_id = ?"
	    " WHERE project_id = ? AND id IN (SELECT b.id"
	    " FROM review_comment a JOIN review_comment b"
	    " ON b.project_id = a.project_id AND b.item = a.item"
	    " AND (b.id = a.id OR b.reply_to = a.id OR (a.reply_to > 0 AND"
	    " (b.id = a.reply_to OR b.reply_to = a.reply_to)))"
	    " WHERE a.id = ?)",
	    BINDS(I(by_id), I(project_id), I(id)), ERR_NOTFOUND, RC_NONE, e);
}

int
review_comments_delete(
    struct txn *t, int64_t project_id, int64_t id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM review_comment WHERE id = ? AND project_id = ?",
	    BINDS(I(id), I(project_id)), ERR_NOTFOUND, RC_NONE, e);
}

int
review_comments_move(
    struct txn *t, const struct review_comment_move *m, struct err *e)
{
	static const char
	    sql[] = "UPDATE review_comment SET outdated = ?,"
		    " at_sha = CASE WHEN ? > 0 THEN ? ELSE at_sha END,"
		    " line = CASE WHEN ? > 0 THEN ? ELSE line END"
		    " WHERE id = ? AND at_sha = ?";

	return db_exec(t, sql,
	    BINDS(I(m->line == 0), I(m->line), S(m->to_sha), I(m->line),
		I(m->line), I(m->id), S(m->from_sha)),
	    NULL, e);
}

int
review_comments_count(
    struct txn *t, int64_t project_id, int64_t item, struct err *e)
{
	return db_exec(t,
	    "UPDATE pull SET review_comments = (SELECT count(*)"
	    " FROM review_comment c JOIN review r ON r.id = c.review_id"
	    " WHERE c.project_id = pull.project_id AND c.item = pull.number"
	    " AND r.state <> 4) WHERE project_id = ? AND number = ?",
	    BINDS(I(project_id), I(item)), NULL, e);
}

/* A person's role there, 0 of who may not sign in any more. */
#define RC_ROLE(who)                                                      \
	"coalesce((SELECT CASE WHEN x.deleted OR NOT x.active THEN 0"     \
	" WHEN x.kind = 1 THEN 3 ELSE (SELECT role FROM role r"           \
	" WHERE r.project_id = c.project_id AND r.account_id = x.id) END" \
	" FROM account x WHERE x.id = " who "), 0)"

int
review_comments_open(struct txn *t, int64_t project_id, int64_t item,
    const char *head_sha, struct review_comments_open *out, struct err *e)
{
	static const char sql[] =
	    "SELECT count(*), coalesce(min(c.path), '') FROM review_comment c"
	    " JOIN review v ON v.id = c.review_id"
	    " WHERE c.project_id = ? AND c.item = ? AND c.reply_to = 0"
	    " AND v.state IN (2, 3) AND " RC_ROLE(
		"c.account_id") " >= 2"
				" AND NOT EXISTS (SELECT 1 FROM review y WHERE"
				" y.project_id = c.project_id AND y.item = "
				"c.item"
				" AND y.author_id = c.account_id AND y.id > "
				"c.review_id"
				" AND y.state = 1 AND y.dismissed = 0 AND "
				"y.retargeted = 0"
				" AND y.sha = ?)"
				" AND c.resolver_id <> c.account_id"
				" AND " RC_ROLE("c.resolver_id") " < 2";
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct review_comments_open){ .n = 0 };
	if (query_one(&q, t, sql, BINDS(I(project_id), I(item), S(head_sha)),
		RC_NONE, e) == -1)
		return -1;
	out->n = query_i64(&q);
	out->path = query_text(&q);
	return 0;
}
