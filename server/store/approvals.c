#include "server/store/approvals.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"
#include "server/store/newest.h"

/* Its state at the time ?: an open one whose time is over has expired. */
#define APPROVAL_STATE                                                    \
	"CASE WHEN a.state = 1 AND a.expires_at <= ? THEN 4 ELSE a.state" \
	" END"
#define APPROVAL_COLS                                                      \
	"SELECT " APPROVAL_STATE ", a.id, a.project_id, a.kind, a.run_id," \
	" a.item, a.is_pull, a.created_at, a.expires_at, a.decided_at,"    \
	" a.decided_by, coalesce(u.login, ''), a.until, a.subject,"        \
	" a.reason, p.owner || '/' || p.name FROM approval a"              \
	" JOIN project p ON p.id = a.project_id"                           \
	" LEFT JOIN account u ON u.id = a.decided_by"

static int64_t
approvals_scope(const struct approval_new *n)
{
	return approval_is_shared(n->kind, n->subject) ? 0 : n->run_id;
}

static void
approvals_fill(struct query *q, struct approval *a)
{
	*a = (struct approval){ .state = (enum approval_state)query_i64(q) };
	a->id = query_i64(q);
	a->project_id = query_i64(q);
	a->kind = (enum approval_kind)query_i64(q);
	a->run_id = query_i64(q);
	a->item = query_i64(q);
	a->is_pull = query_bool(q);
	a->created_at = query_i64(q);
	a->expires_at = query_i64(q);
	a->decided_at = query_i64(q);
	a->decided_by = query_i64(q);
	QUERY_NAME(q, a->by);
	a->until = query_i64(q);
	a->subject = query_text(q);
	a->reason = query_text(q);
	QUERY_NAME(q, a->project_name);
}

int
approvals_insert(
    struct txn *t, const struct approval_new *n, int64_t *id, struct err *e)
{
	if (db_exec(t,
		"INSERT INTO approval (project_id, kind, state, scope, run_id,"
		" item, is_pull, created_at, expires_at, subject, reason)"
		" VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
		BINDS(I(n->project_id), I(n->kind), I(approvals_scope(n)),
		    I(n->run_id), I(n->item), I(n->is_pull), I(n->now),
		    I(n->expires_at), S(n->subject), S(n->reason)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

static int
approvals_one(struct txn *t, const char *sql, const struct bind *binds,
    struct approval *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct approval){ .id = 0 };
	if (query_one(&q, t, sql, binds, "no such approval", e) == -1)
		return -1;
	approvals_fill(&q, out);
	return 0;
}

int
approvals_get(
    struct txn *t, int64_t id, int64_t now, struct approval *out, struct err *e)
{
	return approvals_one(
	    t, APPROVAL_COLS " WHERE a.id = ?", BINDS(I(now), I(id)), out, e);
}

int
approvals_standing(struct txn *t, const struct approval_new *n,
    struct approval *out, struct err *e)
{
	return approvals_one(t,
	    APPROVAL_COLS " WHERE a.project_id = ? AND a.kind = ?"
			  " AND a.scope = ? AND a.subject = ?"
			  " AND ((a.state = 1 AND a.expires_at > ?)"
			  " OR (a.id > ? AND ((a.state = 2 AND a.until > ?)"
			  " OR (a.state <> 2 AND a.created_at > ?))))"
			  " ORDER BY a.id DESC LIMIT 1",
	    BINDS(I(n->now), I(n->project_id), I(n->kind),
		I(approvals_scope(n)), S(n->subject), I(n->now), I(n->after),
		I(n->now), I(n->now - APPROVAL_DAY_MS)),
	    out, e);
}

/* Said so that the indexes can be used: not by the CASE. */
static void
approvals_where_state(struct where *w, const struct approval_filter *f)
{
	if (f->state == APPROVAL_OPEN)
		where_add1(w, "a.state = 1 AND a.expires_at > ?", I(f->now));
	else if (f->state == APPROVAL_EXPIRED)
		where_add1(w,
		    "a.state IN (1, 4)"
		    " AND (a.state = 4 OR a.expires_at <= ?)",
		    I(f->now));
	else if (f->state != 0)
		where_add1(w, "a.state = ?", I(f->state));
	if (f->answered)
		where_add1(w, "(a.state <> 1 OR a.expires_at <= ?)", I(f->now));
}

static void
approvals_where(struct where *w, const struct approval_filter *f)
{
	if (f->run_id != 0)
		where_add1(w, "a.run_id = ?", I(f->run_id));
	approvals_where_state(w, f);
}

static void
approvals_where_project(struct where *w, const struct approval_filter *f)
{
	if (f->project_id != 0)
		where_add1(w, "a.project_id = ?", I(f->project_id));
	if (f->viewer != 0)
		where_add1(w,
		    "a.project_id IN (SELECT project_id FROM role"
		    " WHERE account_id = ?)",
		    I(f->viewer));
}

int
approvals_total(struct txn *t, const struct approval_filter *f, int64_t *total,
    struct err *e)
{
	AUTO_WHERE struct where w = WHERE_INIT;

	approvals_where_project(&w, f);
	approvals_where(&w, f);
	return where_count(&w, t, "approval a", total, e);
}

static int
approvals_open(struct query *q, struct txn *t, const struct approval_filter *f,
    struct err *e)
{
	const char *const sql[3] = { APPROVAL_COLS
		" WHERE a.id IN (SELECT a.id FROM approval a",
		f->oldest ? " ORDER BY a.id" : " ORDER BY a.id DESC",
		f->oldest ? ") ORDER BY a.id" : ") ORDER BY a.id DESC" };
	const struct newest n = { .from = "approval a",
		.id = "a.id",
		.of = "a.project_id",
		.select = APPROVAL_COLS,
		.oldest = f->oldest,
		.viewer = f->viewer,
		.project_id = f->project_id,
		.limit = f->limit,
		.offset = f->offset };
	const struct bind now = I(f->now); /* of the state */
	AUTO_WHERE struct where w = WHERE_INIT;

	/* The expired are of two states: few, and sorted by themselves. */
	if (f->viewer != 0 && f->state != APPROVAL_EXPIRED) {
		approvals_where(&w, f);
		return newest_open(q, t, &n, &w, &now, e);
	}
	where_value(&w, now);
	approvals_where_project(&w, f);
	approvals_where(&w, f);
	return where_open(&w, q, t, sql, f->limit, f->offset, e);
}

int
approvals_list(struct txn *t, const struct approval_filter *f,
    struct approval_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct approval_list){ .n = 0 };
	if (approvals_total(t, f, &out->total, e) == -1 ||
	    approvals_open(&q, t, f, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		approvals_fill(&q, LIST_ADD(out));
	if (rc == -1)
		approval_list_release(out);
	return rc;
}

int
approvals_count(struct txn *t, const struct approval_new *n, int64_t *open,
    int64_t *of_run, struct err *e)
{
	/* A flood of names leaves room for the rest. */
	const bool names = n->kind == APPROVAL_DOMAIN;

	if (db_number(t,
		"SELECT count(*) FROM approval WHERE project_id = ?"
		" AND state = 1 AND expires_at > ? AND (kind = 1) = ?",
		BINDS(I(n->project_id), I(n->now), I(names)), open, e) == -1)
		return -1;
	return db_number(t,
	    "SELECT count(*) FROM approval WHERE project_id = ?"
	    " AND run_id = ? AND (kind = 1) = ?",
	    BINDS(I(n->project_id), I(n->run_id), I(names)), of_run, e);
}

int
approvals_decide(
    struct txn *t, int64_t id, const struct approval_decision *d, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE approval SET state = ?, decided_at = ?, decided_by = ?,"
	    " until = ? WHERE id = ? AND state = 1 AND expires_at > ?",
	    BINDS(I(d->state), I(d->now), I(d->by), I(d->until), I(id),
		I(d->now)),
	    ERR_BUSY, "the approval is not open", e);
}

int
approvals_tidy(struct txn *t, int64_t project_id, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM approval WHERE id IN (SELECT id FROM approval"
	    " WHERE project_id = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
	    BINDS(I(project_id), I(APPROVAL_KEEP)), NULL, e);
}

static int
approvals_some(struct txn *t, const char *sql, const struct bind *binds,
    struct approval_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct approval_list){ .n = 0 };
	if (query_open(&q, t, sql, binds, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		approvals_fill(&q, LIST_ADD(out));
	if (rc == -1)
		approval_list_release(out);
	return rc;
}

int
approvals_due(struct txn *t, int64_t now, int64_t limit,
    struct approval_list *out, struct err *e)
{
	return approvals_some(t,
	    APPROVAL_COLS " WHERE a.state = 1 AND a.expires_at <= ?"
			  " ORDER BY a.id LIMIT ?",
	    BINDS(I(now), I(now), I(limit)), out, e);
}

int
approvals_of_run(struct txn *t, int64_t run_id, int64_t now,
    struct approval_list *out, struct err *e)
{
	return approvals_some(t,
	    APPROVAL_COLS " WHERE a.scope = ? AND a.state = 1 ORDER BY a.id",
	    BINDS(I(now), I(run_id)), out, e);
}

int
approvals_end(
    struct txn *t, int64_t id, enum approval_state state, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE approval SET state = ? WHERE id = ? AND state = 1",
	    BINDS(I(state), I(id)), ERR_BUSY, "the approval is not open", e);
}

int
approvals_money(
    struct txn *t, const struct approval_new *n, int64_t *out, struct err *e)
{
	return db_number(t,
	    "SELECT max(id) FROM approval WHERE project_id = ?1 AND kind = 2"
	    " AND state = 1 AND expires_at > ?2 AND (item = ?3 OR run_id = ?4"
	    " OR item = (SELECT item FROM run WHERE id = ?4 AND item > 0))",
	    BINDS(I(n->project_id), I(n->now), I(n->item), I(n->run_id)), out,
	    e);
}
