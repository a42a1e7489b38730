#include "server/store/search.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/domain/search_query.h"
#include "server/store/issue_span.h"
#include "server/store/item_load.h"
#include "server/store/items_priv.h"

enum {
	SEARCH_TEXTS_MAX = 5000, /* looked at in all */
	SEARCH_TEXTS_MIN = 200,  /* of one project */
};

/* What one search works with. */
struct search {
	struct txn *t;
	const struct search_filter *f;
	struct str words; /* expression of the index, "" for none */
	struct str json;  /* the projects' ids */
	int64_t projects[SEARCH_PROJECTS_MAX];
	size_t n_projects;
	int64_t *ids; /* of the items found, at most `want` */
	size_t n;
	size_t want;
	int64_t total;
};

static int
search_projects(struct search *s, struct err *e)
{
	static const char sql
	    [] = "SELECT p.id FROM project p WHERE p.state = 1"
		 " AND (?1 = 0 OR EXISTS (SELECT 1 FROM role r"
		 " WHERE r.project_id = p.id AND r.account_id = ?1))"
		 " AND (?2 = '' OR p.owner = ?2) ORDER BY p.id DESC LIMIT ?3";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, s->t, sql,
		BINDS(I(s->f->viewer), S(s->f->owner), I(SEARCH_PROJECTS_MAX)),
		e) == -1)
		return -1;
	str_addc(&s->json, '[');
	while ((rc = query_next(&q, e)) == 1) {
		s->projects[s->n_projects] = query_i64(&q);
		str_addf(&s->json, "%s%" PRId64, s->n_projects > 0 ? "," : "",
		    s->projects[s->n_projects]);
		s->n_projects++;
	}
	str_addc(&s->json, ']');
	return rc;
}

/* A table that says what a user has to do with an item. */
static void
search_where_of(struct where *w, const char *cond, int64_t user)
{
	if (user != 0)
		where_add1(w, cond, I(user));
}

/* walk: many will do, and they are met in order. */
static void
search_where(struct where *w, const struct search *s, bool walk)
{
	const struct search_filter *f = s->f;

	if (f->is_pull >= 0)
		where_add1(w, "i.is_pull = ?", I(f->is_pull != 0));
	if (f->state != 0)
		where_add1(w, "i.state = ?", I(f->state));
	if (f->since > 0)
		where_add1(w, walk ? "+i.updated_at >= ?" : "i.updated_at >= ?",
		    I(f->since));
	if (f->before > 0)
		where_add1(w, walk ? "+i.updated_at < ?" : "i.updated_at < ?",
		    I(f->before));
	if (f->author != 0)
		where_add1(w, "i.author_id = ?", I(f->author));
	search_where_of(w,
	    "i.id IN (SELECT j.id FROM assignee x JOIN issue j"
	    " ON j.project_id = x.project_id AND j.number = x.item"
	    " WHERE x.account_id = ?)",
	    f->assignee);
	search_where_of(w,
	    "i.id IN (SELECT j.id FROM mention x JOIN issue j"
	    " ON j.project_id = x.project_id AND j.number = x.item"
	    " WHERE x.account_id = ?)",
	    f->mentioned);
	search_where_of(w,
	    "i.id IN (SELECT j.id FROM review x JOIN issue j"
	    " ON j.project_id = x.project_id AND j.number = x.item"
	    " WHERE x.author_id = ? AND x.state = 5)",
	    f->asked_to_review);
	search_where_of(w,
	    "i.id IN (SELECT j.id FROM review x JOIN issue j"
	    " ON j.project_id = x.project_id AND j.number = x.item"
	    " WHERE x.author_id = ?)",
	    f->reviewer);
}

/* Names of labels and milestones are a project's. */
static void
search_where_names(struct where *w, const struct search *s, int64_t project)
{
	if (s->f->labels != NULL)
		where_add2(w,
		    "i.number IN (SELECT x.item FROM label l"
		    " JOIN item_label x ON x.label_id = l.id"
		    " WHERE l.project_id = ?"
		    " AND l.name IN (SELECT value FROM json_each(?)))",
		    I(project), S(s->f->labels));
	if (s->f->milestones != NULL)
		where_add2(w,
		    "i.milestone_id > 0 AND i.milestone_id IN"
		    " (SELECT m.id FROM milestone m WHERE m.project_id = ?"
		    " AND m.title IN (SELECT value FROM json_each(?)))",
		    I(project), S(s->f->milestones));
}

/* Ids under w, newest first, into s->ids from `at`. */
static int
search_ids(struct search *s, struct where *w, const char *from,
    const char *order, size_t at, struct err *e)
{
	AUTO_STR struct str head = STR_INIT;
	const char *sql[3] = { NULL, order, NULL };
	AUTO_QUERY struct query q = QUERY_INIT;
	size_t n = at;
	int rc;

	str_addf(&head, "SELECT i.id FROM %s", from);
	sql[0] = str_cstr(&head);
	if (where_open(w, &q, s->t, sql, (int64_t)s->want, 0, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		s->ids[n++] = query_i64(&q);
	s->n = n;
	return rc;
}

/* What few items have leads: a table of the user's. */
static int
search_narrow(struct search *s, struct err *e)
{
	AUTO_WHERE struct where w = WHERE_INIT;

	search_where(&w, s, false);
	where_add1(&w, "i.project_id IN (SELECT value FROM json_each(?))",
	    S(str_cstr(&s->json)));
	if (where_count(&w, s->t, "issue i", &s->total, e) == -1)
		return -1;
	return search_ids(s, &w, "issue i", " ORDER BY i.id DESC", 0, e);
}

static int
search_newer_first(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* "issue i" and the index of by that suits; whole: a span of time is looked at
 * as a whole. */
static void
search_from(struct str *out, const struct search *s,
    const struct issue_lead_by *by, bool whole)
{
	const char *index = by->index;

	if (s->words.len > 0)
		index = SEARCH_BY;
	else if (index[0] == '\0' && whole && s->f->author == 0)
		index = by->span;
	str_addf(out, "issue i%s", index);
}

static int
search_count(struct search *s, const struct where *w, int64_t project,
    const struct issue_lead_by *by, int64_t *n, struct err *e)
{
	AUTO_STR struct str from = STR_INIT;
	const struct search_filter *f = s->f;

	if (f->since == 0 && f->before == 0 && f->author == 0 &&
	    s->words.len == 0 && f->labels == NULL && f->milestones == NULL)
		return issue_total(s->t, project, f->is_pull, f->state, n, e);
	search_from(&from, s, by, true);
	return where_count(w, s->t, str_cstr(&from), n, e);
}

/* Of many projects fewer texts each, so that all of them stay few. */
static int64_t
search_texts(const struct search *s)
{
	int64_t n = SEARCH_TEXTS_MAX / (int64_t)s->n_projects;

	return n > SEARCH_TEXTS_MIN ? n : SEARCH_TEXTS_MIN;
}

static void
search_where_words(struct where *w, const struct search *s, int64_t project)
{
	where_add3(w, SEARCH_ITEMS_OF "?)", S(str_cstr(&s->words)), I(project),
	    I(project));
	where_value(w, I(search_texts(s)));
}

static void
search_where_project(struct where *w, const struct search *s, int64_t project,
    const struct issue_lead_by *by, bool walk)
{
	walk = walk || s->words.len > 0 ||
	    (s->f->author != 0 && by->index[0] == '\0');
	where_add1(w, "i.project_id = ?", I(project));
	search_where(w, s, walk);
	if (by->top > 0)
		where_add1(
		    w, walk ? "i.number <= ?" : "+i.number <= ?", I(by->top));
	search_where_names(w, s, project);
	if (s->words.len > 0)
		search_where_words(w, s, project);
}

/* The newest of one project, after the at ids of others. */
static int
search_project(struct search *s, int64_t project, struct err *e)
{
	AUTO_WHERE struct where count = WHERE_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	AUTO_STR struct str from = STR_INIT;
	const struct issue_span span = { .project_id = project,
		.is_pull = s->f->is_pull,
		.state = s->f->state,
		.since = s->f->since,
		.until = s->f->before > 0 ? s->f->before - 1 : 0 };
	struct issue_lead_by by = { .index = "", .span = "" };
	int64_t n = INT64_MAX;
	bool walk;

	if (s->words.len == 0 && issue_span_index(s->t, &span, &by, e) == -1)
		return -1;
	search_where_project(&count, s, project, &by, false);
	if (s->f->author != 0)
		str_add(&count.sql, " ORDER BY i.number DESC");
	if (s->total < DB_COUNT_MAX) {
		if (search_count(s, &count, project, &by, &n, e) == -1)
			return -1;
		s->total += n;
	}
	walk = n > ISSUE_SORT_MAX && by.index[0] == '\0';
	search_where_project(&w, s, project, &by, walk);
	search_from(&from, s, &by, !walk);
	return search_ids(s, &w, str_cstr(&from),
	    walk ? " ORDER BY i.number DESC" : " ORDER BY +i.number DESC", s->n,
	    e);
}

/* Otherwise the newest of each project, by its own index, in one order. */
static int
search_wide(struct search *s, struct err *e)
{
	for (size_t i = 0; i < s->n_projects; i++) {
		if (search_project(s, s->projects[i], e) == -1)
			return -1;
		qsort(s->ids, s->n, sizeof(*s->ids), search_newer_first);
		if (s->n > s->want)
			s->n = s->want;
	}
	return 0;
}

static int
search_rows(struct search *s, struct issue_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str ids = STR_INIT;
	int rc;

	str_addc(&ids, '[');
	for (size_t i = (size_t)s->f->offset; i < s->n; i++)
		str_addf(&ids, "%s%" PRId64, ids.len > 1 ? "," : "", s->ids[i]);
	str_addc(&ids, ']');
	if (query_open(&q, s->t,
		"SELECT " ISSUE_COLS " FROM issue i"
		" JOIN account a ON a.id = i.author_id"
		" WHERE i.id IN (SELECT value FROM json_each(?))"
		" ORDER BY i.id DESC",
		BINDS(S(str_cstr(&ids))), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		issue_fill(&q, LIST_ADD(out));
	query_end(&q);
	if (rc == 0 && out->n > 0)
		rc = item_load(s->t, out->at, out->n, sizeof(*out->at), e);
	if (rc == -1)
		issue_list_release(out);
	return rc;
}

static int
search_run(struct search *s, struct issue_list *out, struct err *e)
{
	const struct search_filter *f = s->f;
	bool own = f->assignee != 0 || f->mentioned != 0 ||
	    f->asked_to_review != 0 || f->reviewer != 0;
	int rc, was;

	if (search_projects(s, e) == -1)
		return -1;
	if (f->q != NULL && search_query(&s->words, f->q, e) == -1)
		return -1;
	s->want = (size_t)(f->offset + db_limit(f->limit));
	if (s->want > DB_LIST_MAX)
		s->want = DB_LIST_MAX;
	s->ids = xcalloc(2 * s->want, sizeof(*s->ids));
	was = txn_allow(s->t, s->n_projects < 2 ? DB_SCAN_TIMES : 1);
	rc = own && s->words.len == 0 && f->labels == NULL &&
		f->milestones == NULL
	    ? search_narrow(s, e)
	    : search_wide(s, e);
	txn_limit(s->t, was);
	out->total = s->total;
	if (rc == -1 || (int64_t)s->n <= f->offset)
		return rc;
	return search_rows(s, out, e);
}

int
search_items(struct txn *t, const struct search_filter *f,
    struct issue_list *out, struct err *e)
{
	struct search s = {
		.t = t,
		.f = f,
		.words = STR_INIT,
		.json = STR_INIT,
	};
	int rc;

	*out = (struct issue_list){ .n = 0 };
	rc = search_run(&s, out, e);
	free(s.ids);
	str_release(&s.words);
	str_release(&s.json);
	return rc;
}
