#include "server/store/pulls.h"

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/authors.h"
#include "server/store/issues.h"
#include "server/store/item_load.h"
#include "server/store/items_priv.h"
#include "server/store/pull_writers.h"

#define PULL_COLS                                                    \
	ISSUE_COLS ", p.head, p.base, p.head_sha, p.base_sha,"       \
		   " p.merge_base, p.merge_tree, p.head_account_id," \
		   " p.mergeable,"                                   \
		   " p.draft, p.run_id, p.merged_at, p.merged_by,"   \
		   " p.merge_sha, p.additions, p.deletions,"         \
		   " p.changed_files, p.review_comments,"            \
		   " p.conflicts, p.head_project_id, " PULL_GONE
/* Behind the colon of OWNER:BRANCH, or all of it. */
#define PULL_GONE                                                   \
	"NOT EXISTS (SELECT 1 FROM ref x WHERE x.project_id ="      \
	" CASE p.head_project_id WHEN 0 THEN p.project_id"          \
	" ELSE p.head_project_id END AND x.name = 'refs/heads/' ||" \
	" substr(p.head, instr(p.head, ':') + 1))"
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
	QUERY_NAME(q, p->merge_tree);
	p->head_user_id = query_i64(q);
	p->mergeable = (enum mergeable)query_i64(q);
	p->draft = query_bool(q);
	p->run_id = query_i64(q);
	p->merged_at = query_i64(q);
	p->merged_by = query_i64(q);
	QUERY_NAME(q, p->merge_sha);
	p->additions = query_i64(q);
	p->deletions = query_i64(q);
	p->changed_files = query_i64(q);
	p->review_comments = query_i64(q);
	p->conflicts = query_text(q);
	p->head_project = query_i64(q);
	p->head_gone = query_bool(q);
	p->merger.id = p->merged_by;
}

static struct pull *
pulls_numbered(struct pull *at, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (at[i].issue.number == number)
			return &at[i];
	return NULL;
}

/* Who is asked for a review of each, by one query for all of one project. */
static int
pulls_fill_reviewers(struct txn *t, struct pull *at, size_t n, struct err *e)
{
	static const char sql
	    [] = "SELECT r.item, " AUTHOR_COLS " FROM json_each(?) j"
		 " CROSS JOIN review r ON r.project_id = ? AND r.item = j.value"
		 " AND r.state = 5 AND r.state > 3"
		 " JOIN account a ON a.id = r.author_id ORDER BY r.id LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str numbers = STR_INIT;
	int rc;

	for (size_t i = 0; i < n; i++)
		str_addf(&numbers, "%c%lld", i == 0 ? '[' : ',',
		    (long long)at[i].issue.number);
	str_addc(&numbers, ']');
	if (query_open(&q, t, sql,
		BINDS(S(str_cstr(&numbers)), I(at->issue.project_id),
		    I(DB_LIST_MAX)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct pull *p = pulls_numbered(at, n, query_i64(&q));

		if (p == NULL)
			continue;
		p->reviewers = rows_grow(
		    p->reviewers, p->n_reviewers, sizeof(*p->reviewers));
		author_fill(&q, &p->reviewers[p->n_reviewers++]);
	}
	return rc;
}

static int
pulls_fill_people(struct txn *t, struct pull *at, size_t n, struct err *e)
{
	AUTO_FREE struct author **mergers = NULL;

	if (n == 0)
		return 0;
	if (item_load(t, &at->issue, n, sizeof(*at), e) == -1)
		return -1;
	mergers = xcalloc(n, sizeof(*mergers));
	for (size_t i = 0; i < n; i++)
		mergers[i] = &at[i].merger;
	if (authors_fill(t, mergers, n, e) == -1)
		return -1;
	return pulls_fill_reviewers(t, at, n, e);
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
	    " head_sha, base_sha, merge_base, head_account_id, draft, run_id,"
	    " head_project_id) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
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
		    I(n->head_user_id), I(n->draft), I(n->run_id),
		    I(n->head_project)),
		NULL, e) == -1)
		return pulls_exists(e);
	return pull_writers_add(t, n->project_id, *number, e);
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
	if (pulls_fill_people(t, out, 1, e) == 0)
		return 0;
	pull_release(out);
	return -1;
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

static int
pulls_read_keys(
    struct query *q, struct pull_key *v, size_t max, size_t *n, struct err *e)
{
	int rc = 0;

	while (*n < max && (rc = query_next(q, e)) == 1) {
		v[*n].project_id = query_i64(q);
		v[(*n)++].number = query_i64(q);
	}
	return rc == -1 ? -1 : 0;
}

int
pulls_open(struct txn *t, int64_t project_id, const char *branch, int64_t after,
    struct pull_key *v, size_t max, size_t *n, struct err *e)
{
	static const char
	    all[] = "SELECT project_id, number FROM pull WHERE project_id = ?"
		    " AND number > ? AND is_open = 1 ORDER BY number LIMIT ?";
	static const char of[] =
	    "SELECT project_id, number FROM pull WHERE project_id = ?1"
	    " AND number > ?2 AND is_open = 1 AND head = ?4"
	    " UNION SELECT project_id, number FROM pull WHERE project_id = ?1"
	    " AND number > ?2 AND is_open = 1 AND base = ?4"
	    " ORDER BY number LIMIT ?3";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*n = 0;
	if (branch == NULL)
		rc = query_open(
		    &q, t, all, BINDS(I(project_id), I(after), I(max)), e);
	else
		rc = query_open(&q, t, of,
		    BINDS(I(project_id), I(after), I(max), S(branch)), e);
	return rc == -1 ? -1 : pulls_read_keys(&q, v, max, n, e);
}

int
pulls_of_fork(struct txn *t, int64_t fork, const char *branch,
    struct pull_key *v, size_t max, size_t *n, struct err *e)
{
	static const char sql
	    [] = "SELECT project_id, number FROM pull WHERE head_project_id > 0"
		 " AND head_project_id = ? AND is_open = 1 AND"
		 " substr(head, instr(head, ':') + 1) = ? LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;

	*n = 0;
	if (query_open(&q, t, sql, BINDS(I(fork), S(branch), I(max)), e) == -1)
		return -1;
	return pulls_read_keys(&q, v, max, n, e);
}

/* What leads to the page: a branch's rows of pull, the rows of a label, or
 * those of issue. */
enum pulls_lead {
	PULLS_ISSUE,
	PULLS_LABEL,
	PULLS_BRANCH
};

/* So many of a label or a branch are sorted by what their rows do not have;
 * more are found by walking the items in that order. */
enum {
	PULLS_SORT_MAX = 2000
};

static enum pulls_lead
pulls_lead(const struct pull_filter *f)
{
	if (f->n_labels > 0 && f->head == NULL)
		return PULLS_LABEL;
	return f->head != NULL || f->base != NULL ? PULLS_BRANCH : PULLS_ISSUE;
}

static void
pulls_where_branch(struct where *w, const struct pull_filter *f)
{
	where_add1(w, "p.project_id = ?", I(f->project_id));
	if (f->state != 0)
		where_add(w,
		    f->state == ISSUE_OPEN ? "p.is_open = 1" : "p.is_open = 0");
	if (f->head != NULL)
		where_add1(w, "p.head = ?", S(f->head));
	if (f->base != NULL)
		where_add1(w, "p.base = ?", S(f->base));
}

/* A '+' keeps SQLite from an index that answers worse than the other one. */
static void
pulls_where_kind(struct where *w, const struct pull_filter *f)
{
	bool own = f->poster != 0 || f->milestone != 0;

	where_add1(w, "i.project_id = ?", I(f->project_id));
	where_add(w, own ? "+i.is_pull = 1" : "i.is_pull = 1");
	if (f->state != 0)
		where_add1(
		    w, own ? "+i.state = ?" : "i.state = ?", I(f->state));
}

/* The branches, when an item leads. */
static void
pulls_where_pair(
    struct where *w, const struct pull_filter *f, enum pulls_lead lead)
{
	if (f->head != NULL)
		where_add1(w,
		    "EXISTS (SELECT 1 FROM pull b WHERE b.project_id ="
		    " i.project_id AND b.number = i.number AND b.head = ?)",
		    S(f->head));
	if (f->base != NULL)
		where_add1(w,
		    lead == PULLS_LABEL
			? "EXISTS (SELECT 1 FROM pull b WHERE b.project_id ="
			  " x.project_id AND b.number = x.item AND b.base = ?)"
			: "EXISTS (SELECT 1 FROM pull b WHERE b.project_id ="
			  " i.project_id AND b.number = i.number"
			  " AND b.base = ?)",
		    S(f->base));
}

static void
pulls_where(struct where *w, const struct pull_filter *f, enum pulls_lead lead)
{
	if (lead == PULLS_BRANCH)
		pulls_where_branch(w, f);
	if (lead == PULLS_ISSUE) {
		pulls_where_kind(w, f);
		pulls_where_pair(w, f, lead);
	}
	if (lead == PULLS_LABEL) {
		where_add1(
		    w, "x.label_id = ? AND x.is_pull = 1", I(f->labels[0]));
		where_add1(w, "x.project_id = ?", I(f->project_id));
		if (f->state != 0)
			where_add1(w, "x.state = ?", I(f->state));
		pulls_where_pair(w, f, lead);
	}
	if (f->poster != 0)
		where_add1(w, "i.author_id = ?", I(f->poster));
	/* The first says to SQLite that the partial index will do. */
	if (f->milestone != 0)
		where_add1(w, "i.milestone_id > 0 AND i.milestone_id = ?",
		    I(f->milestone));
	for (size_t k = lead == PULLS_LABEL; k < f->n_labels; k++)
		where_add1(w,
		    lead == PULLS_LABEL
			? "EXISTS (SELECT 1 FROM item_label y WHERE"
			  " y.project_id = x.project_id AND y.item = x.item"
			  " AND y.label_id = ?)"
			: "EXISTS (SELECT 1 FROM item_label y WHERE"
			  " y.project_id = i.project_id AND y.item = i.number"
			  " AND y.label_id = ?)",
		    I(f->labels[k]));
}

#define PULLS_LABEL_JOIN                                     \
	" CROSS JOIN issue i ON i.project_id = x.project_id" \
	" AND i.number = x.item"
#define PULLS_BRANCH_JOIN                                    \
	" CROSS JOIN issue i ON i.project_id = p.project_id" \
	" AND i.number = p.number"

static int
pulls_total(
    struct txn *t, const struct pull_filter *f, int64_t *out, struct err *e)
{
	static const char *const from[][2] = {
		[PULLS_ISSUE] = { "issue i", "issue i" },
		[PULLS_LABEL] = { "item_label x",
		    "item_label x" PULLS_LABEL_JOIN },
		[PULLS_BRANCH] = { "pull p", "pull p" PULLS_BRANCH_JOIN },
	};
	enum pulls_lead lead = pulls_lead(f);
	bool own = f->poster != 0 || f->milestone != 0;
	AUTO_STR struct str sql = STR_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	if (lead == PULLS_ISSUE && !own)
		return issue_total(t, f->project_id, 1, f->state, out, e);
	pulls_where(&w, f, lead);
	/* What is looked up for each row is counted as far as rows are sorted.
	 */
	if (lead == PULLS_LABEL &&
	    (own || f->n_labels > 1 || f->base != NULL)) {
		str_addf(&sql,
		    "SELECT count(*) FROM (SELECT 1 FROM %s%s LIMIT %d)",
		    from[lead][own], str_cstr(&w.sql), PULLS_SORT_MAX + 1);
		return db_number(t, str_cstr(&sql), w.binds, out, e);
	}
	return where_count(&w, t,
	    from[lead][own || (lead == PULLS_BRANCH && f->n_labels > 0)], out,
	    e);
}

#define PULLS_PICK                                                         \
	"SELECT " PULL_COLS PULL_FROM_ISSUE " WHERE i.id IN (SELECT i.id " \
	"FROM "

#define PULLS_PICK_BRANCH                                                  \
	"SELECT " PULL_COLS PULL_FROM " WHERE p.rowid IN (SELECT p.rowid " \
	"FROM "

static const char *const pulls_pick[] = {
	[PULLS_ISSUE] = PULLS_PICK "issue i",
	[PULLS_LABEL] = PULLS_PICK "item_label x" PULLS_LABEL_JOIN,
	[PULLS_BRANCH] = PULLS_PICK_BRANCH "pull p" PULLS_BRANCH_JOIN,
};

/* The order of all, of a label's, of a branch's; and of the page. */
static const char *const pulls_order[][4] = {
	[PULL_SORT_NEWEST] = { " ORDER BY i.number DESC",
	    " ORDER BY x.item DESC", " ORDER BY +p.number DESC",
	    ") ORDER BY i.number DESC" },
	[PULL_SORT_OLDEST] = { " ORDER BY i.number", " ORDER BY x.item",
	    " ORDER BY +p.number", ") ORDER BY i.number" },
	[PULL_SORT_RECENTUPDATE] = { " ORDER BY i.updated_at DESC,"
				     " i.number DESC",
	    " ORDER BY i.updated_at DESC, i.number DESC",
	    " ORDER BY i.updated_at DESC, i.number DESC",
	    ") ORDER BY i.updated_at DESC, i.number DESC" },
	[PULL_SORT_LEASTUPDATE] = { " ORDER BY i.updated_at, i.number",
	    " ORDER BY i.updated_at, i.number",
	    " ORDER BY i.updated_at, i.number",
	    ") ORDER BY i.updated_at, i.number" },
	[PULL_SORT_MOSTCOMMENT] = { " ORDER BY i.comments DESC,"
				    " i.number DESC",
	    " ORDER BY i.comments DESC, i.number DESC",
	    " ORDER BY i.comments DESC, i.number DESC",
	    ") ORDER BY i.comments DESC, i.number DESC" },
	[PULL_SORT_LEASTCOMMENT] = { " ORDER BY i.comments, i.number",
	    " ORDER BY i.comments, i.number", " ORDER BY i.comments, i.number",
	    ") ORDER BY i.comments, i.number" },
	[PULL_SORT_RECENTCLOSE] = { " ORDER BY i.closed_at DESC,"
				    " i.number DESC",
	    " ORDER BY i.closed_at DESC, i.number DESC",
	    " ORDER BY i.closed_at DESC, i.number DESC",
	    ") ORDER BY i.closed_at DESC, i.number DESC" },
};

static int
pulls_page(struct txn *t, const struct pull_filter *f, struct pull_list *out,
    struct err *e)
{
	static const char *const before[] = { [PULLS_ISSUE] = "i.number < ?",
		[PULLS_LABEL] = "x.item < ?",
		[PULLS_BRANCH] = "p.number < ?" };
	enum pulls_lead lead = pulls_lead(f);
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	AUTO_STR struct str few = STR_INIT;
	const char *sql[3];
	int rc;

	if (f->sort >= PULL_SORT_RECENTUPDATE && out->total > PULLS_SORT_MAX)
		lead = PULLS_ISSUE;
	sql[0] = pulls_pick[lead];
	sql[1] = pulls_order[f->sort][lead];
	/* Few among many issues: no walk over all in that order. */
	if (lead == PULLS_ISSUE && f->sort >= PULL_SORT_RECENTUPDATE &&
	    out->total <= PULLS_SORT_MAX) {
		str_addf(&few, " ORDER BY +%s", sql[1] + strlen(" ORDER BY "));
		sql[1] = str_cstr(&few);
		if (f->poster == 0 && f->milestone == 0)
			sql[0] = f->state != 0
			    ? PULLS_PICK "issue i INDEXED BY issue_kind"
			    : PULLS_PICK "issue i INDEXED BY issue_number";
	}
	sql[2] = pulls_order[f->sort][3];
	/* A base has an index of its numbers. */
	if (lead == PULLS_BRANCH && f->head == NULL &&
	    f->sort < PULL_SORT_RECENTUPDATE) {
		sql[1] = f->sort == PULL_SORT_NEWEST ? " ORDER BY p.number DESC"
						     : " ORDER BY p.number";
		if (f->poster == 0 && f->milestone == 0)
			sql[0] = PULLS_PICK_BRANCH "pull p";
	}
	pulls_where(&w, f, lead);
	if (f->before > 0)
		where_add1(&w, before[lead], I(f->before));
	if (where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		pulls_fill(&q, LIST_ADD(out));
	return rc;
}

/* The label that fewest have comes first: it leads. */
static int
pulls_rarest(struct txn *t, struct pull_filter *f, struct err *e)
{
	static const char
	    sql[] = "SELECT count(*) FROM (SELECT 1 FROM item_label"
		    " WHERE label_id = ? LIMIT ?)";
	int64_t least = INT64_MAX;
	size_t at = 0;

	for (size_t i = 0; f->n_labels > 1 && i < f->n_labels; i++) {
		int64_t n = 0;

		if (db_number(t, sql, BINDS(I(f->labels[i]), I(PULLS_SORT_MAX)),
			&n, e) == -1)
			return -1;
		if (n < least) {
			least = n;
			at = i;
		}
	}
	if (at > 0) {
		int64_t first = f->labels[0];

		f->labels[0] = f->labels[at];
		f->labels[at] = first;
	}
	return 0;
}

int
pulls_list(struct txn *t, const struct pull_filter *f, struct pull_list *out,
    struct err *e)
{
	struct pull_filter ask = *f;
	int rc;

	*out = (struct pull_list){ .n = 0 };
	rc = pulls_rarest(t, &ask, e);
	if (rc == 0)
		rc = pulls_total(t, &ask, &out->total, e);
	if (rc == 0 && out->total > 0)
		rc = pulls_page(t, &ask, out, e);
	if (rc == 0)
		rc = pulls_fill_people(t, out->at, out->n, e);
	if (rc == -1)
		pull_list_release(out);
	return rc;
}

int
pulls_set_head(struct txn *t, const struct pull *p, const char *to,
    int64_t head_user_id, int64_t now, struct err *e)
{
	static const char sql[] =
	    "UPDATE pull SET head_sha = ?, head_account_id = ?, mergeable = 0,"
	    " merge_tree = ''"
	    " WHERE project_id = ? AND number = ? AND head_sha = ?"
	    " AND is_open = 1";
	const struct issue *i = &p->issue;

	if (db_exec_one(t, sql,
		BINDS(S(to), I(head_user_id), I(i->project_id), I(i->number),
		    S(p->head_sha)),
		ERR_BUSY, "the head of the pull request moved", e) == -1 ||
	    pull_writers_add(t, i->project_id, i->number, e) == -1)
		return -1;
	return issues_touch(t, i->project_id, i->number, now, e);
}

int
pulls_set_mergeable(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_merge_test *m, struct err *e)
{
	static const char sql
	    [] = "UPDATE pull SET mergeable = ?, base_sha = ?, merge_base = ?,"
		 " merge_tree = ?"
		 " WHERE project_id = ? AND number = ? AND head_sha = ?";

	return db_exec_one(t, sql,
	    BINDS(I(m->mergeable), S(m->base_sha), S(m->merge_base),
		S(m->merge_tree), I(project_id), I(number), S(m->head_sha)),
	    ERR_BUSY, "the head of the pull request moved", e);
}

static int
pulls_set(
    struct txn *t, const char *sql, const struct bind *binds, struct err *e)
{
	return db_exec_one(
	    t, sql, binds, ERR_NOTFOUND, "pull request does not exist", e);
}

int
pulls_set_conflicts(struct txn *t, int64_t project_id, int64_t number,
    const char *conflicts, struct err *e)
{
	return pulls_set(t,
	    "UPDATE pull SET conflicts = ? WHERE project_id = ?"
	    " AND number = ?",
	    BINDS(S(conflicts), I(project_id), I(number)), e);
}

int
pulls_set_stat(struct txn *t, int64_t project_id, int64_t number,
    const struct pull_stat *s, struct err *e)
{
	return pulls_set(t,
	    "UPDATE pull SET additions = ?, deletions = ?, changed_files = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(s->additions), I(s->deletions), I(s->changed_files),
		I(project_id), I(number)),
	    e);
}

int
pulls_set_draft(struct txn *t, int64_t project_id, int64_t number, bool draft,
    struct err *e)
{
	return pulls_set(t,
	    "UPDATE pull SET draft = ? WHERE project_id = ? AND number = ?",
	    BINDS(I(draft), I(project_id), I(number)), e);
}

int
pulls_set_base(struct txn *t, int64_t project_id, int64_t number,
    const char *base, const char *base_sha, int64_t now, struct err *e)
{
	static const char
	    sql[] = "UPDATE pull SET base = ?, base_sha = ?, mergeable = 0,"
		    " merge_tree = ''"
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
