/*
 * item_list: the issues and the pull requests of a project, found by what the
 * API's lists are found by.  What is asked is in the address, so that a list
 * can be kept as a link.
 */
#include "server/web/item_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "server/domain/search_query.h"
#include "server/store/statuses.h"
#include "server/web/item.h"
#include "server/web/pull.h"
#include "server/web/query.h"

const struct item_list_sort item_list_sorts[ITEM_LIST_SORTS] = {
	{ "newest", "Newest first", ISSUE_NEWEST },
	{ "oldest", "Oldest first", ISSUE_OLDEST },
	{ "recentupdate", "Changed last", ISSUE_RECENT_UPDATE },
	{ "leastupdate", "Changed first", ISSUE_LEAST_UPDATE },
	{ "mostcomment", "Most said", ISSUE_MOST_COMMENT },
	{ "leastcomment", "Least said", ISSUE_LEAST_COMMENT },
};

enum {
	ITEM_LIST_LABELS = 8, /* that a list is narrowed by */
	ITEM_LIST_QUERY = 6 << 10
};

/* "&state=…", whatever is asked but the page; state and label NULL: as it is;
 * label "" and below: without the one at `drop`. */
static void
item_list_query(
    const struct item_list *l, const char *state, int drop, struct str *out)
{
	const struct item_list_word {
		const char *name, *value;
	} words[] = {
		{ "state", state != NULL ? state : l->state },
		{ "q", l->q },
		{ "author", l->author },
		{ "assignee", l->assignee },
		{ "sort", l->sort },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].value[0] == '\0')
			continue;
		str_addf(out, "&%s=", words[i].name);
		esc_url(out, view_of(words[i].value));
	}
	if (l->milestone != 0)
		str_addf(out, "&milestone=%" PRId64, l->milestone);
	for (size_t i = 0; i < l->f.n_labels; i++) {
		if ((int)i == drop)
			continue;
		str_add(out, n++ == 0 ? "&labels=" : ",");
		esc_url(out, view_of(l->f.labels[i]));
	}
}

void
item_list_link(struct web *w, const struct item_list *l, const char *state,
    int drop, const char *current)
{
	AUTO_STR struct str to = STR_INIT_MAX(ITEM_LIST_QUERY);

	item_list_query(l, state, drop, &to);
	HTML_TAG(&w->h, "a");
	if (to.len > 0)
		to.p[0] = '?';
	HTML_ATTR(&w->h, "href", to.len > 0 ? str_cstr(&to) : "?page=1");
	if (current != NULL)
		HTML_ATTR(&w->h, "aria-current", current);
}

/* Without a q that somebody typed, or with too long a one: "". */
static const char *
item_list_word(struct item_list *l, const char *name, size_t max)
{
	const char *value = call_query(l->c, name);

	if (value == NULL)
		return "";
	if (strlen(value) <= max)
		return value;
	(void)err_set(
	    &l->fail, ERR_INVALID, "%s: at most %zu bytes", name, max);
	return "";
}

bool
item_list_has(const struct issue_filter *f, const char *name)
{
	for (size_t i = 0; i < f->n_labels; i++)
		if (strcmp(f->labels[i], name) == 0)
			return true;
	return false;
}

/* Those of the list, and the one that the form adds. */
static void
item_list_labels(struct item_list *l)
{
	const char *more = call_query(l->c, "label");
	char *rest, *part;

	l->labels = xasprintf(
	    "%s,%s", svc_text(call_query(l->c, "labels")), svc_text(more));
	rest = l->labels;
	while ((part = strsep(&rest, ",")) != NULL) {
		if (part[0] == '\0' || item_list_has(&l->f, part))
			continue;
		if (l->f.n_labels == ITEM_LIST_LABELS ||
		    strlen(part) > LABEL_NAME_MAX) {
			(void)err_set(&l->fail, ERR_INVALID,
			    "labels: at most %d, of %d bytes each",
			    ITEM_LIST_LABELS, LABEL_NAME_MAX);
			return;
		}
		l->f.labels[l->f.n_labels++] = part;
	}
}

static void
item_list_ask(struct item_list *l)
{
	const char *state = svc_text(call_query(l->c, "state"));
	struct err e = ERR_INIT;

	l->state = strcmp(state, "closed") == 0 || strcmp(state, "all") == 0
	    ? state
	    : "open";
	l->f.state = strcmp(l->state, "all") == 0 ? 0
	    : strcmp(l->state, "open") == 0       ? ISSUE_OPEN
						  : ISSUE_CLOSED;
	l->q = item_list_word(l, "q", SEARCH_QUERY_MAX);
	l->author = item_list_word(l, "author", NAME_LEN_MAX);
	l->assignee = item_list_word(l, "assignee", NAME_LEN_MAX);
	l->sort = "";
	for (size_t i = 1; i < ITEM_LIST_SORTS; i++)
		if (strcmp(svc_text(call_query(l->c, "sort")),
			item_list_sorts[i].word) == 0) {
			l->sort = item_list_sorts[i].word;
			l->f.sort = item_list_sorts[i].sort;
		}
	if (num_i64(svc_text(call_query(l->c, "milestone")), 1, INT64_MAX,
		&l->milestone, &e) == -1)
		l->milestone = 0;
	item_list_labels(l);
	l->f.q = l->q;
	l->f.created_by = l->author;
	l->f.assigned_to = l->assignee;
	l->f.milestones[0] = l->milestone;
	l->f.n_milestones = l->milestone != 0;
}

static bool
item_list_narrow(const struct item_list *l)
{
	return l->q[0] != '\0' || l->author[0] != '\0' ||
	    l->assignee[0] != '\0' || l->milestone != 0 || l->f.n_labels > 0;
}

/* The page, and how many are open and closed of what is asked. */
static int
item_list_load(struct txn *t, struct item_list *l, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		enum issue_state state = i == 0 ? ISSUE_OPEN : ISSUE_CLOSED;
		struct issue_filter f = l->f;
		struct issue_list one = { .n = 0 };

		f.state = state;
		f.limit = 1;
		f.offset = 0;
		if (issues_list(t, &f, &one, e) == -1)
			return -1;
		l->total[i] = one.total;
		issue_list_release(&one);
	}
	return issues_list(t, &l->f, &l->list, e);
}

static void
item_list_tab(
    struct web *w, const struct item_list *l, const char *state, int64_t n)
{
	item_list_link(
	    w, l, state, -1, strcmp(l->state, state) == 0 ? "page" : NULL);
	html_textf(&w->h, "%c%s %" PRId64,
	    state[0] == 'o'       ? 'O'
		: state[0] == 'c' ? 'C'
				  : 'A',
	    state + 1, n);
	html_end(&w->h);
}

static void
item_list_tabs(struct web *w, const struct item_list *l)
{
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "State");
	item_list_tab(w, l, "open", l->total[0]);
	item_list_tab(w, l, "closed", l->total[1]);
	item_list_tab(w, l, "all", l->total[0] + l->total[1]);
	html_end(&w->h);
}

/* "is:closed", as others have it. */
static bool
item_list_narrowed_by_word(const char *q)
{
	static const char *const words[] = { "is:", "state:", "label:",
		"author:", "assignee:", "milestone:", "sort:", "in:" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(q, words[i]);

		if (at != NULL && (at == q || at[-1] == ' ' || at[-1] == '-'))
			return true;
	}
	return false;
}

static void
item_list_none(struct web *w, const struct item_list *l)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "div", "empty");
	if (item_list_narrow(l)) {
		HTML_LEAF(h, "p", "", "There is none of that kind.");
		if (item_list_narrowed_by_word(l->q))
			HTML_LEAF(h, "p", "hint",
			    "Words are looked for as they are: state, labels, "
			    "people and milestone are chosen above and below "
			    "the field.");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/%s", l->p.owner, l->p.name,
		    l->pulls ? "pulls" : "issues");
		html_text(h, "Show all that are open");
		html_end(h);
	} else if (l->f.state == ISSUE_CLOSED) {
		HTML_LEAF(h, "p", "", "There is none that is closed.");
	} else if (l->pulls) {
		HTML_LEAF(h, "p", "",
		    "There is none. The agent opens one when a maintainer "
		    "says in an issue:");
		HTML_LEAF(h, "code", "", "/fix");
	} else {
		HTML_LEAF(h, "p", "",
		    "There is none. An issue says what is wrong or wanted; one "
		    "of a maintainer that begins with /plan or /fix is an "
		    "order to the agent.");
	}
	html_end(h);
}

/* What is pinned stands above the first page of all. */
static void
item_list_pinned(struct web *w, const struct item_list *l)
{
	struct issue_list pins = { .n = 0 };
	struct err e = ERR_INIT;

	if (l->page != 1 || item_list_narrow(l))
		return;
	if (issues_pinned(w->t, l->p.id, l->pulls, &pins, &e) == -1)
		log_error("web pins reason=%s", log_val(e.msg));
	if (pins.n > 0) {
		HTML_CLASS(&w->h, "section", "card");
		HTML_LEAF(&w->h, "h2", "", "Pinned");
		HTML_CLASS(&w->h, "ul", "items");
		for (size_t i = 0; i < pins.n; i++)
			item_line(w, &l->p, &pins.at[i]);
		html_end(&w->h);
		html_end(&w->h);
	}
	issue_list_release(&pins);
}

static void
item_list_rows(struct web *w, const struct item_list *l)
{
	enum status_state checks[QUERY_PAGE] = { 0 };
	int64_t numbers[QUERY_PAGE];
	struct err e = ERR_INIT;

	for (size_t i = 0; i < l->list.n && i < QUERY_PAGE; i++)
		numbers[i] = l->list.at[i].number;
	if (l->pulls &&
	    statuses_of_pulls(w->t, l->p.id, numbers, l->list.n, checks, &e) ==
		-1)
		log_error("web checks reason=%s", log_val(e.msg));
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "unseen", l->pulls ? "Pull requests" : "Issues");
	HTML_CLASS(&w->h, "ul", "items");
	for (size_t i = 0; i < l->list.n && i < QUERY_PAGE; i++)
		item_row(w, &l->p, &l->list.at[i], checks[i]);
	html_end(&w->h);
	html_end(&w->h);
}

static void
item_list_title(struct web *w, const struct item_list *l)
{
	struct html *h = &w->h;

	web_project_nav(w, &l->p, l->pulls ? PART_PULLS : PART_ISSUES);
	HTML_CLASS(h, "div", "title");
	HTML_TAG(h, "h1");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "class", "sub");
	HTML_URL(h, "href", "/%s/%s", l->p.owner, l->p.name);
	html_textf(h, "%s/%s", l->p.owner, l->p.name);
	html_end(h);
	html_text(h, l->pulls ? " Pull requests" : " Issues");
	html_end(h);
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/labels", l->p.owner, l->p.name);
	html_text(h, "Labels");
	html_end(h);
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/milestones", l->p.owner, l->p.name);
	html_text(h, "Milestones");
	html_end(h);
	if (!l->pulls && web_may(w, l->p.id, PERM_DISCUSS)) {
		HTML_TAG(h, "a");
		HTML_ATTR(h, "class", "do-new primary");
		HTML_URL(h, "href", "/%s/%s/issues/new", l->p.owner, l->p.name);
		html_text(h, "New issue");
		html_end(h);
	}
	if (l->pulls)
		pull_new_link(w, &l->p);
	html_end(h);
}

static void
item_list_write(struct web *w, const struct item_list *l)
{
	AUTO_STR struct str query = STR_INIT_MAX(ITEM_LIST_QUERY);

	item_list_title(w, l);
	if (l->fail.code != ERR_NONE) {
		HTML_TAG(&w->h, "p");
		HTML_ATTR(&w->h, "class", "alert");
		HTML_ATTR(&w->h, "role", "alert");
		html_text(&w->h, l->fail.msg);
		html_end(&w->h);
	}
	item_list_form(w, l);
	item_list_tabs(w, l);
	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "list");
	HTML_FLAG(&w->h, "data-live");
	item_list_pinned(w, l);
	if (l->list.n == 0)
		item_list_none(w, l);
	else
		item_list_rows(w, l);
	html_end(&w->h);
	item_list_query(l, NULL, -1, &query);
	web_pager(w, l->page, l->limit, l->list.total, str_cstr(&query));
}

static void
item_list_get(struct call *c, bool pulls)
{
	const struct web_head head = { .title = pulls ? "Pull requests"
						      : "Issues",
		.tab = "",
		.live = true };
	struct item_list l = { .c = c,
		.pulls = pulls,
		.f = { .is_pull = pulls ? 1 : 0 },
		.fail = ERR_INIT };
	struct err e = ERR_INIT;
	struct web w;

	if (query_page(c, &l.page, &l.limit) == -1 ||
	    web_project(c, PERM_READ, &l.p) == -1)
		return;
	l.f.project_id = l.p.id;
	l.f.limit = l.limit;
	l.f.offset = (int64_t)(l.page - 1) * l.limit;
	item_list_ask(&l);
	web_begin(&w, c, &head);
	if (l.fail.code == ERR_NONE && item_list_load(w.t, &l, &e) == -1) {
		if (e.code == ERR_INVALID)
			l.fail = e;
		else
			web_fail(c, &e);
	}
	if (e.code == ERR_NONE || e.code == ERR_INVALID) {
		item_list_write(&w, &l);
		web_reply(&w, l.fail.code != ERR_NONE ? 422 : 200);
	} else {
		html_release(&w.h);
	}
	issue_list_release(&l.list);
	free(l.labels);
	project_release(&l.p);
}

static void
item_list_issues(struct call *c)
{
	item_list_get(c, false);
}

static void
item_list_pulls(struct call *c)
{
	item_list_get(c, true);
}

const struct route web_item_list_routes[] = {
	{ "GET", "/{owner}/{r}/issues", ROUTE_PAGE, item_list_issues },
	{ "GET", "/{owner}/{r}/pulls", ROUTE_PAGE, item_list_pulls },
	{ .method = NULL },
};
