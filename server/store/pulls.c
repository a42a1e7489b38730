#include "server/store/pulls.h"

#include "lib/base/err.h"
#include "server/store/issues.h"
#include "server/store/items_priv.h"

#define PULL_COLS                                                   \
	ISSUE_COLS ", p.head, p.base, p.head_sha, p.base_sha,"      \
		   " p.merge_base, p.head_account_id, p.mergeable," \
		   " p.draft, p.run_id, p.merged_at, p.merged_by,"  \
		   " p.merge_sha"
/*
 * CROSS JOIN is SQLite's way to say in which order: its planner would rather
 * walk a project's issues than take the one index of pull that answers; so
 * does the + of an ORDER BY against walking the primary key.
 */
#define PULL_FROM                                                        \
	" FROM pull p CROSS JOIN issue i ON i.project_id = p.project_id" \
	" AND i.number = p.number CROSS JOIN account a ON a.id = i.author_id"
#define PULL_FROM_ISSUE                                                  \
	" FROM issue i CROSS JOIN pull p ON p.project_id = i.project_id" \
	" AND p.number = i.number CROSS JOIN account a ON a.id = i.author_id"

static void
pulls_fill(struct query *q, struct pull *p)
{
	issue_fill(q, &p->issue);
	p->head = query_text(q);
	p->base = query_text(q);
	QUERY_NAME(q, p->head_sha);
	QUERY_NAME(q, p->base_sha);
	QUERY_NAME(q, p->merge_base);
	p->head_user_id = query_i64(q);
	p->mergeable = (enum mergeable)query_i64(q);
	p->draft = query_bool(q);
	p->run_id = query_i64(q);
	p->merged_at = query_i64(q);
	p->merged_by = query_i64(q);
	QUERY_NAME(q, p->merge_sha);
}

static int
pulls_exists(struct err *e)
{
	if (e->code == ERR_EXISTS)
		(void)err_set(e, ERR_EXISTS, "pull request already exists");
	return -1;
}

int
pulls_insert(
    struct txn *t, const struct pull_new *n, int64_t *number, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO pull (project_id, number, is_open, head, base,"
	    " head_sha, base_sha, merge_base, head_account_id, draft, run_id)"
	    " VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct issue_new issue = {
		.project_id = n->project_id,
		.author_id = n->author_id,
		.title = n->title,
		.body = n->body,
		.is_pull = true,
		.now = n->now,
	};

	if (issues_insert(t, &issue, number, e) == -1)
		return -1;
	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(*number), S(n->head), S(n->base),
		    S(n->head_sha), S(n->base_sha), S(n->merge_base),
		    I(n->head_user_id), I(n->draft), I(n->run_id)),
		NULL, e) == -1)
		return pulls_exists(e);
	return 0;
}

static int
pulls_one(struct txn *t, const char *sql, const struct bind *binds,
    struct pull *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct pull){ .run_id = 0 };
	if (query_one(&q, t, sql, binds, "pull request does not exist", e) ==
	    -1)
		return -1;
	pulls_fill(&q, out);
	return 0;
}

int
pulls_get(struct txn *t, int64_t project_id, int64_t number, struct pull *out,
    struct err *e)
{
	return pulls_one(t,
	    "SELECT " PULL_COLS PULL_FROM
	    " WHERE p.project_id = ? AND p.number = ?",
	    BINDS(I(project_id), I(number)), out, e);
}

int
pulls_find_open(struct txn *t, int64_t project_id, const char *head,
    const char *base, struct pull *out, struct err *e)
{
	return pulls_one(t,
	    "SELECT " PULL_COLS PULL_FROM
	    " WHERE p.project_id = ? AND p.head = ? AND p.base = ?"
	    " AND p.is_open = 1",
	    BINDS(I(project_id), S(head), S(base)), out, e);
}

/* With a branch the page comes from pull's indexes, without from issue's. */
static void
pulls_where(struct where *w, const struct pull_filter *f, bool by_branch)
{
	if (!by_branch) {
		where_add1(w, "i.project_id = ?", I(f->project_id));
		where_add(w, "i.is_pull = 1");
		if (f->state != 0)
			where_add1(w, "i.state = ?", I(f->state));
		return;
	}
	where_add1(w, "p.project_id = ?", I(f->project_id));
	if (f->state != 0)
		where_add(w,
		    f->state == ISSUE_OPEN ? "p.is_open = 1" : "p.is_open = 0");
	if (f->head != NULL)
		where_add1(w, "p.head = ?", S(f->head));
	if (f->base != NULL)
		where_add1(w, "p.base = ?", S(f->base));
}

int
pulls_list(struct txn *t, const struct pull_filter *f, struct pull_list *out,
    struct err *e)
{
	static const char *const all[3] = {
		"SELECT " PULL_COLS PULL_FROM_ISSUE
		" WHERE i.id IN (SELECT i.id FROM issue i",
		" ORDER BY i.number DESC", ") ORDER BY i.number DESC"
	};
	static const char *const branch[3] = { "SELECT " PULL_COLS PULL_FROM,
		" ORDER BY +p.number DESC" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	bool by_branch = f->head != NULL || f->base != NULL;
	int rc;

	*out = (struct pull_list){ .n = 0 };
	pulls_where(&w, f, by_branch);
	if ((by_branch ? where_count(&w, t, "pull p", &out->total, e)
		       : issue_total(t, f->project_id, 1, f->state, &out->total,
			     e)) == -1)
		return -1;
	if (f->before > 0)
		where_add1(&w, by_branch ? "p.number < ?" : "i.number < ?",
		    I(f->before));
	if (where_open(&w, &q, t, by_branch ? branch : all, f->limit, f->offset,
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		pulls_fill(&q, LIST_ADD(out));
	if (rc == -1)
		pull_list_release(out);
	return rc;
}

int
pulls_set_head(struct txn *t, const struct pull *p, const char *to,
    int64_t head_user_id, int64_t now, struct err *e)
{
	static const char sql[] =
	    "UPDATE pull SET head_sha = ?, head_account_id = ?, mergeable = 0"
	    " WHERE project_id = ? AND number = ? AND head_sha = ?"
	    " AND is_open = 1";
	const struct issue *i = &p->issue;

	if (db_exec_one(t, sql,
		BINDS(S(to), I(head_user_id), I(i->project_id), I(i->number),
		    S(p->head_sha)),
		ERR_BUSY, "the head of the pull request moved", e) == -1)
		return -1;
	return issues_touch(t, i->project_id, i->number, now, e);
}

int
pulls_set_mergeable(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_merge_test *m, struct err *e)
{
	static const char sql
	    [] = "UPDATE pull SET mergeable = ?, base_sha = ?, merge_base = ?"
		 " WHERE project_id = ? AND number = ? AND head_sha = ?";

	return db_exec_one(t, sql,
	    BINDS(I(m->mergeable), S(m->base_sha), S(m->merge_base),
		I(project_id), I(number), S(m->head_sha)),
	    ERR_BUSY, "the head of the pull request moved", e);
}

int
pulls_set_base(struct txn *t, int64_t project_id, int64_t number,
    const char *base, const char *base_sha, int64_t now, struct err *e)
{
	static const char
	    sql[] = "UPDATE pull SET base = ?, base_sha = ?, mergeable = 0"
		    " WHERE project_id = ? AND number = ? AND is_open = 1";

	if (db_exec_one(t, sql,
		BINDS(S(base), S(base_sha), I(project_id), I(number)), ERR_BUSY,
		"the pull request is not open", e) == -1)
		return pulls_exists(e);
	return issues_touch(t, project_id, number, now, e);
}

int
pulls_set_merged(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_merged *m, struct err *e)
{
	static const char pull
	    [] = "UPDATE pull SET is_open = 0, merged_at = ?, merged_by = ?,"
		 " merge_sha = ?, base_sha = ? WHERE project_id = ?"
		 " AND number = ? AND head_sha = ? AND is_open = 1";
	static const char
	    issue[] = "UPDATE issue SET state = 2, merged = 1, closed_at = ?,"
		      " updated_at = ? WHERE project_id = ? AND number = ?";

	if (db_exec_one(t, pull,
		BINDS(I(m->now), I(m->user_id), S(m->merge_sha), S(m->base_sha),
		    I(project_id), I(number), S(m->head_sha)),
		ERR_BUSY, "the pull request is not open, or its head moved",
		e) == -1)
		return -1;
	return db_exec(t, issue,
	    BINDS(I(m->now), I(m->now), I(project_id), I(number)), NULL, e);
}
