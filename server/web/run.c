/* run: what agents do and did: the list, and one with its output. */
#include "server/web/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/service/svc_log.h"
#include "server/service/svc_record.h"
#include "server/service/svc_run.h"
#include "server/store/runs.h"
#include "server/web/item.h"
#include "server/web/query.h"
#include "server/web/report.h"
#include "server/web/sign.h"
#include "server/web/web.h"

enum {
	RUN_TAIL = 64 << 10 /* bytes of output that the page has itself */
};

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

static void
run_took(struct web *w, const struct run *r)
{
	int64_t end = r->ended_at != 0 ? r->ended_at : w->now;

	if (r->started_at == 0)
		HTML_LEAF(&w->h, "span", "none", "–");
	else
		web_span(w, end > r->started_at ? end - r->started_at : 0);
}

static void
run_cost(struct web *w, const struct run *r)
{
	int64_t spent = run_spent(r);

	if (spent < 0)
		HTML_LEAF(&w->h, "span", "none", "–");
	else
		web_money(w, spent);
}

/* "/fix in #7", or by which event. */
static void
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

static void
run_list_get(struct call *c)
{
	const struct web_head head = {
		.title = "Runs", .tab = "Runs", .live = true
	};
	struct run_filter f = { .viewer = svc_viewer(call_who(c)) };
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
	HTML_LEAF(&w.h, "h1", "", "Runs");
	query_project_says(&w, &of, "/-/runs");
	if (list.total == 0) {
		web_empty(
		    &w, "No agent has worked yet. Say in an issue:", "/plan");
	} else {
		HTML_CLASS(&w.h, "section", "card flush");
		run_table(&w, &list, of.id == 0);
		html_end(&w.h);
		web_pager(&w, page, limit, list.total, of.query);
	}
	run_list_release(&list);
	web_reply(&w, 200);
}

/* The run of the first argument, or -1 after the reply. */
static int
run_open(struct call *c, struct run *r)
{
	struct svc *s = call_app(c);
	struct txn *t = db_reader(s->db);
	struct err e = ERR_INIT;

	*r = (struct run){ .id = 0 };
	if (runs_get(t, call_arg_id(c, 0), r, &e) == 0 &&
	    svc_may(t, call_who(c), r->project_id, PERM_READ, NULL, &e) == 0)
		return 0;
	run_release(r);
	if (e.code == ERR_NOTFOUND)
		web_error(c, 404, "There is no such run, or it is not yours.");
	else
		web_fail(c, &e);
	return -1;
}

static void
run_stop_form(struct web *w, const struct run *r)
{
	if (run_state_is_end(r->state) || r->cancel ||
	    !web_may(w, r->project_id, PERM_WRITE))
		return;
	HTML_TAG(&w->h, "form");
	HTML_ATTR(&w->h, "method", "post");
	HTML_URL(&w->h, "action", "/-/runs/%" PRId64 "/stop", r->id);
	sign_form_value(w);
	HTML_LEAF(&w->h, "button", "danger", "Stop");
	html_end(&w->h);
}

static void
run_links(struct web *w, const struct run *r)
{
	struct err ignored = ERR_INIT;
	uint64_t size = 0;
	int fd = svc_record_open(w->svc, r->id, &size, &ignored);

	if (r->log_bytes > 0) {
		HTML_TAG(&w->h, "a");
		HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/log", r->id);
		html_text(&w->h, "Whole log");
		html_end(&w->h);
	}
	if (fd == -1)
		return;
	close(fd);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/report", r->id);
	html_text(&w->h, "Report");
	html_end(&w->h);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/record", r->id);
	HTML_ATTR(&w->h, "download", "");
	html_text(&w->h, "Record, ");
	web_bytes(w, (int64_t)size);
	html_end(&w->h);
}

static void
run_facts(struct web *w, const struct run *r)
{
	HTML_TAG(&w->h, "dl");
	web_term(w, "Project");
	web_project_link(w, r->project_name);
	html_end(&w->h);
	web_term(w, "For");
	run_for(w, r);
	html_end(&w->h);
	web_term(w, "Agent");
	html_shown(&w->h, r->agent);
	html_end(&w->h);
	web_term(w, "May");
	html_textf(&w->h, "%s, network %s", access_name(r->access),
	    network_name(r->network));
	html_end(&w->h);
	if (r->branch[0] != '\0') {
		web_term(w, "Branch");
		HTML_TAG(&w->h, "code");
		html_shown(&w->h, r->branch);
		html_end(&w->h);
		html_end(&w->h);
	}
	web_term(w, "Took");
	run_took(w, r);
	html_text(&w->h, " of ");
	web_span(w, r->wall_s * 1000);
	html_end(&w->h);
	web_term(w, "Cost");
	run_cost(w, r);
	if (r->budget > 0) {
		html_text(&w->h, " of ");
		web_money(w, r->budget);
	}
	html_end(&w->h);
	web_term(w, "Made");
	web_time(w, r->created_at);
	html_end(&w->h);
	if (r->pull != 0) {
		web_term(w, "Pull request");
		item_link(w, r->project_name, r->pull, true);
		html_end(&w->h);
	}
	html_end(&w->h);
}

/* app.js appends what is behind data-next. */
static void
run_log(struct web *w, const struct run *r)
{
	AUTO_STR struct str tail = STR_INIT;
	struct html *h = &w->h;
	char text[24];

	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "Output");
	if (r->log_bytes > RUN_TAIL)
		HTML_LEAF(h, "p", "sub", "The end of it:");
	HTML_TAG(h, "pre");
	HTML_ATTR(h, "id", "log");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "aria-label", "Output of the run");
	HTML_URL(h, "data-url", "/-/runs/%" PRId64 "/log", r->id);
	(void)snprintf(text, sizeof(text), "%" PRId64, r->log_bytes);
	HTML_ATTR(h, "data-next", text);
	if (run_state_is_end(r->state))
		HTML_FLAG(h, "data-ended");
	svc_log_tail(w->svc,
	    &(struct svc_log_of){ SVC_LOG_RUN, r->id, r->log_bytes }, RUN_TAIL,
	    &tail);
	html_textv(h, str_view(&tail));
	html_end(h);
	html_end(h);
}

static void
run_get(struct call *c)
{
	struct web_head head = { .tab = "Runs", .live = true };
	char title[40];
	struct html *h;
	struct run r;
	struct web w;

	if (run_open(c, &r) == -1)
		return;
	(void)snprintf(title, sizeof(title), "Run %" PRId64, r.id);
	head.title = title;
	web_begin(&w, c, &head);
	h = &w.h;
	HTML_TAG(h, "div");
	HTML_ATTR(h, "id", "run");
	HTML_FLAG(h, "data-live");
	HTML_CLASS(h, "div", "title");
	HTML_LEAF(h, "h1", "", title);
	run_state_badge(&w, &r);
	HTML_CLASS(h, "span", "links");
	run_links(&w, &r);
	html_end(h);
	run_stop_form(&w, &r);
	html_end(h);
	HTML_CLASS(h, "section", "card");
	run_facts(&w, &r);
	if (r.why[0] != '\0') {
		HTML_CLASS(h, "p",
		    r.state == RUN_FAILED || r.state == RUN_BUDGET ? "alert"
								   : "sub");
		html_shown(h, r.why);
		html_end(h);
	}
	html_end(h);
	if (r.message[0] != '\0') {
		HTML_CLASS(h, "section", "card");
		HTML_LEAF(h, "h2", "", "What it says");
		HTML_LEAF(h, "div", "words", r.message);
		html_end(h);
	}
	html_end(h);
	run_log(&w, &r);
	run_release(&r);
	web_reply(&w, 200);
}

static void
run_report(struct call *c)
{
	struct run r;

	if (run_open(c, &r) == -1)
		return;
	report_reply(c, r.id);
	run_release(&r);
}

static void
run_stopped(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_cancel *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (!web_failed(c, fail)) {
		str_addf(&to, "/-/runs/%" PRId64, op->id);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
run_stop_on_form(struct call *c)
{
	struct form f;
	struct run r;

	if (web_form(c, &f) == -1)
		return;
	form_release(&f);
	if (run_open(c, &r) == -1)
		return;
	run_release(&r);
	call_hold(c);
	svc_run_cancel(
	    call_app(c), call_who(c), call_arg_id(c, 0), run_stopped, c);
}

static void
run_stop(struct call *c)
{
	web_take_form(c, run_stop_on_form);
}

const struct route web_run_routes[] = {
	{ "GET", "/-/runs/{id}/report", ROUTE_PAGE, run_report },
	{ "GET", "/-/runs", ROUTE_PAGE, run_list_get },
	{ "GET", "/-/runs/{id}", ROUTE_PAGE, run_get },
	{ "POST", "/-/runs/{id}/stop", ROUTE_PAGE, run_stop },
	{ .method = NULL },
};
