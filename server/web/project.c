/* project: one project as it stands: what runs, what it reached, what is
 * proved of it, what waits. */
#include "server/web/project.h"

#include <inttypes.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/domain/mirror_fail.h"
#include "server/domain/mirror_plan.h"
#include "server/service/svc_use.h"
#include "server/store/issues.h"
#include "server/store/net_log.h"
#include "server/store/runs.h"
#include "server/web/facts.h"
#include "server/web/item.h"
#include "server/web/run.h"
#include "server/web/web.h"

enum {
	PROJECT_SHORT = 8 /* rows of a short list */
};

/* <section class="card"><h2>; the caller ends it. */
static void
project_card(struct web *w, const char *title)
{
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", title);
}

static void
project_use_row(
    struct web *w, const char *name, int64_t n, int64_t max, bool bytes)
{
	if (n < 0)
		return;
	web_term(w, name);
	if (bytes)
		web_bytes(w, n);
	else
		html_textf(&w->h, "%" PRId64, n);
	if (max > 0) {
		html_text(&w->h, " of ");
		if (bytes)
			web_bytes(w, max);
		else
			html_textf(&w->h, "%" PRId64, max);
	}
	html_end(&w->h);
}

static void
project_use(struct web *w, const struct svc_use *u)
{
	project_use_row(w, "Memory", u->memory, u->memory_max, true);
	project_use_row(w, "Disk", u->disk, u->disk_max, true);
	project_use_row(w, "Processes", u->pids, u->pids_max, false);
	if (u->cpu >= 0) {
		web_term(w, "CPU");
		html_textf(&w->h, "%.2f", (double)u->cpu / 1000);
		if (u->cpu_max > 0)
			html_textf(
			    &w->h, " of %.0f", (double)u->cpu_max / 1000);
		html_end(&w->h);
	}
	if (u->ooms > 0)
		project_use_row(w, "Killed for memory", u->ooms, 0, false);
}

static void
project_sandbox(struct web *w, const struct project *p, const struct facts *f)
{
	const struct sandbox_state *x = &p->sandbox;

	project_card(w, "Sandbox");
	HTML_TAG(&w->h, "dl");
	web_term(w, "State");
	facts_sandbox(w, p);
	html_end(&w->h);
	if (x->reason[0] != '\0') {
		web_term(w, "Why");
		html_text(&w->h, x->reason);
		html_end(&w->h);
	}
	web_term(w, "Since");
	web_time(w, x->updated_at);
	html_end(&w->h);
	web_term(w, "Wanted");
	html_text(&w->h, sandbox_want_name(x->want));
	if (!svc_use_served(w->svc->uses, w->now))
		HTML_LEAF(&w->h, "p", "alert",
		    "coffer-agentd was not heard lately: what is said of the "
		    "sandbox may be old.");
	html_end(&w->h);
	if (f->use != NULL)
		project_use(w, f->use);
	html_end(&w->h);
	html_end(&w->h);
}

static void
project_failed_rows(struct web *w, const struct verdict *v)
{
	struct err ignored = ERR_INIT;
	struct json *rows = json_parse(
	    view_of(svc_text(v->failed_rows)), 0, &ignored);

	if (json_count(rows) > 0) {
		HTML_LEAF(&w->h, "h3", "", "What failed");
		HTML_CLASS(&w->h, "ul", "failed");
		for (const struct json *r = json_first(rows); r != NULL;
		     r = json_next(r)) {
			HTML_TAG(&w->h, "li");
			HTML_TAG(&w->h, "strong");
			html_shown(&w->h, json_str_or(r, "id", ""));
			html_end(&w->h);
			html_text(&w->h, " ");
			html_shown(&w->h, json_str_or(r, "what", ""));
			HTML_TAG(&w->h, "code");
			html_shown(&w->h, json_str_or(r, "evidence", ""));
			html_end(&w->h);
			html_end(&w->h);
		}
		html_end(&w->h);
	}
	json_free(rows);
}

static void
project_prove(struct web *w, const struct project *p, const struct facts *f)
{
	const struct verdict *v = &f->verdict;
	struct html *h = &w->h;

	project_card(w, "What is proved");
	if (v->at == 0) {
		HTML_LEAF(h, "p", "",
		    "Nobody has tried yet to get out of this sandbox.");
	} else {
		facts_verdict(w, p, f);
		HTML_LEAFF(h, "p", "",
		    "%" PRId64 " barriers held, %" PRId64 " failed, %" PRId64
		    " could not be tested there.",
		    v->passed, v->failed, v->untestable);
		HTML_LEAFF(h, "p", "sub", "Driver %s, network %s.", v->driver,
		    v->network);
		if (verdict_is_stale(v, p, f->lockdown))
			HTML_LEAF(h, "p", "alert",
			    "The sandbox, or how far it may reach, is another "
			    "one since: prove it again.");
		project_failed_rows(w, v);
	}
	HTML_CLASS(h, "p", "do");
	HTML_TAG(h, "code");
	html_textf(h, "coffer prove %s/%s", p->owner, p->name);
	html_end(h);
	html_end(h);
	html_end(h);
}

static void
project_blocked(struct web *w, const struct net_seen_list *l)
{
	static const char *const columns[] = { "Blocked", "Times", "Last",
		"Why" };

	web_table(w, "small", columns, 4);
	for (size_t i = l->n; i-- > 0;) {
		const struct net_seen *s = &l->at[i];

		HTML_TAG(&w->h, "tr");
		web_cell(w, columns[0], "");
		HTML_TAG(&w->h, "code");
		html_shown(&w->h, s->name[0] != '\0' ? s->name : s->address);
		if (s->port != 0)
			html_textf(&w->h, ":%" PRId64, s->port);
		html_end(&w->h);
		html_end(&w->h);
		web_cell(w, columns[1], "num");
		html_textf(&w->h, "%" PRId64, s->count);
		html_end(&w->h);
		web_cell(w, columns[2], "");
		web_time(w, s->last);
		html_end(&w->h);
		web_cell(w, columns[3], "sub");
		html_shown(&w->h, s->reason);
		html_end(&w->h);
		html_end(&w->h);
	}
	web_table_end(w);
}

static void
project_network(struct web *w, const struct project *p, const struct facts *f)
{
	const struct net_log_ask ask = {
		.project_id = p->id, .blocked = true, .limit = PROJECT_SHORT
	};
	struct net_seen_list l = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card two");
	HTML_TAG(&w->h, "h2");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/network", p->owner, p->name);
	html_text(&w->h, "Network");
	html_end(&w->h);
	html_end(&w->h);
	HTML_TAG(&w->h, "dl");
	web_term(w, "Mode");
	facts_mode(w, p, f);
	html_end(&w->h);
	web_term(w, "Allowed");
	facts_number(w, f, f->n.allowed);
	html_end(&w->h);
	web_term(w, "Blocked");
	facts_number(w, f, f->n.blocked);
	html_end(&w->h);
	html_end(&w->h);
	if (net_log_list(w->t, &ask, &l, &e) == -1)
		log_error("web network reason=%s", log_val(e.msg));
	else if (l.n > 0)
		project_blocked(w, &l);
	net_seen_list_release(&l);
	HTML_CLASS(&w->h, "p", "do");
	HTML_TAG(&w->h, "code");
	html_textf(&w->h, "coffer net %s/%s", p->owner, p->name);
	html_end(&w->h);
	html_end(&w->h);
	html_end(&w->h);
}

static const char *
project_mirror_kind(const struct mirror_state *m, bool stale)
{
	if (m->state == MIRROR_FAILED)
		return "bad";
	if (stale || m->state == MIRROR_PAUSED || m->state == MIRROR_SYNCING ||
	    m->state == MIRROR_NEW)
		return "wait";
	return m->state == MIRROR_NONE ? "off" : "good";
}

static void
project_mirror(struct web *w, const struct project *p)
{
	const struct mirror_state *m = &p->mirror;
	bool stale = m->state != MIRROR_NONE &&
	    mirror_plan_stale(w->now, m->last_ok_at, p->settings.interval_s);

	project_card(w, "Mirror");
	HTML_TAG(&w->h, "dl");
	web_term(w, "State");
	web_badge(w, project_mirror_kind(m, stale),
	    m->state == MIRROR_NONE ? "no upstream"
				    : mirror_status_name(m->state));
	html_end(&w->h);
	if (m->state != MIRROR_NONE) {
		web_term(w, "Upstream");
		HTML_TAG(&w->h, "code");
		html_shown(&w->h, p->upstream);
		html_end(&w->h);
		html_end(&w->h);
		web_term(w, "Last in step");
		web_time(w, m->last_ok_at);
		html_end(&w->h);
	}
	if (m->last_error[0] != '\0' && m->state != MIRROR_OK) {
		web_term(w, "Error");
		html_shown(&w->h, m->last_error);
		html_end(&w->h);
	}
	web_term(w, "Branch");
	HTML_TAG(&w->h, "code");
	html_shown(&w->h, p->default_branch);
	html_end(&w->h);
	html_end(&w->h);
	web_term(w, "Code");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/src", p->owner, p->name);
	html_text(&w->h, "files");
	html_end(&w->h);
	html_text(&w->h, ", ");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/branches", p->owner, p->name);
	html_text(&w->h, "branches");
	html_end(&w->h);
	html_end(&w->h);
	web_term(w, "Clone");
	HTML_TAG(&w->h, "code");
	html_textf(&w->h, "git clone %s/%s/%s.git", w->svc->public_url,
	    p->owner, p->name);
	html_end(&w->h);
	html_end(&w->h);
	html_end(&w->h);
	html_end(&w->h);
}

static void
project_runs(struct web *w, const struct project *p, const struct facts *f)
{
	const struct run_filter filter = { .project_id = p->id,
		.limit = PROJECT_SHORT };
	struct run_list list = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card wide");
	HTML_LEAF(&w->h, "h2", "", "Runs");
	if (runs_list(w->t, &filter, &list, &e) == -1)
		log_error("web runs reason=%s", log_val(e.msg));
	if (list.n == 0) {
		web_empty(w,
		    "No agent has worked here yet. Say in an issue:", "/plan");
	} else {
		HTML_CLASS(&w->h, "p", "sub");
		facts_number(w, f, f->n.runs);
		html_text(&w->h, " within a day, ");
		facts_number(w, f, f->n.runs_open);
		html_text(&w->h, " of them open; ");
		facts_money(w, f);
		html_text(&w->h, " spent.");
		html_end(&w->h);
		run_table(w, &list, false);
	}
	if (list.total > (int64_t)list.n) {
		HTML_TAG(&w->h, "a");
		HTML_URL(&w->h, "href", "/-/runs?owner=%s&name=%s", p->owner,
		    p->name);
		html_textf(&w->h, "All %" PRId64 " runs", list.total);
		html_end(&w->h);
	}
	run_list_release(&list);
	html_end(&w->h);
}

static void
project_items(struct web *w, const struct project *p, bool pulls, int64_t total)
{
	const struct issue_filter f = { .project_id = p->id,
		.state = ISSUE_OPEN,
		.is_pull = pulls ? 1 : 0,
		.limit = PROJECT_SHORT };
	struct issue_list list = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_TAG(&w->h, "h2");
	HTML_TAG(&w->h, "a");
	if (pulls)
		HTML_URL(&w->h, "href", "/%s/%s/pulls", p->owner, p->name);
	else
		HTML_URL(&w->h, "href", "/%s/%s/issues", p->owner, p->name);
	html_text(&w->h, pulls ? "Pull requests" : "Issues");
	html_end(&w->h);
	html_textf(&w->h, ", %" PRId64 " open", total);
	html_end(&w->h);
	if (issues_list(w->t, &f, &list, &e) == -1)
		log_error("web items reason=%s", log_val(e.msg));
	if (list.n == 0 && pulls)
		web_empty(w, "Nothing waits to be merged.", "");
	else if (list.n == 0)
		web_empty(w, "No issue is open. Give the agent one:",
		    "coffer issue new -t 'What is wrong' -b '/plan'");
	HTML_CLASS(&w->h, "ul", "items");
	for (size_t i = 0; i < list.n; i++)
		item_line(w, p, &list.at[i]);
	html_end(&w->h);
	issue_list_release(&list);
}

static void
project_write(struct web *w, const struct project *p, const struct facts *f)
{
	struct html *h = &w->h;

	web_project_nav(w, p, PART_OVERVIEW);
	HTML_CLASS(h, "div", "title");
	HTML_TAG(h, "h1");
	HTML_LEAFF(h, "span", "sub", "%s/", p->owner);
	html_text(h, p->name);
	html_end(h);
	facts_sandbox(w, p);
	facts_asked(w, p, f);
	html_end(h);
	HTML_CLASS(h, "div", "grid");
	project_sandbox(w, p, f);
	project_prove(w, p, f);
	project_mirror(w, p);
	project_network(w, p, f);
	HTML_CLASS(h, "section", "card");
	project_items(w, p, false, f->n.issues);
	project_items(w, p, true, f->n.pulls);
	html_end(h);
	project_runs(w, p, f);
	html_end(h);
}

void
project_get(struct call *c)
{
	struct web_head head = { .tab = "", .live = true };
	struct project p;
	struct facts f;
	struct web w;

	if (web_project(c, PERM_READ, &p) == -1)
		return;
	head.title = p.name;
	web_begin(&w, c, &head);
	facts_load(&w, &p, &f);
	project_write(&w, &p, &f);
	facts_release(&f);
	project_release(&p);
	web_reply(&w, 200);
}

const struct route web_project_routes[] = {
	{ "GET", "/", ROUTE_PAGE, projects_get },
	{ "GET", "/-/new", ROUTE_PAGE, project_new_get },
	{ "POST", "/-/new", ROUTE_PAGE, project_new_post },
	{ "GET", "/{owner}/{r}", ROUTE_PAGE, project_get },
	{ .method = NULL },
};
