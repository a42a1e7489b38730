/*
 * The page of a filtered list is picked from one index, its rows are read
 * after.  A label or an assignee that few items have leads the way; one that
 * many have is asked of each item on the way, which soon fills a page.
 */
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/search_query.h"
#include "server/store/issue_span.h"
#include "server/store/issues.h"
#include "server/store/item_load.h"
#include "server/store/items_priv.h"
#include "server/store/search.h"

enum {
	LEAD_MAX = ISSUE_SORT_MAX,
	PROBE_MAX = 3000 /* items counted of which each is asked */
};

enum issue_lead {
	LEAD_NONE,
	LEAD_LABEL,
	LEAD_ASSIGNEE,
	LEAD_MENTION
};

/* What is looked up before the query. */
struct issue_ask {
	const struct issue_filter *f;
	int64_t author;
	int64_t assignee;
	int64_t mentioned;
	int64_t labels[ISSUE_FILTER_NAMES];
	struct str words;      /* of the index */
	struct str milestones; /* [id, ...] */
	enum issue_lead lead;
	size_t label; /* that leads */
	struct issue_lead_by by;
	bool none; /* nothing can match */
};

static bool
issue_ask_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

int
issue_total(struct txn *t, int64_t project_id, int is_pull,
    enum issue_state state, int64_t *out, struct err *e)
{
	AUTO_WHERE struct where w = WHERE_INIT;

	where_add1(&w, "project_id = ?", I(project_id));
	if (is_pull >= 0)
		where_add1(&w, "is_pull = ?", I(is_pull != 0));
	if (state != 0)
		where_add1(&w, "state = ?", I(state));
	return where_number(&w, t, "SELECT sum(n) FROM issue_count", out, e);
}

static int
issue_ask_user(struct txn *t, struct issue_ask *a, const char *login,
    int64_t *id, struct err *e)
{
	if (!issue_ask_text(login))
		return 0;
	if (db_number(t, "SELECT id FROM account WHERE login = ?",
		BINDS(S(login)), id, e) == -1)
		return -1;
	a->none = a->none || *id == 0;
	return 0;
}

/* A name that several labels have means the oldest. */
static int
issue_ask_labels(struct txn *t, struct issue_ask *a, struct err *e)
{
	for (size_t k = 0; k < a->f->n_labels; k++) {
		if (db_number(t,
			"SELECT min(id) FROM label WHERE project_id = ?"
			" AND name = ? COLLATE NOCASE",
			BINDS(I(a->f->project_id), S(a->f->labels[k])),
			&a->labels[k], e) == -1)
			return -1;
		a->none = a->none || a->labels[k] == 0;
	}
	return 0;
}

static int
issue_ask_fill(struct txn *t, struct issue_ask *a, struct err *e)
{
	const struct issue_filter *f = a->f;
	int rc;

	if (issue_ask_user(t, a, f->created_by, &a->author, e) == -1 ||
	    issue_ask_user(t, a, f->assigned_to, &a->assignee, e) == -1 ||
	    issue_ask_user(t, a, f->mentioned, &a->mentioned, e) == -1 ||
	    issue_ask_labels(t, a, e) == -1)
		return -1;
	for (size_t k = 0; k < f->n_milestones; k++)
		str_addf(&a->milestones, "%c%lld", k == 0 ? '[' : ',',
		    (long long)f->milestones[k]);
	str_addc(&a->milestones, ']');
	if (!issue_ask_text(f->q))
		return 0;
	rc = search_query(&a->words, f->q, e);
	a->none = a->none || rc == 1;
	return rc == -1 ? -1 : 0;
}

/* A '+' keeps SQLite from an index that answers worse than the other one. */
static void
issue_where_kind(struct where *w, const struct issue_ask *a)
{
	const struct issue_filter *f = a->f;
	bool own = a->by.index[0] == '\0' &&
	    (a->author != 0 || a->mentioned != 0 || f->n_milestones > 0);

	where_add1(w, "i.project_id = ?", I(f->project_id));
	if (f->is_pull >= 0)
		where_add1(w, own ? "+i.is_pull = ?" : "i.is_pull = ?",
		    I(f->is_pull != 0));
	if (f->state != 0)
		where_add1(
		    w, own ? "+i.state = ?" : "i.state = ?", I(f->state));
}

/* What issue i itself must be; walk: they are met in order, many of them will
 * do. */
static void
issue_where_item(
    struct where *w, const struct issue_ask *a, enum issue_lead lead, bool walk)
{
	const struct issue_filter *f = a->f;

	walk = walk || a->words.len > 0 ||
	    (a->author != 0 && a->by.index[0] == '\0');
	if (lead == LEAD_NONE || lead == LEAD_MENTION)
		issue_where_kind(w, a);
	if (a->by.top > 0 && lead == LEAD_NONE)
		where_add1(w,
		    walk && f->sort <= ISSUE_OLDEST ? "i.number <= ?"
						    : "+i.number <= ?",
		    I(a->by.top));
	if (f->since > 0)
		where_add1(w, walk ? "+i.updated_at >= ?" : "i.updated_at >= ?",
		    I(f->since));
	if (f->until > 0)
		where_add1(w, walk ? "+i.updated_at <= ?" : "i.updated_at <= ?",
		    I(f->until));
	if (a->author != 0)
		where_add1(w, "i.author_id = ?", I(a->author));
	/* The first says to SQLite that the partial index will do. */
	if (f->n_milestones == 1)
		where_add1(w, "i.milestone_id > 0 AND i.milestone_id = ?",
		    I(f->milestones[0]));
	else if (f->n_milestones > 1)
		where_add1(w,
		    "i.milestone_id > 0 AND i.milestone_id IN"
		    " (SELECT value FROM json_each(?))",
		    S(str_cstr(&a->milestones)));
	if (a->words.len > 0)
		where_add3(w, SEARCH_ITEMS, S(str_cstr(&a->words)),
		    I(f->project_id), I(f->project_id));
}

/* Does anything beside x have to be looked at? */
static bool
issue_ask_item(const struct issue_ask *a)
{
	const struct issue_filter *f = a->f;

	return f->since > 0 || f->until > 0 || a->author != 0 ||
	    f->n_milestones > 0 || a->words.len > 0 || a->mentioned != 0;
}

/*
 * Who is mentioned leads, else the rarest of the labels and the assignee.  What
 * is common does not, when the item itself has to be looked at anyhow.
 */
static int
issue_ask_lead(struct txn *t, struct issue_ask *a, struct err *e)
{
	static const char
	    by_label[] = "SELECT count(*) FROM (SELECT 1 FROM item_label"
			 " WHERE label_id = ? LIMIT 2001)";
	static const char by_assignee
	    [] = "SELECT count(*) FROM (SELECT 1 FROM assignee"
		 " WHERE account_id = ? AND project_id = ? LIMIT 2001)";
	int64_t best = INT64_MAX, n;

	for (size_t k = 0; k < a->f->n_labels; k++) {
		if (db_number(t, by_label, BINDS(I(a->labels[k])), &n, e) == -1)
			return -1;
		if (n >= best)
			continue;
		best = n;
		a->lead = LEAD_LABEL;
		a->label = k;
	}
	if (a->assignee != 0) {
		if (db_number(t, by_assignee,
			BINDS(I(a->assignee), I(a->f->project_id)), &n,
			e) == -1)
			return -1;
		if (n < best) {
			best = n;
			a->lead = LEAD_ASSIGNEE;
		}
	}
	if (best > LEAD_MAX && issue_ask_item(a))
		a->lead = LEAD_NONE;
	if (a->mentioned != 0)
		a->lead = LEAD_MENTION;
	return 0;
}

/* Few of a kind among very many are sorted: SQLite does not know that they are
 * few, and walks the others in some order. */
static int
issue_ask_index(struct txn *t, struct issue_ask *a, struct err *e)
{
	const struct issue_span s = { .project_id = a->f->project_id,
		.is_pull = a->f->is_pull,
		.state = a->f->state,
		.since = a->f->since,
		.until = a->f->until };

	if (a->lead != LEAD_NONE || a->words.len > 0)
		return 0;
	return issue_span_index(t, &s, &a->by, e);
}

/* The row x that leads to issue i. */
static void
issue_where_lead(
    struct where *w, const struct issue_ask *a, enum issue_lead lead)
{
	const struct issue_filter *f = a->f;

	if (lead == LEAD_LABEL)
		where_add1(w, "x.label_id = ?", I(a->labels[a->label]));
	else
		where_add2(w, "x.account_id = ? AND x.project_id = ?",
		    I(lead == LEAD_MENTION ? a->mentioned : a->assignee),
		    I(f->project_id));
	if (lead == LEAD_MENTION)
		return;
	if (f->state != 0)
		where_add1(w, "x.state = ?", I(f->state));
	if (f->is_pull >= 0)
		where_add1(w, "x.is_pull = ?", I(f->is_pull != 0));
}

/* The labels and the assignee that do not lead. */
static void
issue_where_rest(
    struct where *w, const struct issue_ask *a, enum issue_lead lead)
{
	bool led = lead != LEAD_NONE;

	for (size_t k = 0; k < a->f->n_labels; k++) {
		if (lead == LEAD_LABEL && k == a->label)
			continue;
		where_add2(w,
		    led ? "EXISTS (SELECT 1 FROM item_label y"
			  " WHERE y.project_id = ? AND y.item = x.item"
			  " AND y.label_id = ?)"
			: "EXISTS (SELECT 1 FROM item_label y"
			  " WHERE y.project_id = ? AND y.item = i.number"
			  " AND y.label_id = ?)",
		    I(a->f->project_id), I(a->labels[k]));
	}
	if (lead != LEAD_ASSIGNEE && a->assignee != 0)
		where_add2(w,
		    led ? "EXISTS (SELECT 1 FROM assignee y"
			  " WHERE y.project_id = ? AND y.item = x.item"
			  " AND y.account_id = ?)"
			: "EXISTS (SELECT 1 FROM assignee y"
			  " WHERE y.project_id = ? AND y.item = i.number"
			  " AND y.account_id = ?)",
		    I(a->f->project_id), I(a->assignee));
}

#define ISSUE_JOIN                                           \
	" CROSS JOIN issue i ON i.project_id = x.project_id" \
	" AND i.number = x.item"

/* Is a label or the assignee asked of each? */
static bool
issue_ask_probes(const struct issue_ask *a)
{
	return a->f->n_labels + (a->assignee != 0) >
	    (size_t)(a->lead == LEAD_LABEL || a->lead == LEAD_ASSIGNEE);
}

/* Which index: the one of few; to look at a whole span of time, its own. */
static const char *
issue_ask_by(const struct issue_ask *a, enum issue_lead lead, bool whole)
{
	if (lead == LEAD_NONE && a->words.len > 0)
		return SEARCH_BY;
	if (a->by.index[0] != '\0')
		return a->by.index;
	if (!whole || lead != LEAD_NONE || a->author != 0 ||
	    a->f->n_milestones > 0)
		return "";
	return a->by.span;
}

static int
issue_ask_total(
    struct txn *t, const struct issue_ask *a, int64_t *out, struct err *e)
{
	static const char *const from[][2] = {
		[LEAD_NONE] = { "issue i", "issue i" },
		[LEAD_LABEL] = { "item_label x", "item_label x" ISSUE_JOIN },
		[LEAD_ASSIGNEE] = { "assignee x", "assignee x" ISSUE_JOIN },
		[LEAD_MENTION] = { NULL, "mention x" ISSUE_JOIN },
	};
	const struct issue_filter *f = a->f;
	enum issue_lead lead = a->lead;
	AUTO_STR struct str sql = STR_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	if (lead == LEAD_NONE && !issue_ask_item(a))
		return issue_total(
		    t, f->project_id, f->is_pull, f->state, out, e);
	if (lead != LEAD_NONE)
		issue_where_lead(&w, a, lead);
	issue_where_item(&w, a, lead, false);
	issue_where_rest(&w, a, lead);
	/* What somebody wrote is met from its newest on. */
	str_addf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %s%s%s%s LIMIT %d)",
	    from[lead][issue_ask_item(a)],
	    lead == LEAD_NONE ? issue_ask_by(a, lead, true) : "",
	    str_cstr(&w.sql),
	    lead == LEAD_NONE && a->author != 0 && a->by.index[0] == '\0'
		? " ORDER BY i.number DESC"
		: "",
	    issue_ask_probes(a) ? (int)PROBE_MAX : (int)DB_COUNT_MAX);
	return db_number(t, str_cstr(&sql), w.binds, out, e);
}

#define ISSUE_PICK                                           \
	"SELECT " ISSUE_COLS                                 \
	" FROM issue i JOIN account a ON a.id = i.author_id" \
	" WHERE i.id IN (SELECT i.id FROM "

static const char *const issue_pick[] = {
	[LEAD_NONE] = ISSUE_PICK "issue i",
	[LEAD_LABEL] = ISSUE_PICK "item_label x" ISSUE_JOIN,
	[LEAD_ASSIGNEE] = ISSUE_PICK "assignee x" ISSUE_JOIN,
	[LEAD_MENTION] = ISSUE_PICK "mention x" ISSUE_JOIN,
};

/* Of all items, of those that x leads to, of few that are sorted; and of the
 * page. */
static const char *const issue_order[][4] = {
	[ISSUE_NEWEST] = { " ORDER BY i.number DESC", " ORDER BY x.item DESC",
	    " ORDER BY +i.number DESC", ") ORDER BY i.number DESC" },
	[ISSUE_OLDEST] = { " ORDER BY i.number", " ORDER BY x.item",
	    " ORDER BY +i.number", ") ORDER BY i.number" },
	[ISSUE_RECENT_UPDATE] = { " ORDER BY i.updated_at DESC, i.number DESC",
	    " ORDER BY i.updated_at DESC, i.number DESC",
	    " ORDER BY +i.updated_at DESC, i.number DESC",
	    ") ORDER BY i.updated_at DESC, i.number DESC" },
	[ISSUE_LEAST_UPDATE] = { " ORDER BY i.updated_at, i.number",
	    " ORDER BY i.updated_at, i.number",
	    " ORDER BY +i.updated_at, i.number",
	    ") ORDER BY i.updated_at, i.number" },
	[ISSUE_MOST_COMMENT] = { " ORDER BY i.comments DESC, i.number DESC",
	    " ORDER BY i.comments DESC, i.number DESC",
	    " ORDER BY +i.comments DESC, i.number DESC",
	    ") ORDER BY i.comments DESC, i.number DESC" },
	[ISSUE_LEAST_COMMENT] = { " ORDER BY i.comments, i.number",
	    " ORDER BY i.comments, i.number", " ORDER BY +i.comments, i.number",
	    ") ORDER BY i.comments, i.number" },
};

static int
issue_ask_page(struct txn *t, const struct issue_ask *a, struct issue_list *out,
    struct err *e)
{
	const struct issue_filter *f = a->f;
	enum issue_lead lead = a->lead;
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	AUTO_STR struct str pick = STR_INIT;
	const char *sql[3], *by;
	size_t order;
	bool walk;
	int rc;

	if (f->sort >= ISSUE_RECENT_UPDATE && out->total > LEAD_MAX &&
	    lead != LEAD_MENTION)
		lead = LEAD_NONE;
	walk = out->total > LEAD_MAX && f->sort != ISSUE_RECENT_UPDATE &&
	    f->sort != ISSUE_LEAST_UPDATE;
	order = lead != LEAD_NONE;
	if (lead == LEAD_NONE && out->total <= LEAD_MAX &&
	    (issue_ask_item(a) || a->by.index[0] != '\0'))
		order = 2;
	by = issue_ask_by(a, lead, order == 2);
	/* From the oldest on, those that were not updated since are in the
	 * way: the span has all of the others. */
	if (walk && f->sort == ISSUE_OLDEST && f->since > 0 && by[0] == '\0')
		by = issue_ask_by(a, lead, true);
	if (walk && by[0] != '\0') {
		walk = false;
		order = 2;
	}
	str_addf(&pick, "%s%s", issue_pick[lead], by);
	sql[0] = str_cstr(&pick);
	sql[1] = issue_order[f->sort][order];
	sql[2] = issue_order[f->sort][3];
	if (lead != LEAD_NONE)
		issue_where_lead(&w, a, lead);
	issue_where_item(&w, a, lead, walk);
	issue_where_rest(&w, a, lead);
	if (f->before > 0)
		where_add1(&w,
		    lead != LEAD_NONE ? "x.item < ?" : "i.number < ?",
		    I(f->before));
	if (where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		issue_fill(&q, LIST_ADD(out));
	return rc;
}

int
issues_list(struct txn *t, const struct issue_filter *f, struct issue_list *out,
    struct err *e)
{
	struct issue_ask a = { .f = f, .by = { .index = "", .span = "" } };
	int was = txn_allow(t, DB_SCAN_TIMES);
	int rc;

	*out = (struct issue_list){ .n = 0 };
	rc = issue_ask_fill(t, &a, e);
	if (rc == 0 && !a.none)
		rc = issue_ask_lead(t, &a, e);
	if (rc == 0 && !a.none)
		rc = issue_ask_index(t, &a, e);
	if (rc == 0 && !a.none)
		rc = issue_ask_total(t, &a, &out->total, e);
	if (rc == 0 && out->total > 0)
		rc = issue_ask_page(t, &a, out, e);
	txn_limit(t, was);
	if (rc == 0)
		rc = item_load(t, out->at, out->n, sizeof(*out->at), e);
	if (rc == -1)
		issue_list_release(out);
	str_release(&a.words);
	str_release(&a.milestones);
	return rc;
}
