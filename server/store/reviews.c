#include "server/store/reviews.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define REVIEW_COLS                                                          \
	"r.id, r.project_id, r.item, r.state, r.sha, r.official,"            \
	" r.dismissed, r.retargeted, r.submitted_at, max(r.submitted_at, "   \
	"r.updated_at),"                                                     \
	" (SELECT count(*) FROM review_comment k WHERE k.review_id = r.id)," \
	" r.body, CASE WHEN a.deleted OR NOT a.active THEN 0"                \
	" WHEN a.kind = 1 THEN 3"                                            \
	" ELSE coalesce((SELECT role FROM role WHERE project_id ="           \
	" r.project_id AND account_id = a.id), 0) END, " AUTHOR_COLS
#define REVIEW_FROM " FROM review r JOIN account a ON a.id = r.author_id"
#define REVIEW_NONE "review does not exist"

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
	r->retargeted = query_bool(q);
	r->submitted_at = query_i64(q);
	r->updated_at = query_i64(q);
	r->comments = query_i64(q);
	r->body = query_text(q);
	r->role = (enum role)query_i64(q);
	author_fill(q, &r->author);
}

int
reviews_insert(
    struct txn *t, const struct review_new *n, int64_t *id, struct err *e)
{
	static const char sql
	    [] = "INSERT INTO review (project_id, item, author_id, state, sha,"
		 " official, submitted_at, updated_at, body)"
		 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->author_id),
		    I(n->state), S(n->sha), I(n->official), I(n->now),
		    I(n->now), S(n->body)),
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
		BINDS(I(id), I(project_id)), REVIEW_NONE, e) == -1)
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
reviews_list(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " REVIEW_COLS REVIEW_FROM,
		" ORDER BY r.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct review_list){ .n = 0 };
	where_add2(&w, "r.project_id = ? AND r.item = ?", I(f->project_id),
	    I(f->item));
	where_add2(&w, "(r.state <> ? OR r.author_id = ?)", I(REVIEW_PENDING),
	    I(f->viewer_id));
	if (where_count(&w, t, "review r", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	return reviews_read(&q, out, e);
}

int
reviews_sent(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " REVIEW_COLS REVIEW_FROM,
		" ORDER BY r.id DESC" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct review_list){ .n = 0 };
	where_add2(&w, "r.project_id = ? AND r.item = ?", I(f->project_id),
	    I(f->item));
	where_add1(&w, "r.state < ?", I(REVIEW_PENDING));
	if (where_count(&w, t, "review r", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	return reviews_read(&q, out, e);
}

static int
reviews_some(struct txn *t, const char *sql, const struct bind *binds,
    struct review_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct review_list){ .n = 0 };
	if (query_open(&q, t, sql, binds, e) == -1 ||
	    reviews_read(&q, out, e) == -1)
		return -1;
	out->total = (int64_t)out->n;
	return 0;
}

int
reviews_latest(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e)
{
	return reviews_some(t,
	    "SELECT " REVIEW_COLS REVIEW_FROM
	    " WHERE r.id IN (SELECT max(id) FROM review WHERE project_id = ?"
	    " AND item = ? AND state < 3 AND dismissed = 0"
	    " GROUP BY author_id) ORDER BY r.id LIMIT ?",
	    BINDS(I(project_id), I(item), I(DB_LIST_MAX)), out, e);
}

int
reviews_shown(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e)
{
	static const char sql[] =
	    "SELECT " REVIEW_COLS REVIEW_FROM
	    " WHERE r.id IN (SELECT id FROM review WHERE project_id = ?"
	    " AND item = ? AND (state = 5 OR (state = 4 AND author_id = ?)"
	    " OR (state < 3 AND dismissed = 0)))"
	    " OR r.id IN (SELECT id FROM review WHERE project_id = ?"
	    " AND item = ? AND (state = 3 OR (state < 3 AND dismissed = 1))"
	    " ORDER BY id DESC LIMIT ?)"
	    " ORDER BY CASE WHEN r.state = 4 THEN 0"
	    " WHEN r.state < 3 AND r.dismissed = 0 THEN 1"
	    " WHEN r.state = 5 THEN 2 ELSE 3 END, r.id DESC LIMIT ?";

	return reviews_some(t, sql,
	    BINDS(I(f->project_id), I(f->item), I(f->viewer_id),
		I(f->project_id), I(f->item), I(f->limit), I(DB_LIST_MAX)),
	    out, e);
}

int
reviews_requested(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e)
{
	return reviews_some(t,
	    "SELECT " REVIEW_COLS REVIEW_FROM
	    " WHERE r.project_id = ? AND r.item = ? AND r.state = 5"
	    " AND r.state > 3 ORDER BY r.id LIMIT ?",
	    BINDS(I(project_id), I(item), I(DB_LIST_MAX)), out, e);
}

int
reviews_find_open(
    struct txn *t, const struct review_new *of, int64_t *id, struct err *e)
{
	return db_number(t,
	    "SELECT max(id) FROM review WHERE project_id = ? AND item = ?"
	    " AND author_id = ? AND state = ? AND state > 3",
	    BINDS(
		I(of->project_id), I(of->item), I(of->author_id), I(of->state)),
	    id, e);
}

int
reviews_supersede(
    struct txn *t, const struct review_new *n, int64_t id, struct err *e)
{
	static const char
	    requests[] = "DELETE FROM review WHERE project_id = ? AND item = ?"
			 " AND author_id = ? AND state = 5 AND state > 3";
	static const char verdicts
	    [] = "UPDATE review SET dismissed = 1 WHERE project_id = ?"
		 " AND item = ? AND author_id = ? AND state < 3 AND id <> ?";

	if (n->state != REVIEW_PENDING &&
	    db_exec(t, requests,
		BINDS(I(n->project_id), I(n->item), I(n->author_id)), NULL,
		e) == -1)
		return -1;
	if (n->state != REVIEW_APPROVED && n->state != REVIEW_REQUEST_CHANGES)
		return 0;
	return db_exec(t, verdicts,
	    BINDS(I(n->project_id), I(n->item), I(n->author_id), I(id)), NULL,
	    e);
}

int
reviews_submit(
    struct txn *t, const struct review_new *n, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE review SET state = ?, sha = ?, official = ?, retargeted = "
	    "0,"
	    " submitted_at = ?, updated_at = ?,"
	    " body = CASE WHEN ? <> '' THEN ? ELSE body END"
	    " WHERE id = ? AND project_id = ? AND author_id = ? AND state = 4";

	return db_exec_one(t, sql,
	    BINDS(I(n->state), S(n->sha), I(n->official), I(n->now), I(n->now),
		S(n->body), S(n->body), I(id), I(n->project_id),
		I(n->author_id)),
	    ERR_INVALID, "only a pending review can be submitted", e);
}

int
reviews_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e)
{
	if (body[0] == '\0')
		return 0;
	return db_exec_one(t,
	    "UPDATE review SET body = ?, updated_at = ?"
	    " WHERE id = ? AND project_id = ?",
	    BINDS(S(body), I(now), I(id), I(project_id)), ERR_NOTFOUND,
	    REVIEW_NONE, e);
}

int
reviews_set_dismissed(struct txn *t, int64_t project_id, int64_t id,
    bool dismissed, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE review SET dismissed = ?, updated_at = ?"
	    " WHERE id = ? AND project_id = ?",
	    BINDS(I(dismissed), I(now), I(id), I(project_id)), ERR_NOTFOUND,
	    REVIEW_NONE, e);
}

int
reviews_dismiss_stale(struct txn *t, int64_t project_id, int64_t item,
    const char *head_sha, int64_t now, int64_t *n, struct err *e)
{
	return db_exec(t,
	    "UPDATE review SET dismissed = 1, updated_at = ?"
	    " WHERE project_id = ? AND item = ? AND state = 1"
	    " AND dismissed = 0 AND sha <> ?",
	    BINDS(I(now), I(project_id), I(item), S(head_sha)), n, e);
}

int
reviews_retarget(struct txn *t, int64_t project_id, int64_t item, struct err *e)
{
	return db_exec(t,
	    "UPDATE review SET retargeted = 1 WHERE project_id = ?"
	    " AND item = ? AND state < 4",
	    BINDS(I(project_id), I(item)), NULL, e);
}

int
reviews_delete(struct txn *t, int64_t project_id, int64_t id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM review WHERE id = ? AND project_id = ?",
	    BINDS(I(id), I(project_id)), ERR_NOTFOUND, REVIEW_NONE, e);
}
