#include "server/store/check_orders.h"

#include <stdlib.h>

#include "server/store/db_priv.h"

#define ORDER_COLS                                                        \
	"comment_id, project_id, pull, account_id, at, sha, kind, state," \
	" required, setup, test"

static void
check_orders_fill(struct query *q, struct check_order *o)
{
	o->comment_id = query_i64(q);
	o->project_id = query_i64(q);
	o->pull = query_i64(q);
	o->account_id = query_i64(q);
	o->at = query_i64(q);
	QUERY_NAME(q, o->sha);
	o->kind = (enum check_order_kind)query_i64(q);
	o->state = (enum check_order_state)query_i64(q);
	o->required = query_bool(q);
	o->setup = query_text(q);
	o->test = query_text(q);
}

int
check_orders_insert(struct txn *t, const struct check_order *o, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO check_order (" ORDER_COLS
	    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(o->comment_id), I(o->project_id), I(o->pull),
		I(o->account_id), I(o->at), S(o->sha), I(o->kind), I(o->state),
		I(o->required), S(o->setup), S(o->test)),
	    NULL, e);
}

int
check_orders_count(struct txn *t, int64_t project_id, int64_t pull,
    int64_t since, int64_t *n, int64_t *required, struct err *e)
{
	if (db_number(t,
		"SELECT count(*) FROM check_order WHERE project_id = ?"
		" AND pull = ? AND at > ?",
		BINDS(I(project_id), I(pull), I(since)), n, e) == -1)
		return -1;
	return db_number(t,
	    "SELECT count(*) FROM check_order WHERE project_id = ?"
	    " AND pull = ? AND required = 1",
	    BINDS(I(project_id), I(pull)), required, e);
}

static int
check_orders_rows(struct txn *t, const char *sql, const struct bind *binds,
    struct check_order_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct check_order_list){ .n = 0 };
	if (query_open(&q, t, sql, binds, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		check_orders_fill(&q, LIST_ADD(out));
	if (rc == -1)
		check_order_list_release(out);
	return rc;
}

int
check_orders_due(struct txn *t, int64_t project_id, int64_t pull,
    const char *sha, struct check_order_list *out, struct err *e)
{
	return check_orders_rows(t,
	    "SELECT " ORDER_COLS " FROM check_order WHERE project_id = ?"
	    " AND pull = ? AND (state = 1 OR (required = 1 AND sha <> ?))"
	    " ORDER BY comment_id LIMIT 50",
	    BINDS(I(project_id), I(pull), S(sha)), out, e);
}

int
check_orders_required(struct txn *t, int64_t project_id, int64_t pull,
    struct check_order_list *out, struct err *e)
{
	return check_orders_rows(t,
	    "SELECT " ORDER_COLS " FROM check_order WHERE project_id = ?"
	    " AND pull = ? AND required = 1 ORDER BY comment_id LIMIT 50",
	    BINDS(I(project_id), I(pull)), out, e);
}

int
check_orders_get(
    struct txn *t, int64_t comment_id, struct check_order *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct check_order){ .comment_id = 0 };
	if (query_one(&q, t,
		"SELECT " ORDER_COLS " FROM check_order WHERE comment_id = ?",
		BINDS(I(comment_id)), "no such order", e) == -1)
		return -1;
	check_orders_fill(&q, out);
	return 0;
}

int
check_orders_made(
    struct txn *t, int64_t comment_id, const char *sha, struct err *e)
{
	return db_exec(t,
	    "UPDATE check_order SET state = 2, sha = ? WHERE comment_id = ?",
	    BINDS(S(sha), I(comment_id)), NULL, e);
}

int
check_orders_again(
    struct txn *t, int64_t project_id, int64_t pull, struct err *e)
{
	return db_exec(t,
	    "UPDATE check_order SET state = 1 WHERE project_id = ?"
	    " AND pull = ? AND sha = (SELECT p.head_sha FROM pull p"
	    " WHERE p.project_id = check_order.project_id"
	    " AND p.number = check_order.pull)",
	    BINDS(I(project_id), I(pull)), NULL, e);
}

int
check_orders_drop(struct txn *t, int64_t comment_id, struct err *e)
{
	return db_exec(t, "DELETE FROM check_order WHERE comment_id = ?",
	    BINDS(I(comment_id)), NULL, e);
}

void
check_report_release(struct check_report *r)
{
	free(r->notes);
	*r = (struct check_report){ .comment_id = 0 };
}

int
check_reports_get(struct txn *t, int64_t project_id, int64_t pull,
    struct check_report *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct check_report){ .comment_id = 0 };
	if (query_open(&q, t,
		"SELECT sha, comment_id, notes FROM check_report"
		" WHERE project_id = ? AND pull = ?",
		BINDS(I(project_id), I(pull)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1) {
		QUERY_NAME(&q, out->sha);
		out->comment_id = query_i64(&q);
		out->notes = query_text(&q);
	}
	return rc == -1 ? -1 : 0;
}

int
check_reports_notes(struct txn *t, int64_t project_id, int64_t pull,
    const char *sha, const char *notes, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO check_report (project_id, pull, sha, notes)"
	    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (project_id, pull)"
	    " DO UPDATE SET sha = ?3, notes = ?4",
	    BINDS(I(project_id), I(pull), S(sha), S(notes)), NULL, e);
}

int
check_reports_comment(struct txn *t, int64_t project_id, int64_t pull,
    int64_t comment_id, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO check_report (project_id, pull, sha, comment_id)"
	    " VALUES (?1, ?2, '', ?3) ON CONFLICT (project_id, pull)"
	    " DO UPDATE SET comment_id = ?3",
	    BINDS(I(project_id), I(pull), I(comment_id)), NULL, e);
}
