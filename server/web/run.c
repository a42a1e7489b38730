/* run: what agents do and did: their list. */
#include "server/web/run.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/store/runs.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/query.h"
#include "server/web/web.h"

#define RUN_ID "Run"
#define RUN_PROJECT "Project"
#define RUN_STATE "State"
#define RUN_FOR "For"
#define RUN_AGENT "Agent"
#define RUN_TOOK "Took"
#define RUN_COST "Cost"
#define RUN_MADE "Made"

int64_t
run_spent(const struct run *r)
{
	struct err ignored = ERR_INIT;
	struct json *j = NULL;
	int64_t n;

	if (svc_text(r->record)[0] != '\0')
		j = json_parse(view_of(r->record), 0, &ignored);
	n = json_i64_or(json_get(j, "models"), "spent_micros", -1);
	json_free(j);
	return n;
}

static const char *
run_state_kind(enum run_state s)
{
	switch (s) {
	case RUN_DONE:
		return "good";
	case RUN_FAILED:
	case RUN_TIMED_OUT:
	case RUN_BUDGET:
		return "bad";
	case RUN_RUNNING:
	case RUN_PREPARING:
	case RUN_FINISHING:
		return "wait";
	case RUN_QUEUED:
	case RUN_CANCELLED:
	default:
		return "off";
	}
}

void
run_state_badge(struct web *w, const struct run *r)
{
	bool ended = run_state_is_end(r->state);

	web_badge(w, run_state_kind(r->state), run_state_name(r->state));
	if (r->cancel && !ended)
		web_badge(w, "wait", "is being stopped");
}

void
run_took(struct web *w, const struct run *r)
{
	int64_t end = r->ended_at != 0 ? r->ended_at : w->now;

	if (r->started_at == 0)
		HTML_LEAF(&w->h, "span", "none", "–");
	else
		web_span(w, end > r->started_at ? end - r->started_at : 0);
}

void
run_cost(struct web *w, const struct run *r)
{
	int64_t spent = run_spent(r);

	if (spent < 0)
		HTML_LEAF(&w->h, "span", "none", "–");
	else
		web_money(w, spent);
}

/* "/fix in #7", or by which event. */
void
run_for(struct web *w, const struct run *r)
{
	HTML_TAG(&w->h, "code");
	html_text(&w->h, "/");
	html_shown(&w->h, r->command);
	html_end(&w->h);
	if (r->item != 0) {
		html_text(&w->h, " in ");
		item_link(w, r->project_name, r->item, r->is_pull);
	}
	if (r->attempt > 1)
		html_textf(&w->h, ", try %" PRId64, r->attempt);
}

static void
run_row(struct web *w, const struct run *r, bool with_project)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, RUN_ID, "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/runs/%" PRId64, r->id);
	html_textf(h, "%" PRId64, r->id);
	html_end(h);
	html_end(h);
	if (with_project) {
		web_cell(w, RUN_PROJECT, "");
		web_project_link(w, r->project_name);
		html_end(h);
	}
	web_cell(w, RUN_STATE, "");
	run_state_badge(w, r);
	html_end(h);
	web_cell(w, RUN_FOR, "");
	run_for(w, r);
	html_end(h);
	web_cell(w, RUN_AGENT, "");
	html_shown(h, r->agent);
	html_end(h);
	web_cell(w, RUN_TOOK, "");
	run_took(w, r);
	html_end(h);
	web_cell(w, RUN_COST, "");
	run_cost(w, r);
	html_end(h);
	web_cell(w, RUN_MADE, "");
	web_time(w, r->created_at);
	html_end(h);
	html_end(h);
}

void
run_table(struct web *w, const struct run_list *list, bool with_project)
{
	static const char *const all[] = { RUN_ID, RUN_PROJECT, RUN_STATE,
		RUN_FOR, RUN_AGENT, RUN_TOOK, RUN_COST, RUN_MADE };
	static const char *const own[] = { RUN_ID, RUN_STATE, RUN_FOR,
		RUN_AGENT, RUN_TOOK, RUN_COST, RUN_MADE };

	if (with_project)
		web_table(w, "rows", all, sizeof(all) / sizeof(all[0]));
	else
		web_table(w, "rows", own, sizeof(own) / sizeof(own[0]));
	for (size_t i = 0; i < list->n; i++)
		run_row(w, &list->at[i], with_project);
	web_table_end(w);
}

/* ---- the list ---- */

static const enum run_state run_states[] = { RUN_QUEUED, RUN_PREPARING,
	RUN_RUNNING, RUN_FINISHING, RUN_DONE, RUN_FAILED, RUN_CANCELLED,
	RUN_TIMED_OUT, RUN_BUDGET };

/* 0: of any */
static enum run_state
run_state_asked(struct call *c)
{
	const char *word = svc_text(call_query(c, "state"));

	for (size_t i = 0; i < sizeof(run_states) / sizeof(run_states[0]); i++)
		if (strcmp(run_state_name(run_states[i]), word) == 0)
			return run_states[i];
	return 0;
}

static void
run_find(struct web *w, const struct query_project *of, enum run_state state)
{
	const struct field project = { .name = "project",
		.label = "Of the project OWNER/NAME",
		.max = 2 * NAME_LEN_MAX + 1,
		.unseen = true };
	const struct field states = {
		.name = "state", .label = "In the state", .unseen = true
	};
	struct html *h = &w->h;

	HTML_CLASS(h, "form", "bar find");
	HTML_ATTR(h, "method", "get");
	HTML_URL(h, "action", "/-/runs");
	HTML_ATTR(h, "role", "search");
	field_hint(w, &project, of->name, "OWNER/PROJECT");
	field_select(w, &states);
	field_option(w, "", "any state", state == 0);
	for (size_t i = 0; i < sizeof(run_states) / sizeof(run_states[0]); i++)
		field_option(w, run_state_name(run_states[i]),
		    run_state_name(run_states[i]), state == run_states[i]);
	html_end(h);
	field_button(w, "", NULL, NULL, "Find");
	html_end(h);
}

static void
run_list_write(struct web *w, const struct run_list *list,
    const struct query_project *of, enum run_state state, uint32_t page)
{
	AUTO_STR struct str query = STR_INIT;

	HTML_LEAF(&w->h, "h1", "", "Runs");
	run_find(w, of, state);
	query_project_says(w, of, "/-/runs");
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (list->total == 0 && state == 0) {
		web_empty(
		    w, "No agent has worked yet. Say in an issue:", "/plan");
	} else if (list->total == 0) {
		web_empty(w, "No run is in that state.", "");
	} else {
		HTML_CLASS(&w->h, "section", "card flush");
		run_table(w, list, of->id == 0);
		html_end(&w->h);
	}
	html_end(&w->h);
	str_add(&query, of->query);
	if (state != 0)
		str_addf(&query, "&state=%s", run_state_name(state));
	web_pager(w, page, QUERY_PAGE, list->total, str_cstr(&query));
}

static void
run_list_get(struct call *c)
{
	const struct web_head head = {
		.title = "Runs", .tab = "Runs", .live = true
	};
	struct run_filter f = { .viewer = svc_viewer(call_who(c)),
		.state = run_state_asked(c) };
	struct run_list list = { .n = 0 };
	struct err e = ERR_INIT;
	struct query_project of;
	uint32_t page, limit;
	struct web w;

	if (query_project(c, &of) == -1 || query_page(c, &page, &limit) == -1)
		return;
	f.project_id = of.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	web_begin(&w, c, &head);
	if (runs_list(w.t, &f, &list, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	run_list_write(&w, &list, &of, f.state, page);
	run_list_release(&list);
	web_reply(&w, 200);
}

const struct route web_run_routes[] = {
	{ "GET", "/-/runs", ROUTE_PAGE, run_list_get },
	{ .method = NULL },
};
