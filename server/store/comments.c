#include "server/store/comments.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define COMMENT_COLS                                       \
	"c.id, c.project_id, c.item, i.is_pull, c.run_id," \
	" c.created_at, c.updated_at, c.body, " AUTHOR_COLS
#define COMMENT_FROM                                                  \
	" FROM comment c JOIN account a ON a.id = c.author_id"        \
	" JOIN issue i ON i.project_id = c.project_id AND i.number =" \
	" c.item"
#define COMMENT_NONE "comment does not exist"

static void
comments_fill(struct query *q, struct comment *c)
{
	c->id = query_i64(q);
	c->project_id = query_i64(q);
	c->item = query_i64(q);
	c->item_is_pull = query_bool(q);
	c->run_id = query_i64(q);
	c->created_at = query_i64(q);
	c->updated_at = query_i64(q);
	c->body = query_text(q);
	author_fill(q, &c->author);
}

static int
comments_count(struct txn *t, int64_t project_id, int64_t item, int by,
    int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET comments = comments + ?, updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(by), I(now), I(project_id), I(item)), ERR_NOTFOUND,
	    "issue does not exist", e);
}

int
comments_insert(
    struct txn *t, const struct comment_new *n, int64_t *id, struct err *e)
{
	static const char sql
	    [] = "INSERT INTO comment (id, project_id, item, author_id, run_id,"
		 " created_at, updated_at, body)"
		 " VALUES (" ENTRY_NEXT_ID ", ?, ?, ?, ?, ?, ?, ?)";

	if (comments_count(t, n->project_id, n->item, 1, n->now, e) == -1 ||
	    db_exec(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->author_id),
		    I(n->run_id), I(n->now), I(n->now), S(n->body)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
comments_get(struct txn *t, int64_t project_id, int64_t id, struct comment *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct comment){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " COMMENT_COLS COMMENT_FROM
		" WHERE c.id = ? AND c.project_id = ?",
		BINDS(I(id), I(project_id)), COMMENT_NONE, e) == -1)
		return -1;
	comments_fill(&q, out);
	return 0;
}

static void
comments_where(struct where *w, const struct comment_filter *f)
{
	where_add1(w, "c.project_id = ?", I(f->project_id));
	if (f->item != 0)
		where_add1(w, "c.item = ?", I(f->item));
	if (f->since > 0)
		where_add1(w, "c.updated_at >= ?", I(f->since));
	if (f->before > 0)
		where_add1(w, "c.updated_at < ?", I(f->before));
}

/* The page is picked from an index alone; only its rows are read. */
static int
comments_open(struct where *w, struct query *q, struct txn *t,
    const struct comment_filter *f, int64_t total, struct err *e)
{
	static const char *const of_item[3] = {
		"SELECT " COMMENT_COLS COMMENT_FROM, " ORDER BY c.id"
	};
	static const char *const few[3] = {
		"SELECT " COMMENT_COLS COMMENT_FROM
		" WHERE c.id IN (SELECT c.id FROM comment c"
		" INDEXED BY comment_updated",
		" ORDER BY c.id", ") ORDER BY c.id"
	};
	static const char *const many[3] = {
		"SELECT " COMMENT_COLS COMMENT_FROM
		" WHERE c.id IN (SELECT c.id FROM comment c"
		" INDEXED BY comment_updated",
		" ORDER BY c.updated_at, c.id", ") ORDER BY c.updated_at, c.id"
	};
	const char *const *sql = total < DB_COUNT_MAX ? few : many;

	if (f->item != 0)
		sql = of_item;
	return where_open(w, q, t, sql, f->limit, f->offset, e);
}

/* Of a whole project: where the row at `offset` is to be looked for. */
static int
comments_seek(struct txn *t, const struct comment_filter *f, int64_t *block,
    int64_t *skip, int64_t *total, struct err *e)
{
	static const char sql[] = "SELECT block, n FROM comment_block"
				  " WHERE project_id = ? ORDER BY block";
	AUTO_QUERY struct query q = QUERY_INIT;
	int64_t offset = f->offset < 0 ? 0 : f->offset;
	int rc;

	*total = *block = *skip = 0;
	if (query_open(&q, t, sql, BINDS(I(f->project_id)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		int64_t at = query_i64(&q), n = query_i64(&q);

		if (*total <= offset) {
			*block = at;
			*skip = offset - *total;
		}
		*total += n;
	}
	return rc;
}

static int
comments_fill_list(struct query *q, struct comment_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		comments_fill(q, LIST_ADD(out));
	if (rc == -1)
		comment_list_release(out);
	return rc;
}

static int
comments_all(struct txn *t, const struct comment_filter *f,
    struct comment_list *out, struct err *e)
{
	static const char *const sql[3] = {
		"SELECT " COMMENT_COLS COMMENT_FROM
		" WHERE c.id IN (SELECT c.id FROM comment c"
		" INDEXED BY comment_project",
		" ORDER BY c.id", ") ORDER BY c.id"
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int64_t block, skip;

	if (comments_seek(t, f, &block, &skip, &out->total, e) == -1)
		return -1;
	where_add2(&w, "c.project_id = ? AND c.id >= ? << 10", I(f->project_id),
	    I(block));
	if (where_open(&w, &q, t, sql, f->limit, skip, e) == -1)
		return -1;
	return comments_fill_list(&q, out, e);
}

int
comments_find(struct txn *t, const struct comment_filter *f,
    struct comment_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct comment_list){ .n = 0 };
	if (f->item == 0 && f->since <= 0 && f->before <= 0)
		return comments_all(t, f, out, e);
	comments_where(&w, f);
	if (where_count(&w, t, "comment c", &out->total, e) == -1 ||
	    comments_open(&w, &q, t, f, out->total, e) == -1 ||
	    comments_fill_list(&q, out, e) == -1)
		return -1;
	/* Where the count stopped, a full page is not the last one. */
	if (out->total >= DB_COUNT_MAX && out->n > 0 &&
	    (int64_t)out->n == db_limit(f->limit) &&
	    out->total <= f->offset + (int64_t)out->n)
		out->total = f->offset + (int64_t)out->n + 1;
	return 0;
}

int
comments_list(struct txn *t, int64_t project_id, int64_t item, int64_t limit,
    int64_t offset, struct comment_list *out, struct err *e)
{
	const struct comment_filter f = { .project_id = project_id,
		.item = item,
		.limit = limit,
		.offset = offset };

	return comments_find(t, &f, out, e);
}

int
comments_many(struct txn *t, int64_t project_id, const int64_t *ids, size_t n,
    struct comment_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str list = STR_INIT;

	*out = (struct comment_list){ .n = 0 };
	ids_put(&list, ids, n);
	if (query_open(&q, t,
		"SELECT " COMMENT_COLS COMMENT_FROM
		" WHERE c.id IN (SELECT value FROM json_each(?))"
		" AND c.project_id = ? ORDER BY c.id",
		BINDS(S(str_cstr(&list)), I(project_id)), e) == -1)
		return -1;
	return comments_fill_list(&q, out, e);
}

int
comments_other(
    struct txn *t, int64_t project_id, int64_t id, bool *other, struct err *e)
{
	int64_t n = 0;

	if (db_number(t,
		"SELECT count(*) FROM timeline WHERE id = ?"
		" AND project_id = ?",
		BINDS(I(id), I(project_id)), &n, e) == -1)
		return -1;
	*other = n > 0;
	return 0;
}

/* The item of a comment; a missing one is ERR_NOTFOUND. */
static int
comments_item(
    struct txn *t, int64_t project_id, int64_t id, int64_t *item, struct err *e)
{
	if (db_number(t,
		"SELECT item FROM comment WHERE id = ? AND project_id = ?",
		BINDS(I(id), I(project_id)), item, e) == -1)
		return -1;
	return *item == 0 ? err_set(e, ERR_NOTFOUND, COMMENT_NONE) : 0;
}

int
comments_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e)
{
	int64_t item = 0;

	if (comments_item(t, project_id, id, &item, e) == -1 ||
	    db_exec(t,
		"UPDATE comment SET body = ?, updated_at = ? WHERE id = ?",
		BINDS(S(body), I(now), I(id)), NULL, e) == -1)
		return -1;
	return comments_count(t, project_id, item, 0, now, e);
}

int
comments_delete(
    struct txn *t, int64_t project_id, int64_t id, int64_t now, struct err *e)
{
	int64_t item = 0;

	if (comments_item(t, project_id, id, &item, e) == -1 ||
	    db_exec(t, "DELETE FROM comment WHERE id = ?", BINDS(I(id)), NULL,
		e) == -1)
		return -1;
	return comments_count(t, project_id, item, -1, now, e);
}
