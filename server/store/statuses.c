#include "server/store/statuses.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define STATUS_COLS                                      \
	"s.id, s.project_id, s.sha, s.state, s.context," \
	" s.description, s.target_url, s.created_at, " AUTHOR_COLS
#define STATUS_FROM " FROM status s JOIN account a ON a.id = s.creator_id"

static void
statuses_fill(struct query *q, struct status *s)
{
	s->id = query_i64(q);
	s->project_id = query_i64(q);
	QUERY_NAME(q, s->sha);
	s->state = (enum status_state)query_i64(q);
	s->context = query_text(q);
	s->description = query_text(q);
	s->target_url = query_text(q);
	s->created_at = query_i64(q);
	author_fill(q, &s->creator);
}

int
statuses_insert(
    struct txn *t, const struct status_new *n, int64_t *id, struct err *e)
{
	static const char sql[] = "INSERT INTO status (project_id, sha, "
				  "context, state, creator_id,"
				  " created_at, description, target_url)"
				  " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

	if (db_exec(t, sql,
		BINDS(I(n->project_id), S(n->sha), S(n->context), I(n->state),
		    I(n->creator_id), I(n->now), S(n->description),
		    S(n->target_url)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
statuses_get(struct txn *t, int64_t project_id, int64_t id, struct status *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct status){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " STATUS_COLS STATUS_FROM
		" WHERE s.id = ? AND s.project_id = ?",
		BINDS(I(id), I(project_id)), "status does not exist", e) == -1)
		return -1;
	statuses_fill(&q, out);
	return 0;
}

static int
statuses_read(struct query *q, struct status_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		statuses_fill(q, LIST_ADD(out));
	if (rc == -1)
		status_list_release(out);
	return rc;
}

int
statuses_verdicts(struct txn *t, int64_t project_id, const char *sha,
    struct status_list *out, struct err *e)
{
	static const char
	    sql[] = "SELECT s.id, s.state, s.context, s.creator_id FROM"
		    " (SELECT max(id) AS id FROM status WHERE project_id = ?"
		    " AND sha = ? GROUP BY context, creator_id) m"
		    " CROSS JOIN status s ON s.id = m.id"
		    " ORDER BY s.context, s.id";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct status_list){ .n = 0 };
	if (query_open(&q, t, sql, BINDS(I(project_id), S(sha)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct status *s = LIST_ADD(out);

		s->id = query_i64(&q);
		s->state = (enum status_state)query_i64(&q);
		s->context = query_text(&q);
		s->creator.id = query_i64(&q);
	}
	out->total = (int64_t)out->n;
	if (rc == -1)
		status_list_release(out);
	return rc;
}

int
statuses_latest(struct txn *t, int64_t project_id, const char *sha,
    int64_t limit, int64_t offset, struct status_list *out, struct err *e)
{
	static const char
	    sql[] = "SELECT " STATUS_COLS STATUS_FROM
		    " WHERE s.id IN (SELECT max(id) FROM status"
		    " WHERE project_id = ? AND sha = ? GROUP BY context"
		    " ORDER BY context LIMIT ? OFFSET ?) ORDER BY s.context";
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct status_list){ .n = 0 };
	if (query_open(&q, t, sql,
		BINDS(I(project_id), S(sha), I(db_limit(limit)), I(offset)),
		e) == -1)
		return -1;
	return statuses_read(&q, out, e);
}

int
statuses_contexts(struct txn *t, int64_t project_id, const char *sha,
    const char *but, int64_t *out, struct err *e)
{
	return db_number(t,
	    "SELECT count(DISTINCT context) FROM status WHERE project_id = ?1"
	    " AND sha = ?2 AND NOT EXISTS (SELECT 1 FROM status"
	    " WHERE project_id = ?1 AND sha = ?2 AND context = ?3)",
	    BINDS(I(project_id), S(sha), S(but)), out, e);
}

int
statuses_list(struct txn *t, const struct status_filter *f,
    struct status_list *out, struct err *e)
{
	static const char *const sql[2][3] = {
		[STATUS_SORT_NEWEST] = { "SELECT " STATUS_COLS STATUS_FROM,
		    " ORDER BY s.id DESC" },
		[STATUS_SORT_OLDEST] = { "SELECT " STATUS_COLS STATUS_FROM,
		    " ORDER BY s.id" },
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct status_list){ .n = 0 };
	where_add2(
	    &w, "s.project_id = ? AND s.sha = ?", I(f->project_id), S(f->sha));
	if (f->state != 0)
		where_add1(&w, "s.state = ?", I(f->state));
	if (where_count(&w, t, "status s", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql[f->sort], f->limit, f->offset, e) == -1)
		return -1;
	return statuses_read(&q, out, e);
}

int
statuses_of_pulls(struct txn *t, int64_t project_id, const int64_t *numbers,
    size_t n, enum status_state *out, struct err *e)
{
	static const char sql
	    [] = "SELECT j.key, s.state FROM json_each(?) j"
		 " CROSS JOIN pull p ON p.project_id = ? AND p.number = j.value"
		 " CROSS JOIN status s ON s.id IN (SELECT max(id) FROM status"
		 " WHERE project_id = p.project_id AND sha = p.head_sha"
		 " GROUP BY context)";
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str ids = STR_INIT;
	int rc;

	for (size_t i = 0; i < n; i++)
		out[i] = 0;
	ids_put(&ids, numbers, n);
	if (query_open(
		&q, t, sql, BINDS(S(str_cstr(&ids)), I(project_id)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		size_t k = (size_t)query_i64(&q);
		struct status both[2] = {
			{ .state = (enum status_state)query_i64(&q) },
			{ .state = out[k] },
		};
		const struct status_list l = { .at = both,
			.n = out[k] == 0 ? 1 : 2 };

		out[k] = status_combined(&l);
	}
	return rc;
}

int
statuses_count(struct txn *t, int64_t project_id, const char *sha, int64_t *out,
    struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM status WHERE project_id = ? AND sha = ?",
	    BINDS(I(project_id), S(sha)), out, e);
}

int
statuses_context_owner(struct txn *t, int64_t project_id, const char *context,
    enum user_kind *out, struct err *e)
{
	static const char sql[] = "SELECT a.kind" STATUS_FROM
				  " WHERE s.project_id = ? AND s.context = ? "
				  "ORDER BY s.id LIMIT 1";
	int64_t kind = 0;

	if (db_number(t, sql, BINDS(I(project_id), S(context)), &kind, e) == -1)
		return -1;
	if (kind == 0)
		return err_set(e, ERR_NOTFOUND, "nobody wrote this context");
	*out = (enum user_kind)kind;
	return 0;
}
