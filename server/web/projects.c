/* projects: the list, which is what one sees first. */
#include "server/web/web.h"

#include <inttypes.h>

#include "lib/base/err.h"
#include "server/store/projects.h"
#include "server/web/facts.h"
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
	html_textf(&w->h, "%" PRId64, f->n.runs);
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
	web_money(w, f.n.spent);
	html_end(h);
	html_end(h);
	facts_release(&f);
}

void
projects_get(struct call *c)
{
	static const char *const columns[] = { PROJECTS_NAME, PROJECTS_SANDBOX,
		PROJECTS_NETWORK, PROJECTS_PROVE, PROJECTS_USE, PROJECTS_RUNS,
		PROJECTS_COST };
	const struct web_head head = {
		.title = "Projects", .tab = "Projects", .live = true
	};
	struct project_filter f = { .viewer = svc_viewer(call_who(c)) };
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	web_begin(&w, c, &head);
	if (projects_list(w.t, &f, &list, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	HTML_LEAF(&w.h, "h1", "", "Projects");
	if (list.total == 0) {
		web_empty(&w, "There is no project here yet. Mirror one:",
		    "coffer create https://example.org/you/project.git");
	} else {
		HTML_CLASS(&w.h, "section", "card flush");
		web_table(
		    &w, "rows", columns, sizeof(columns) / sizeof(columns[0]));
		for (size_t i = 0; i < list.n; i++)
			projects_row(&w, &list.at[i]);
		web_table_end(&w);
		html_end(&w.h);
		web_pager(&w, page, limit, list.total, "");
	}
	project_list_release(&list);
	web_reply(&w, 200);
}
