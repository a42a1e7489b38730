#include "server/store/reviews.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define REVIEW_COLS                                                \
	"r.id, r.project_id, r.item, r.state, r.sha, r.official,"  \
	" r.dismissed, r.submitted_at, r.body,"                    \
	" CASE WHEN a.deleted THEN 0 WHEN a.kind = 1 THEN 3"       \
	" ELSE coalesce((SELECT role FROM role WHERE project_id =" \
	" r.project_id AND account_id = a.id), 0) END, " AUTHOR_COLS
#define REVIEW_FROM " FROM review r JOIN account a ON a.id = r.author_id"

static void
reviews_fill(struct query *q, struct review *r)
{
	r->id = query_i64(q);
	r->project_id = query_i64(q);
	r->item = query_i64(q);
	r->state = (enum review_state)query_i64(q);
	QUERY_NAME(q, r->sha);
	r->official = query_bool(q);
	r->dismissed = query_bool(q);
	r->submitted_at = query_i64(q);
	r->body = query_text(q);
	r->role = (enum role)query_i64(q);
	author_fill(q, &r->author);
}

int
reviews_insert(
    struct txn *t, const struct review_new *n, int64_t *id, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO review (project_id, item, author_id, state, sha,"
	    " official, submitted_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->author_id),
		    I(n->state), S(n->sha), I(n->official), I(n->now),
		    S(n->body)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
reviews_get(struct txn *t, int64_t project_id, int64_t id, struct review *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct review){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " REVIEW_COLS REVIEW_FROM
		" WHERE r.id = ? AND r.project_id = ?",
		BINDS(I(id), I(project_id)), "review does not exist", e) == -1)
		return -1;
	reviews_fill(&q, out);
	return 0;
}

static int
reviews_read(struct query *q, struct review_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		reviews_fill(q, LIST_ADD(out));
	if (rc == -1)
		review_list_release(out);
	return rc;
}

int
reviews_list(struct txn *t, int64_t project_id, int64_t item, int64_t limit,
    int64_t offset, struct review_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " REVIEW_COLS REVIEW_FROM,
		" ORDER BY r.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct review_list){ .n = 0 };
	where_add2(
	    &w, "r.project_id = ? AND r.item = ?", I(project_id), I(item));
	if (where_count(&w, t, "review r", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	return reviews_read(&q, out, e);
}

int
reviews_latest(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e)
{
	static const char sql[] =
	    "SELECT " REVIEW_COLS REVIEW_FROM
	    " WHERE r.id IN (SELECT max(id) FROM review WHERE project_id = ?"
	    " AND item = ? AND state <> 3 AND dismissed = 0"
	    " GROUP BY author_id) ORDER BY r.id LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct review_list){ .n = 0 };
	if (query_open(&q, t, sql,
		BINDS(I(project_id), I(item), I(DB_LIST_MAX)), e) == -1 ||
	    reviews_read(&q, out, e) == -1)
		return -1;
	out->total = (int64_t)out->n;
	return 0;
}
