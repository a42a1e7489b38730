/* projects: the list, which is what one sees first. */
#include "server/web/web.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/store/projects.h"
#include "server/web/facts.h"
#include "server/web/field.h"
#include "server/web/project.h"
#include "server/web/query.h"

#define PROJECTS_NAME "Project"
#define PROJECTS_SANDBOX "Sandbox"
#define PROJECTS_NETWORK "Network"
#define PROJECTS_PROVE "Proved"
#define PROJECTS_USE "Use"
#define PROJECTS_COST "Cost, 24 h"
#define PROJECTS_RUNS "Runs, 24 h"

static void
projects_network(struct web *w, const struct project *p, const struct facts *f)
{
	struct html *h = &w->h;

	facts_mode(w, p, f);
	if (f->n.blocked == 0)
		return;
	html_text(h, " ");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "class", "sub");
	HTML_URL(h, "href", "/%s/%s/network", p->owner, p->name);
	html_textf(h, "%" PRId64 " blocked", f->n.blocked);
	html_end(h);
}

static void
projects_runs(struct web *w, const struct facts *f)
{
	facts_number(w, f, f->n.runs);
	if (f->n.runs_open > 0) {
		html_text(&w->h, " ");
		HTML_LEAFF(
		    &w->h, "span", "badge", "%" PRId64 " open", f->n.runs_open);
	}
}

static void
projects_row(struct web *w, const struct project *p)
{
	struct html *h = &w->h;
	struct facts f;

	facts_load(w, p, &f);
	HTML_TAG(h, "tr");
	web_cell(w, PROJECTS_NAME, "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s", p->owner, p->name);
	html_textf(h, "%s/", p->owner);
	HTML_LEAF(h, "strong", "", p->name);
	html_end(h);
	html_text(h, " ");
	facts_asked(w, p, &f);
	html_end(h);
	web_cell(w, PROJECTS_SANDBOX, "");
	facts_sandbox(w, p);
	html_end(h);
	web_cell(w, PROJECTS_NETWORK, "");
	projects_network(w, p, &f);
	html_end(h);
	web_cell(w, PROJECTS_PROVE, "");
	facts_verdict(w, p, &f);
	html_end(h);
	web_cell(w, PROJECTS_USE, "");
	facts_use(w, &f);
	html_end(h);
	web_cell(w, PROJECTS_RUNS, "");
	projects_runs(w, &f);
	html_end(h);
	web_cell(w, PROJECTS_COST, "");
	facts_money(w, &f);
	html_end(h);
	html_end(h);
	facts_release(&f);
}

/* ---- what is looked for ---- */

enum {
	PROJECTS_QUERY_MAX = 100
};

static const struct projects_order {
	const char *word, *text;
	enum project_sort sort;
	bool descending;
} projects_orders[] = {
	{ "active", "by what happened last", PROJECT_BY_UPDATED, true },
	{ "name", "by name", PROJECT_BY_NAME, false },
	{ "new", "the newest first", PROJECT_BY_CREATED, true },
	{ "size", "the largest first", PROJECT_BY_SIZE, true },
};

enum {
	PROJECTS_ORDERS = sizeof(projects_orders) / sizeof(projects_orders[0])
};

static const struct projects_order *
projects_order_of(const char *word)
{
	for (size_t i = 0; word != NULL && i < PROJECTS_ORDERS; i++)
		if (strcmp(projects_orders[i].word, word) == 0)
			return &projects_orders[i];
	return &projects_orders[0];
}

static void
projects_search(
    struct web *w, const char *q, const struct projects_order *order)
{
	const struct field text = { .name = "q",
		.label = "Part of a name or description",
		.max = PROJECTS_QUERY_MAX,
		.unseen = true };
	const struct field sort = {
		.name = "sort", .label = "Sorted by", .unseen = true
	};
	struct html *h = &w->h;

	HTML_CLASS(h, "form", "bar find");
	HTML_ATTR(h, "method", "get");
	HTML_URL(h, "action", "/");
	HTML_ATTR(h, "role", "search");
	field_hint(w, &text, q, "Name or description");
	field_select(w, &sort);
	for (size_t i = 0; i < PROJECTS_ORDERS; i++)
		field_option(w, projects_orders[i].word,
		    projects_orders[i].text, &projects_orders[i] == order);
	html_end(h);
	field_button(w, "", NULL, NULL, "Find");
	html_end(h);
}

static void
projects_title(struct web *w)
{
	HTML_CLASS(&w->h, "div", "title");
	HTML_LEAF(&w->h, "h1", "", "Projects");
	if (w->who->site_admin) {
		HTML_TAG(&w->h, "a");
		HTML_ATTR(&w->h, "class", "button primary");
		HTML_URL(&w->h, "href", "/-/new");
		html_text(&w->h, "New project");
		html_end(&w->h);
	}
	html_end(&w->h);
}

/* Nothing is there at all: the first steps. */
static void
projects_first(struct web *w)
{
	struct html *h = &w->h;

	if (!w->who->site_admin) {
		web_empty(w,
		    "There is no project here that is yours to see. An admin "
		    "of one gives you a part in it.",
		    "");
		return;
	}
	HTML_CLASS(h, "section", "card first");
	HTML_LEAF(h, "h2", "", "There is no project here yet");
	HTML_TAG(h, "ol");
	HTML_TAG(h, "li");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/new");
	html_text(h, "Mirror a repository");
	html_end(h);
	html_text(h, ", here or by ");
	HTML_LEAF(
	    h, "code", "", "coffer create https://example.org/you/project.git");
	html_text(h, ". It gets a sandbox of its own.");
	html_end(h);
	HTML_TAG(h, "li");
	html_text(h, "Try whether an agent could get out: ");
	HTML_LEAF(h, "code", "", "coffer prove NAME");
	html_end(h);
	HTML_TAG(h, "li");
	html_text(h, "Open an issue and give the agent an order in it: ");
	HTML_LEAF(h, "code", "", "/plan");
	html_text(h, ", then ");
	HTML_LEAF(h, "code", "", "/fix");
	html_end(h);
	HTML_TAG(h, "li");
	html_text(h,
	    "Read and merge its pull request, and fetch it into your "
	    "own clone: ");
	HTML_LEAF(h, "code", "", "coffer fetch");
	html_end(h);
	html_end(h);
	html_end(h);
}

static void
projects_table(struct web *w, const struct project_list *list)
{
	static const char *const columns[] = { PROJECTS_NAME, PROJECTS_SANDBOX,
		PROJECTS_NETWORK, PROJECTS_PROVE, PROJECTS_USE, PROJECTS_RUNS,
		PROJECTS_COST };

	HTML_CLASS(&w->h, "section", "card flush");
	web_table(w, "rows", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < list->n; i++)
		projects_row(w, &list->at[i]);
	web_table_end(w);
	html_end(&w->h);
}

static void
projects_write(struct web *w, const struct project_filter *f,
    const struct projects_order *order, const struct project_list *list,
    uint32_t page)
{
	AUTO_STR struct str query = STR_INIT_MAX(4 * PROJECTS_QUERY_MAX + 40);

	projects_title(w);
	if (list->total == 0 && f->q[0] == '\0') {
		projects_first(w);
		return;
	}
	/* A few are seen at once. */
	if (list->total > 5 || f->q[0] != '\0')
		projects_search(w, f->q, order);
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (list->n == 0)
		web_empty(w, "No project is called so.", "");
	else
		projects_table(w, list);
	html_end(&w->h);
	str_addf(&query, "&sort=%s&q=", order->word);
	esc_url(&query, view_of(f->q));
	web_pager(w, page, (uint32_t)f->limit, list->total, str_cstr(&query));
}

void
projects_get(struct call *c)
{
	const struct web_head head = {
		.title = "Projects", .tab = "Projects", .live = true
	};
	const struct projects_order *order = projects_order_of(
	    call_query(c, "sort"));
	struct project_filter f = { .viewer = svc_viewer(call_who(c)),
		.q = svc_text(call_query(c, "q")),
		.in_text = true,
		.sort = order->sort,
		.descending = order->descending };
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_page(c, &page, &limit) == -1)
		return;
	if (strlen(f.q) > PROJECTS_QUERY_MAX) {
		web_error(c, 422, "What is looked for is too long.");
		return;
	}
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	web_begin(&w, c, &head);
	if (projects_list(w.t, &f, &list, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	projects_write(&w, &f, order, &list, page);
	project_list_release(&list);
	web_reply(&w, 200);
}
