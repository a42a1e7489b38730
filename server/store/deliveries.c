#include "server/store/deliveries.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define DELIVERY_COLS                                                     \
	"id, hook_id, project_id, payload_id, uuid, type, action, state," \
	" redelivery, attempts, created_at, ended_at, status, took_ms,"   \
	" error"

static void
deliveries_fill(struct query *q, struct delivery *d)
{
	d->id = query_i64(q);
	d->hook_id = query_i64(q);
	d->project_id = query_i64(q);
	d->payload_id = query_i64(q);
	QUERY_NAME(q, d->uuid);
	d->type = (enum hook_type)query_i64(q);
	QUERY_NAME(q, d->action);
	d->state = (enum delivery_state)query_i64(q);
	d->redelivery = query_bool(q);
	d->attempts = query_i64(q);
	d->created_at = query_i64(q);
	d->ended_at = query_i64(q);
	d->status = query_i64(q);
	d->took_ms = query_i64(q);
	d->error = query_text(q);
}

/* Those at an end beyond what is kept. */
static int
deliveries_prune(struct txn *t, int64_t hook_id, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM delivery WHERE hook_id = ? AND state > 1"
	    " AND id <= coalesce((SELECT id FROM delivery WHERE hook_id = ?"
	    " AND state > 1 ORDER BY id DESC LIMIT 1 OFFSET ?), 0)",
	    BINDS(I(hook_id), I(hook_id), I(HOOK_LOG_MAX)), NULL, e);
}

int
deliveries_payload(struct txn *t, const char *text, int64_t *id, struct err *e)
{
	if (db_exec(t, "INSERT INTO delivery_payload (text) VALUES (?)",
		BINDS(S(text)), NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

static int
deliveries_text(struct txn *t, int64_t id, char **out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	if (query_one(&q, t, "SELECT text FROM delivery_payload WHERE id = ?",
		BINDS(I(id)), "no such payload", e) == -1)
		return -1;
	*out = query_text(&q);
	return 0;
}

int
deliveries_insert(
    struct txn *t, const struct delivery_new *n, int64_t *id, struct err *e)
{
	static const char
	    sql[] = "INSERT INTO delivery (hook_id, project_id, payload_id,"
		    " uuid, type, action, state, redelivery, created_at, size)"
		    " SELECT ?, ?, p.id, ?, ?, ?, 1, ?, ?,"
		    " length(CAST(p.text AS BLOB))"
		    " FROM delivery_payload p WHERE p.id = ?";

	if (db_exec_one(t, sql,
		BINDS(I(n->hook_id), I(n->project_id), S(n->uuid), I(n->type),
		    S(n->action), I(n->redelivery), I(n->now),
		    I(n->payload_id)),
		ERR_NOTFOUND, "no such payload", e) == -1)
		return -1;
	if (id != NULL)
		*id = db_last_id(t);
	return 0;
}

int
deliveries_head(
    struct txn *t, int64_t hook_id, struct delivery *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct delivery){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " DELIVERY_COLS " FROM delivery"
		" WHERE hook_id = ? AND state = 1 ORDER BY id LIMIT 1",
		BINDS(I(hook_id)), "nothing waits", e) == -1)
		return -1;
	deliveries_fill(&q, out);
	if (deliveries_text(t, out->payload_id, &out->payload, e) == 0)
		return 0;
	delivery_release(out);
	return -1;
}

int
deliveries_get(struct txn *t, int64_t hook_id, int64_t id, struct delivery *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct delivery){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " DELIVERY_COLS ", request, response_headers,"
		" response_body FROM delivery"
		" WHERE id = ? AND hook_id = ?",
		BINDS(I(id), I(hook_id)), "no such delivery", e) == -1)
		return -1;
	deliveries_fill(&q, out);
	out->request = query_text(&q);
	out->response_headers = query_text(&q);
	out->response_body = query_text(&q);
	if (deliveries_text(t, out->payload_id, &out->payload, e) == 0)
		return 0;
	delivery_release(out);
	return -1;
}

int
deliveries_list(struct txn *t, int64_t hook_id, int64_t limit, int64_t offset,
    struct delivery_list *out, struct err *e)
{
	static const char *const sql[3] = {
		"SELECT " DELIVERY_COLS " FROM delivery", " ORDER BY id DESC"
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct delivery_list){ .n = 0 };
	where_add1(&w, "hook_id = ?", I(hook_id));
	if (where_count(&w, t, "delivery", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		deliveries_fill(&q, LIST_ADD(out));
	if (rc == -1)
		delivery_list_release(out);
	return rc;
}

int
deliveries_waiting(
    struct txn *t, int64_t hook_id, int64_t *n, int64_t *bytes, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*n = *bytes = 0;
	if (query_one(&q, t,
		"SELECT count(*), coalesce(sum(size), 0) FROM delivery"
		" WHERE state = 1 AND hook_id = ?",
		BINDS(I(hook_id)), "", e) == -1)
		return -1;
	*n = query_i64(&q);
	*bytes = query_i64(&q);
	return 0;
}

int
deliveries_result(struct txn *t, const struct delivery_result *r, struct err *e)
{
	static const char
	    sql[] = "UPDATE delivery SET state = ?, attempts = ?, status = ?,"
		    " took_ms = ?, error = ?, request = ?,"
		    " response_headers = ?, response_body = ?, ended_at = ?"
		    " WHERE id = ? AND hook_id = ? AND state = 1";

	if (db_exec_one(t, sql,
		BINDS(I(r->state), I(r->attempts), I(r->status), I(r->took_ms),
		    S(r->error), S(r->request), S(r->response_headers),
		    S(r->response_body),
		    I(r->state == DELIVERY_WAITS ? 0 : r->now), I(r->id),
		    I(r->hook_id)),
		ERR_EXISTS, "the delivery is at an end", e) == -1)
		return -1;
	return r->state == DELIVERY_WAITS ? 0
					  : deliveries_prune(t, r->hook_id, e);
}

int
deliveries_give_up(struct txn *t, int64_t hook_id, const char *error,
    int64_t now, struct err *e)
{
	if (db_exec(t,
		"UPDATE delivery SET state = 3, ended_at = ?, error = ?"
		" WHERE state = 1 AND hook_id = ?",
		BINDS(I(now), S(error), I(hook_id)), NULL, e) == -1 ||
	    db_exec(t,
		"UPDATE hook SET due_at = 0, behind = 0, behind_at = 0"
		" WHERE id = ?",
		BINDS(I(hook_id)), NULL, e) == -1)
		return -1;
	return deliveries_prune(t, hook_id, e);
}

int
deliveries_expire(struct txn *t, int64_t before, int64_t now, struct err *e)
{
	return db_exec(t,
	    "UPDATE delivery SET state = 3, ended_at = ?, error = ?"
	    " WHERE state = 1 AND created_at < ? AND hook_id IN"
	    " (SELECT id FROM hook WHERE due_at > 0)",
	    BINDS(I(now), S("it waited too long"), I(before)), NULL, e);
}
