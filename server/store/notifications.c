#include "server/store/notifications.h"

#include <inttypes.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define NOTICE_COLS                                                      \
	"n.id, n.account_id, n.project_id, n.item, i.is_pull, i.merged," \
	" i.state, n.status, coalesce((SELECT c.id FROM comment c WHERE" \
	" c.id = n.comment_id), 0), n.updated_at, i.title,"              \
	" p.owner || '/' || p.name"
#define NOTICE_FROM                                           \
	" FROM notification n JOIN issue i ON i.project_id =" \
	" n.project_id AND i.number = n.item"                 \
	" JOIN project p ON p.id = n.project_id"

int
notices_join(struct txn *t, int64_t project_id, int64_t item,
    int64_t account_id, struct err *e)
{
	return db_exec(t,
	    "INSERT OR IGNORE INTO participant (project_id, item, account_id)"
	    " VALUES (?, ?, ?)",
	    BINDS(I(project_id), I(item), I(account_id)), NULL, e);
}

int
notices_tell(struct txn *t, const struct notice_new *n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO notification (account_id, project_id, item, status,"
	    " comment_id, updated_at)"
	    " SELECT a.id, ?1, ?2, 1, ?3, ?4 FROM ("
	    "SELECT account_id AS id FROM watch WHERE project_id = ?1"
	    " UNION SELECT account_id FROM participant"
	    " WHERE project_id = ?1 AND item = ?2"
	    " UNION SELECT account_id FROM assignee"
	    " WHERE project_id = ?1 AND item = ?2"
	    " UNION SELECT account_id FROM mention"
	    " WHERE project_id = ?1 AND item = ?2"
	    " UNION SELECT author_id FROM review WHERE project_id = ?1"
	    " AND item = ?2 AND state = 5 AND state > 3"
	    " UNION SELECT value FROM json_each(?5)) x"
	    " JOIN account a ON a.id = x.id"
	    " WHERE a.id <> ?6 AND a.deleted = 0 AND a.is_bot = 0"
	    " AND (a.kind = 1 OR (a.kind = 2 AND EXISTS (SELECT 1 FROM role r"
	    " WHERE r.project_id = ?1 AND r.account_id = a.id)))"
	    " LIMIT ?7"
	    " ON CONFLICT (account_id, project_id, item) DO UPDATE SET"
	    " status = CASE status WHEN 3 THEN 3 ELSE 1 END,"
	    " comment_id = CASE WHEN excluded.comment_id > 0"
	    " THEN excluded.comment_id ELSE comment_id END,"
	    " updated_at = excluded.updated_at";
	AUTO_STR struct str named = STR_INIT;

	str_addc(&named, '[');
	for (size_t i = 0; i < n->n_named; i++)
		str_addf(&named, "%s%" PRId64, i > 0 ? "," : "", n->named[i]);
	str_addc(&named, ']');
	return db_exec(t, sql,
	    BINDS(I(n->project_id), I(n->item), I(n->comment_id), I(n->now),
		S(str_cstr(&named)), I(n->actor_id), I(NOTICE_READERS_MAX)),
	    NULL, e);
}

static void
notices_fill(struct query *q, struct notice *x)
{
	x->id = query_i64(q);
	x->account_id = query_i64(q);
	x->project_id = query_i64(q);
	x->item = query_i64(q);
	x->is_pull = query_bool(q);
	x->merged = query_bool(q);
	x->state = (enum issue_state)query_i64(q);
	x->status = (enum notice_status)query_i64(q);
	x->comment_id = query_i64(q);
	x->updated_at = query_i64(q);
	x->title = query_text(q);
	x->project = query_text(q);
}

/* What a list is of; without the role, which a count need not ask. */
static void
notices_where(struct where *w, const struct notice_filter *f)
{
	where_add1(w, "n.account_id = ?", I(f->account_id));
	if (f->project_id != 0)
		where_add1(w, "n.project_id = ?", I(f->project_id));
	/* As the partial index has it. */
	if (!f->read && (f->unread || f->pinned))
		where_add(w, "n.status <> 2");
	if (f->unread || f->read || f->pinned) {
		if (!f->unread)
			where_add(w, "n.status <> 1");
		if (!f->pinned)
			where_add(w, "n.status <> 3");
	}
	if (f->nothing)
		where_add(w, "0");
	if (f->since > 0)
		where_add1(w, "n.updated_at >= ?", I(f->since));
	if (f->before > 0)
		where_add1(w, "n.updated_at < ?", I(f->before));
	if (f->issues != f->pulls)
		where_add1(w,
		    "EXISTS (SELECT 1 FROM issue i WHERE"
		    " i.project_id = n.project_id AND i.number = n.item"
		    " AND i.is_pull = ?)",
		    I(f->pulls));
	if (!f->sees_all)
		where_add(w,
		    "EXISTS (SELECT 1 FROM role r WHERE"
		    " r.project_id = n.project_id"
		    " AND r.account_id = n.account_id)");
}

int
notices_list(struct txn *t, const struct notice_filter *f,
    struct notice_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " NOTICE_COLS NOTICE_FROM,
		" ORDER BY n.updated_at DESC, n.id DESC" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct notice_list){ .n = 0 };
	notices_where(&w, f);
	if (where_count(&w, t, "notification n", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		notices_fill(&q, LIST_ADD(out));
	if (rc == -1)
		notice_list_release(out);
	return rc;
}

int
notices_unread(
    struct txn *t, const struct notice_filter *f, int64_t *n, struct err *e)
{
	struct notice_filter of = *f;
	AUTO_WHERE struct where w = WHERE_INIT;

	of.unread = true;
	of.read = of.pinned = false;
	notices_where(&w, &of);
	return where_count(&w, t, "notification n", n, e);
}

int
notices_get(struct txn *t, const struct notice_filter *f, int64_t id,
    struct notice *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int64_t seen = 0;

	*out = (struct notice){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " NOTICE_COLS NOTICE_FROM " WHERE n.id = ?",
		BINDS(I(id)), "notification does not exist", e) == -1)
		return -1;
	notices_fill(&q, out);
	query_end(&q);
	if (out->account_id != f->account_id) {
		notice_release(out);
		return err_set(e, ERR_DENIED, "the notification is another's");
	}
	if (f->sees_all)
		return 0;
	if (db_number(t,
		"SELECT EXISTS (SELECT 1 FROM role WHERE project_id = ?"
		" AND account_id = ?)",
		BINDS(I(out->project_id), I(f->account_id)), &seen, e) == 0 &&
	    seen != 0)
		return 0;
	notice_release(out);
	return e->code != ERR_NONE
	    ? -1
	    : err_set(e, ERR_NOTFOUND, "notification does not exist");
}

int
notices_set_all(struct txn *t, const struct notice_filter *f, int64_t until,
    enum notice_status to, struct err *e)
{
	static const char
	    head[] = "UPDATE notification SET status = ? WHERE id IN"
		     " (SELECT n.id FROM notification n";
	AUTO_STR struct str text = STR_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	struct bind binds[WHERE_MAX + 2] = { I(to) };

	notices_where(&w, f);
	where_add1(&w, "n.updated_at <= ?", I(until));
	str_addf(&text, "%s%s)", head, str_cstr(&w.sql));
	for (size_t i = 0; i < w.n; i++)
		binds[i + 1] = w.binds[i];
	binds[w.n + 1] = (struct bind){ .type = BIND_END };
	return db_exec(t, str_cstr(&text), binds, NULL, e);
}

int
notices_set(struct txn *t, int64_t id, enum notice_status to, struct err *e)
{
	return db_exec_one(t, "UPDATE notification SET status = ? WHERE id = ?",
	    BINDS(I(to), I(id)), ERR_NOTFOUND, "notification does not exist",
	    e);
}
