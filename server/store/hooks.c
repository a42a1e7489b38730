#include "server/store/hooks.h"

#include "server/store/db_priv.h"
#include "server/store/deliveries.h"
#include "server/store/events.h"

#define HOOK_COLS                                                            \
	"h.id, coalesce(h.project_id, 0), coalesce(h.account_id, 0),"        \
	" h.is_default, h.active, h.form, h.type, h.name, h.url, h.events,"  \
	" h.branch_filter, h.created_at, h.updated_at, h.since, h.failures," \
	" h.rest_until, h.due_at, h.behind, h.behind_tries, h.secret,"       \
	" h.authorization"
#define HOOK_FROM "SELECT " HOOK_COLS " FROM hook h"

static const char hooks_none[] = "no such hook";

static void
hooks_fill(struct query *q, struct hook *h)
{
	h->id = query_i64(q);
	h->project_id = query_i64(q);
	h->account_id = query_i64(q);
	h->is_default = query_bool(q);
	h->active = query_bool(q);
	h->form = query_bool(q);
	h->type = query_text(q);
	h->name = query_text(q);
	h->url = query_text(q);
	h->events = query_text(q);
	h->branch_filter = query_text(q);
	h->created_at = query_i64(q);
	h->updated_at = query_i64(q);
	h->since = query_i64(q);
	h->failures = query_i64(q);
	h->rest_until = query_i64(q);
	h->due_at = query_i64(q);
	h->behind = query_i64(q);
	h->behind_tries = query_i64(q);
	h->secret = query_text(q);
	h->authorization = query_text(q);
}

static void
hooks_where(struct where *w, const struct hook_scope *s)
{
	if (s->project_id != 0)
		where_add1(w, "h.project_id = ?", I(s->project_id));
	else if (s->account_id != 0)
		where_add1(w, "h.account_id = ?", I(s->account_id));
	else
		where_add(w, "h.project_id IS NULL AND h.account_id IS NULL");
}

static int
hooks_room(struct txn *t, const struct hook_scope *s, struct err *e)
{
	AUTO_WHERE struct where w = WHERE_INIT;
	int64_t n;

	hooks_where(&w, s);
	if (where_count(&w, t, "hook h", &n, e) == -1)
		return -1;
	if (n >= HOOKS_MAX)
		return err_set(e, ERR_INVALID,
		    "there are %d hooks already, which is the limit",
		    HOOKS_MAX);
	return 0;
}

int
hooks_insert(
    struct txn *t, const struct hook_new *n, int64_t *id, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO hook (project_id, account_id, is_default, active,"
	    " form, type, name, url, events, branch_filter, created_at,"
	    " updated_at, since, secret, authorization) VALUES (nullif(?, 0),"
	    " nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	int64_t since;

	if (hooks_room(t, &n->scope, e) == -1 ||
	    events_last(t, &since, e) == -1 ||
	    db_exec(t, sql,
		BINDS(I(n->scope.project_id), I(n->scope.account_id),
		    I(n->is_default), I(n->active), I(n->form), S(n->type),
		    S(n->name), S(n->url), S(n->events), S(n->branch_filter),
		    I(n->now), I(n->now), I(since), S(n->secret),
		    S(n->authorization)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
hooks_by_id(struct txn *t, int64_t id, struct hook *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct hook){ .id = 0 };
	if (query_one(&q, t, HOOK_FROM " WHERE h.id = ?", BINDS(I(id)),
		hooks_none, e) == -1)
		return -1;
	hooks_fill(&q, out);
	return 0;
}

int
hooks_get(struct txn *t, const struct hook_scope *s, int64_t id,
    struct hook *out, struct err *e)
{
	if (hooks_by_id(t, id, out, e) == -1)
		return -1;
	if (out->project_id == s->project_id &&
	    out->account_id == s->account_id)
		return 0;
	hook_release(out);
	return err_set(e, ERR_NOTFOUND, "%s", hooks_none);
}

int
hooks_list(struct txn *t, const struct hook_scope *s, enum hooks_which which,
    int64_t limit, int64_t offset, struct hook_list *out, struct err *e)
{
	static const char *const sql[3] = { HOOK_FROM, " ORDER BY h.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct hook_list){ .n = 0 };
	hooks_where(&w, s);
	if (which != HOOKS_ALL)
		where_add1(&w, "h.is_default = ?", I(which == HOOKS_DEFAULT));
	if (where_count(&w, t, "hook h", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		hooks_fill(&q, LIST_ADD(out));
	if (rc == -1)
		hook_list_release(out);
	return rc;
}

int
hooks_update(struct txn *t, const struct hook *h, int64_t now, struct err *e)
{
	static const char sql[] =
	    "UPDATE hook SET active = ?, form = ?, name = ?, url = ?,"
	    " events = ?, branch_filter = ?, secret = ?, authorization = ?,"
	    " updated_at = ?, failures = 0, rest_until = 0,"
	    " due_at = CASE WHEN due_at > 0 THEN ? ELSE 0 END WHERE id = ?";

	return db_exec_one(t, sql,
	    BINDS(I(h->active), I(h->form), S(h->name), S(h->url), S(h->events),
		S(h->branch_filter), S(h->secret), S(h->authorization), I(now),
		I(now), I(h->id)),
	    ERR_NOTFOUND, hooks_none, e);
}

int
hooks_delete(
    struct txn *t, const struct hook_scope *s, int64_t id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM hook WHERE id = ? AND coalesce(project_id, 0) = ?"
	    " AND coalesce(account_id, 0) = ?",
	    BINDS(I(id), I(s->project_id), I(s->account_id)), ERR_NOTFOUND,
	    hooks_none, e);
}

int
hooks_delete_orphans(struct txn *t, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM hook WHERE account_id IN"
	    " (SELECT id FROM account WHERE deleted = 1)",
	    NULL, NULL, e);
}

int
hooks_copy_defaults(struct txn *t, int64_t project_id, int64_t now,
    int64_t since, struct err *e)
{
	static const char
	    sql[] = "INSERT INTO hook (project_id, active, form, type, name,"
		    " url, events, branch_filter, created_at, updated_at,"
		    " since, secret, authorization) SELECT p.id, h.active,"
		    " h.form, h.type, h.name, h.url, h.events,"
		    " h.branch_filter, ?, ?, ?, h.secret, h.authorization"
		    " FROM hook h, project p WHERE h.project_id IS NULL"
		    " AND h.account_id IS NULL AND h.is_default = 1"
		    " AND p.id = ? ORDER BY h.id";

	return db_exec(
	    t, sql, BINDS(I(now), I(now), I(since), I(project_id)), NULL, e);
}

int
hooks_any(struct txn *t, bool *any, struct err *e)
{
	int64_t n;

	if (db_number(t, "SELECT EXISTS (SELECT 1 FROM hook)", NULL, &n, e) ==
	    -1)
		return -1;
	*any = n != 0;
	return 0;
}

int
hooks_for_event(struct txn *t, int64_t project_id, int64_t seq, int64_t only,
    struct hook_list *out, struct err *e)
{
	static const char sql[] = HOOK_FROM
	    " WHERE h.active = 1 AND h.since < ?"
	    " AND CASE WHEN ? = 0 THEN h.behind = 0 ELSE h.id = ? END"
	    " AND h.id IN (SELECT id FROM hook WHERE project_id = ?"
	    " UNION ALL SELECT k.id FROM project p"
	    " JOIN account a ON a.login = p.owner"
	    " JOIN hook k ON k.account_id = a.id WHERE p.id = ?"
	    " AND a.deleted = 0 AND a.active = 1 AND a.no_login = 0"
	    " AND (a.kind = ? OR EXISTS (SELECT 1 FROM role r"
	    " WHERE r.project_id = p.id AND r.account_id = a.id"
	    " AND r.role = ?))"
	    " UNION ALL SELECT id FROM hook WHERE project_id IS NULL"
	    " AND account_id IS NULL AND is_default = 0) ORDER BY h.id";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct hook_list){ .n = 0 };
	if (query_open(&q, t, sql,
		BINDS(I(seq), I(only), I(only), I(project_id), I(project_id),
		    I(USER_ADMIN), I(ROLE_ADMIN)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		hooks_fill(&q, LIST_ADD(out));
	if (rc == -1)
		hook_list_release(out);
	return rc;
}

int
hooks_takes(struct txn *t, int64_t id, int64_t behind, int64_t seq, bool *takes,
    struct err *e)
{
	int64_t n, bytes, room = 0;

	*takes = false;
	if (db_number(t,
		"SELECT count(*) FROM hook"
		" WHERE id = ? AND active = 1 AND behind = ?",
		BINDS(I(id), I(behind)), &room, e) == -1 ||
	    deliveries_waiting(t, id, &n, &bytes, e) == -1)
		return -1;
	if (room == 0)
		return 0;
	*takes = n < HOOK_PENDING_MAX &&
	    bytes <= HOOK_PENDING_BYTES - HOOK_PAYLOAD_MAX;
	return *takes ? 0 : hooks_set_behind(t, id, seq, 0, e);
}

int
hooks_set_behind(
    struct txn *t, int64_t id, int64_t seq, int64_t at, struct err *e)
{
	return db_exec(t,
	    "UPDATE hook SET behind_tries = 0, behind = ?, behind_at = ?"
	    " WHERE id = ?",
	    BINDS(I(seq), I(at), I(id)), NULL, e);
}

int
hooks_behind_failed(struct txn *t, int64_t id, int64_t behind, int64_t seq,
    int64_t at, struct err *e)
{
	return db_exec(t,
	    "UPDATE hook SET behind_tries ="
	    " CASE WHEN behind = ? THEN behind_tries + 1 ELSE 1 END,"
	    " behind = ?, behind_at = ? WHERE id = ? AND behind = ?",
	    BINDS(I(seq), I(seq), I(at), I(id), I(behind)), NULL, e);
}

#define HOOK_ROOM                                                          \
	"UPDATE hook SET behind_at = ? WHERE behind > 0 AND behind_at = 0" \
	" AND (SELECT count(*) <= ? AND coalesce(sum(d.size), 0) <= ?"     \
	" FROM delivery d WHERE d.state = 1 AND d.hook_id = hook.id)"

int
hooks_behind_room(
    struct txn *t, int64_t id, int64_t now, bool *any, struct err *e)
{
	const struct bind binds[] = { I(now), I(HOOK_PENDING_MAX / 2),
		I(HOOK_PENDING_BYTES / 2),
		id != 0 ? I(id) : (struct bind){ .type = BIND_END },
		{ .type = BIND_END } };
	int64_t changes;

	if (db_exec(t, id != 0 ? HOOK_ROOM " AND id = ?" : HOOK_ROOM, binds,
		&changes, e) == -1)
		return -1;
	*any = changes > 0;
	return 0;
}

int
hooks_behind_next(struct txn *t, struct hook *out, int64_t *at, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct hook){ .id = 0 };
	*at = 0;
	if (query_open(&q, t,
		"SELECT h.behind_at, " HOOK_COLS " FROM hook h"
		" WHERE h.behind_at > 0 ORDER BY h.behind_at, h.id LIMIT 1",
		NULL, e) == -1)
		return -1;
	switch (query_next(&q, e)) {
	case 1:
		*at = query_i64(&q);
		hooks_fill(&q, out);
		return 0;
	case 0:
		return 0;
	default:
		return -1;
	}
}

int
hooks_due(struct txn *t, int64_t now, size_t limit, int64_t *ids, size_t *n,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*n = 0;
	if (query_open(&q, t,
		"SELECT id FROM hook h WHERE due_at > 0 AND due_at <= ?"
		" AND NOT EXISTS (SELECT 1 FROM account a"
		" WHERE a.id = h.account_id"
		" AND (a.deleted = 1 OR a.active = 0 OR a.no_login = 1))"
		" ORDER BY due_at, id LIMIT ?",
		BINDS(I(now), I(limit)), e) == -1)
		return -1;
	while (*n < limit && (rc = query_next(&q, e)) != 0) {
		if (rc == -1)
			return -1;
		ids[(*n)++] = query_i64(&q);
	}
	return 0;
}

int
hooks_next_due(struct txn *t, int64_t now, int64_t *at, struct err *e)
{
	return db_number(t, "SELECT min(due_at) FROM hook WHERE due_at > ?",
	    BINDS(I(now)), at, e);
}

int
hooks_tried(struct txn *t, int64_t id, int64_t failures, int64_t rest_until,
    int64_t due_at, struct err *e)
{
	return db_exec(t,
	    "UPDATE hook SET failures = ?, rest_until = ?, due_at = ?"
	    " WHERE id = ?",
	    BINDS(I(failures), I(rest_until), I(due_at), I(id)), NULL, e);
}

int
hooks_wake(struct txn *t, int64_t id, int64_t now, bool even_so, struct err *e)
{
	return db_exec(t,
	    "UPDATE hook SET due_at ="
	    " CASE WHEN ? THEN ? ELSE max(rest_until, ?) END"
	    " WHERE id = ? AND (due_at = 0 OR ?)",
	    BINDS(I(even_so), I(now), I(now), I(id), I(even_so)), NULL, e);
}

/* Before the oldest hook there was nobody to tell. */
int
hooks_cursor(struct txn *t, int64_t *seq, struct err *e)
{
	int64_t saved, since;
	bool any;

	if (hooks_any(t, &any, e) == -1)
		return -1;
	if (!any)
		return events_last(t, seq, e);
	if (db_number(t, "SELECT seq FROM hook_cursor WHERE id = 1", NULL,
		&saved, e) == -1 ||
	    db_number(t, "SELECT min(since) FROM hook", NULL, &since, e) == -1)
		return -1;
	*seq = saved > since ? saved : since;
	return 0;
}

int
hooks_set_cursor(struct txn *t, int64_t seq, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO hook_cursor (id, seq) VALUES (1, ?)"
	    " ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
	    BINDS(I(seq)), NULL, e);
}
