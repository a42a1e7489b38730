#include "server/store/events.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/store/audit.h"
#include "server/store/db_priv.h"

enum {
	EVENTS_SCAN = 2000 /* sequences looked at per call */
};

#define EVENT_COLS                                                        \
	"seq, at, kind, project_id, project_name, actor_id, actor_login," \
	" actor_kind, actor_role, item, is_pull, request, data"

static void
events_fill(struct query *q, struct event *v)
{
	v->seq = query_i64(q);
	v->at = query_i64(q);
	QUERY_NAME(q, v->kind);
	v->project_id = query_i64(q);
	QUERY_NAME(q, v->project_name);
	v->actor.id = query_i64(q);
	QUERY_NAME(q, v->actor.login);
	v->actor.kind = (enum user_kind)query_i64(q);
	v->actor.role = (enum role)query_i64(q);
	v->item = query_i64(q);
	v->is_pull = query_bool(q);
	QUERY_NAME(q, v->request);
	v->data = query_text(q);
}

int
events_append(
    struct txn *t, const struct event_new *n, int64_t *seq, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO event (at, kind, project_id, project_name, actor_id,"
	    " actor_login, actor_kind, actor_role, item, is_pull, request,"
	    " data)"
	    " VALUES (?, ?, ?, coalesce(nullif(?, ''),"
	    " (SELECT owner || '/' || name FROM project WHERE id = ?), ''),"
	    " ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct actor *a = n->actor;

	if (strlen(n->kind) > EVENT_KIND_MAX)
		return err_set(
		    e, ERR_INVALID, "event kind too long: %s", n->kind);
	if (db_exec(t, sql,
		BINDS(I(n->at), S(n->kind), I(n->project_id),
		    S(n->project_name), I(n->project_id), I(a->id), S(a->login),
		    I(a->kind), I(a->role), I(n->item), I(n->is_pull),
		    S(t->actor != NULL ? t->actor->request : ""),
		    S(n->data == NULL ? "{}" : n->data)),
		NULL, e) == -1)
		return err_wrap(e, "append event %s", n->kind);
	t->last_seq = db_last_id(t);
	if (seq != NULL)
		*seq = t->last_seq;
	return 0;
}

int
events_get(struct txn *t, int64_t seq, struct event *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct event){ .seq = 0 };
	if (query_one(&q, t, "SELECT " EVENT_COLS " FROM event WHERE seq = ?",
		BINDS(I(seq)), "event does not exist", e) == -1)
		return -1;
	events_fill(&q, out);
	return 0;
}

int
events_last(struct txn *t, int64_t *seq, struct err *e)
{
	return db_number(t, "SELECT max(seq) FROM event", NULL, seq, e);
}

/* Where the stretch ends: a project's own index needs no bound. */
static int64_t
events_stretch_end(const struct event_filter *f, int64_t newest)
{
	if (f->project_id != 0 || f->viewer == 0 || newest <= f->after)
		return newest;
	return newest - f->after > EVENTS_SCAN ? f->after + EVENTS_SCAN
					       : newest;
}

int
events_list(struct txn *t, const struct event_filter *f, struct event_list *out,
    struct err *e)
{
	static const char *const sql[3] = { "SELECT " EVENT_COLS " FROM event",
		" ORDER BY seq" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int64_t newest = 0, end, limit = db_limit(f->limit);
	int rc;

	*out = (struct event_list){ .last = f->after };
	if (events_last(t, &newest, e) == -1)
		return -1;
	end = events_stretch_end(f, newest);
	if (end <= f->after)
		return 0;
	where_add2(&w, "seq > ? AND seq <= ?", I(f->after), I(end));
	if (f->project_id != 0)
		where_add1(&w, "project_id = ?", I(f->project_id));
	if (f->viewer != 0)
		where_add1(&w,
		    "project_id IN"
		    " (SELECT project_id FROM role WHERE account_id = ?)",
		    I(f->viewer));
	if (where_open(&w, &q, t, sql, limit, 0, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		events_fill(&q, LIST_ADD(out));
	if (rc == -1) {
		event_list_release(out);
		return -1;
	}
	out->last = end;
	if ((int64_t)out->n == limit)
		out->last = out->at[out->n - 1].seq;
	out->more = out->last < newest;
	return 0;
}
