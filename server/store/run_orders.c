#include "server/store/run_orders.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"
#include "server/store/events.h"

#define RUN_ORDER_COLS "event, project_id, item, run_id, human, verdict, at"

int
run_orders_add(struct txn *t, const struct run_order *o, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO run_order (" RUN_ORDER_COLS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(o->event), I(o->project_id), I(o->item), I(o->run_id),
		I(o->human), I(o->verdict), I(o->at)),
	    NULL, e);
}

static int
run_orders_one(struct txn *t, const char *sql, const struct bind *binds,
    struct run_order *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct run_order){ .event = 0 };
	if (query_one(&q, t, sql, binds, "order does not exist", e) == -1)
		return -1;
	out->event = query_i64(&q);
	out->project_id = query_i64(&q);
	out->item = query_i64(&q);
	out->run_id = query_i64(&q);
	out->human = query_bool(&q);
	out->verdict = (enum run_verdict)query_i64(&q);
	out->at = query_i64(&q);
	return 0;
}

int
run_orders_get(
    struct txn *t, int64_t event, struct run_order *out, struct err *e)
{
	return run_orders_one(t,
	    "SELECT " RUN_ORDER_COLS " FROM run_order WHERE event = ?",
	    BINDS(I(event)), out, e);
}

int
run_orders_newest(struct txn *t, int64_t project_id, int64_t item,
    struct run_order *out, struct err *e)
{
	return run_orders_one(t,
	    "SELECT " RUN_ORDER_COLS " FROM run_order"
	    " WHERE project_id = ? AND item = ? ORDER BY event DESC LIMIT 1",
	    BINDS(I(project_id), I(item)), out, e);
}

int
run_orders_wakes(
    struct txn *t, int64_t project_id, int64_t item, int64_t *n, struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM run_order WHERE project_id = ?1"
	    " AND item = ?2 AND human = 0 AND verdict = 1 AND event >"
	    " (SELECT coalesce(max(event), 0) FROM run_order"
	    "  WHERE project_id = ?1 AND item = ?2 AND human = 1)",
	    BINDS(I(project_id), I(item)), n, e);
}

static int
run_orders_fill(
    struct txn *t, struct query *q, struct event_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1) {
		struct event v;

		/* A retry's own event says nothing. */
		if (events_get(t, query_i64(q), &v, e) == -1) {
			if (e->code != ERR_NOTFOUND)
				return -1;
			*e = ERR_INIT;
			continue;
		}
		*(struct event *)LIST_ADD(out) = v;
		out->last = v.seq;
	}
	return rc;
}

int
run_orders_events(
    struct txn *t, int64_t run_id, struct event_list *out, struct err *e)
{
	static const char
	    sql[] = "WITH RECURSIVE chain (id, deep) AS (SELECT ?1, 0"
		    " UNION ALL SELECT r.retry_of, deep + 1 FROM run r"
		    " JOIN chain ON chain.id = r.id"
		    " WHERE r.retry_of > 0 AND deep < ?2)"
		    " SELECT event FROM (SELECT event FROM run_order"
		    " WHERE run_id > 0 AND run_id IN (SELECT id FROM chain)"
		    " ORDER BY event DESC LIMIT ?3) ORDER BY event";
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct event_list){ .n = 0 };
	if (query_open(&q, t, sql,
		BINDS(I(run_id), I(RUN_RETRIES_DEEP), I(RUN_ORDERS_MAX)),
		e) == -1)
		return -1;
	if (run_orders_fill(t, &q, out, e) == -1) {
		event_list_release(out);
		return -1;
	}
	return 0;
}
