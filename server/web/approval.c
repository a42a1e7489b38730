/* approval: the inbox of what runs ask maintainers, and their answers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "server/domain/approval.h"
#include "server/service/svc_approval.h"
#include "server/store/approvals.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/web.h"

enum {
	APPROVAL_LAST = 5 /* answers that are below what is open */
};

static const char *
approval_wants(enum approval_kind k)
{
	switch (k) {
	case APPROVAL_DOMAIN:
		return "wants to reach";
	case APPROVAL_BUDGET:
		return "wants to spend more:";
	case APPROVAL_COMMAND:
		return "wants to run";
	case APPROVAL_TOOL:
		return "wants to use";
	default:
		return "asks";
	}
}

static void
approval_subject(struct web *w, const struct approval *a)
{
	struct err ignored = ERR_INIT;
	int64_t micros;

	if (a->kind == APPROVAL_BUDGET &&
	    num_i64(a->subject, 0, INT64_MAX, &micros, &ignored) == 0) {
		HTML_CLASS(&w->h, "p", "subject");
		web_money(w, micros);
		html_end(&w->h);
		return;
	}
	HTML_CLASS(&w->h, "pre", "subject");
	html_shown(&w->h, a->subject);
	html_end(&w->h);
}

/* What a yes lets, of this kind and no more. */
static const char *
approval_lets(enum approval_kind k)
{
	switch (k) {
	case APPROVAL_DOMAIN:
		return "A yes is a rule of the project's network: whatever "
		       "runs there reaches exactly this name, until the time "
		       "is over or the rule is removed.";
	case APPROVAL_BUDGET:
		return "A yes doubles that limit; who waits for it goes on.";
	case APPROVAL_COMMAND:
		return "A yes lets exactly this line pass, in this run, until "
		       "the time is over; another line asks again.";
	case APPROVAL_TOOL:
		return "A yes lets exactly this pass, in this run, until the "
		       "time is over.";
	default:
		return "";
	}
}

static void
approval_form(struct web *w, const struct approval *a, const char *act,
    const struct query_project *of)
{
	char to[60], name[40];

	(void)snprintf(
	    to, sizeof(to), "/-/approvals/%" PRId64 "/%s", a->id, act);
	(void)snprintf(name, sizeof(name), "%s-%" PRId64, act, a->id);
	post_form(w, "", to, name);
	if (of->id != 0)
		field_hidden(w, "project", of->name);
}

/* Buttons say what they are about: one goes from one to the next by keys. */
static void
approval_button(
    struct web *w, const char *cls, const char *text, const struct approval *a)
{
	HTML_CLASS(&w->h, "button", cls);
	html_text(&w->h, text);
	HTML_CLASS(&w->h, "span", "unseen");
	html_textf(&w->h, " request %" PRId64, a->id);
	html_end(&w->h);
	html_end(&w->h);
}

static void
approval_forms(
    struct web *w, const struct approval *a, const struct query_project *of)
{
	struct html *h = &w->h;

	HTML_LEAF(h, "p", "sub", approval_lets(a->kind));
	if (!web_may(w, a->project_id, PERM_WRITE)) {
		HTML_LEAF(h, "p", "sub", "A maintainer answers this.");
		return;
	}
	HTML_CLASS(h, "div", "answer");
	approval_form(w, a, "allow", of);
	if (a->kind != APPROVAL_BUDGET)
		web_span_field(w, a->id, false);
	approval_button(w, "primary", "Allow", a);
	post_form_end(w);
	approval_form(w, a, "deny", of);
	approval_button(w, "danger", "Deny", a);
	post_form_end(w);
	html_end(h);
}

static const char *
approval_state_kind(enum approval_state s)
{
	switch (s) {
	case APPROVAL_OPEN:
		return "ask";
	case APPROVAL_ALLOWED:
		return "good";
	case APPROVAL_DENIED:
		return "bad";
	case APPROVAL_EXPIRED:
	case APPROVAL_WITHDRAWN:
	default:
		return "off";
	}
}

static void
approval_run(struct web *w, const struct approval *a)
{
	struct html *h = &w->h;

	web_project_link(w, a->project_name);
	html_text(h, ": ");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/runs/%" PRId64, a->run_id);
	html_textf(h, "run %" PRId64, a->run_id);
	html_end(h);
	if (a->item != 0) {
		html_text(h, " in ");
		item_link(w, a->project_name, a->item, a->is_pull);
	}
}

static void
approval_line(struct web *w, const struct approval *a)
{
	approval_run(w, a);
	html_textf(&w->h, " %s", approval_wants(a->kind));
}

static void
approval_card(
    struct web *w, const struct approval *a, const struct query_project *of)
{
	struct html *h = &w->h;

	HTML_TAG(h, "article");
	HTML_ATTR(h, "class", "card ask");
	HTML_CLASS(h, "p", "line");
	html_textf(h, "It %s", approval_wants(a->kind));
	html_end(h);
	approval_subject(w, a);
	if (a->reason[0] != '\0') {
		HTML_CLASS(h, "p", "sub");
		html_shown(h, a->reason);
		html_end(h);
	}
	HTML_CLASS(h, "p", "sub");
	html_text(h, "Asked ");
	web_time(w, a->created_at);
	html_text(h, "; open for another ");
	web_span(w, a->expires_at - w->now);
	html_text(h, ".");
	html_end(h);
	approval_forms(w, a, of);
	html_end(h);
}

/* Those of one run that follow each other are below one title. */
static void
approval_cards(struct web *w, const struct approval_list *l,
    const struct query_project *of)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct approval *a = &l->at[i];

		if (i == 0 || l->at[i - 1].run_id != a->run_id) {
			HTML_CLASS(&w->h, "h2", "group");
			approval_run(w, a);
			html_end(&w->h);
		}
		approval_card(w, a, of);
	}
}

static void
approval_past_row(
    struct web *w, const struct approval *a, const char *const *columns)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, columns[0], "");
	web_badge(
	    w, approval_state_kind(a->state), approval_state_name(a->state));
	html_end(h);
	web_cell(w, columns[1], "");
	approval_line(w, a);
	html_text(h, " ");
	HTML_TAG(h, "code");
	if (a->kind != APPROVAL_BUDGET)
		html_shown(h, a->subject);
	else
		html_text(h, "its limit again");
	html_end(h);
	html_end(h);
	web_cell(w, columns[2], "");
	html_text(h, a->by[0] != '\0' ? a->by : "nobody");
	html_end(h);
	web_cell(w, columns[3], "");
	web_time(w, a->decided_at != 0 ? a->decided_at : a->expires_at);
	html_end(h);
	web_cell(w, columns[4], "");
	if (a->state == APPROVAL_ALLOWED && a->until != 0)
		web_time(w, a->until);
	else
		HTML_LEAF(h, "span", "none", "–");
	html_end(h);
	html_end(h);
}

static void
approval_past(struct web *w, const struct approval_list *list)
{
	static const char *const columns[] = { "Answer", "Asked", "By", "When",
		"Until" };

	if (list->n == 0) {
		web_empty(w, "Nothing was answered yet.", "");
		return;
	}
	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Answered");
	web_table(w, "rows", columns, 5);
	for (size_t i = 0; i < list->n; i++)
		approval_past_row(w, &list->at[i], columns);
	web_table_end(w);
	html_end(&w->h);
}

static void
approval_tab(struct web *w, const struct query_project *of, bool answered,
    bool on, int64_t n)
{
	AUTO_STR struct str to = STR_INIT;

	str_addf(&to, "/-/approvals?%s%s", answered ? "state=answered" : "",
	    answered || of->query[0] == '\0' ? of->query : of->query + 1);
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&to));
	if (on)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, answered ? "Answered" : "Open");
	if (n > 0)
		html_textf(&w->h, " %" PRId64, n);
	html_end(&w->h);
}

static void
approval_head(
    struct web *w, const struct query_project *of, bool answered, int64_t open)
{
	const struct field project = { .name = "project",
		.label = "Of the project OWNER/NAME",
		.max = 2 * NAME_LEN_MAX + 1,
		.unseen = true };
	struct html *h = &w->h;

	HTML_LEAF(h, "h1", "", "Approvals");
	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "tabs");
	HTML_ATTR(h, "aria-label", "Approvals");
	approval_tab(w, of, false, !answered, open);
	approval_tab(w, of, true, answered, 0);
	html_end(h);
	HTML_CLASS(h, "form", "bar find");
	HTML_ATTR(h, "method", "get");
	HTML_URL(h, "action", "/-/approvals");
	HTML_ATTR(h, "role", "search");
	if (answered)
		field_hidden(w, "state", "answered");
	field_hint(w, &project, of->name, "OWNER/PROJECT");
	field_button(w, "", NULL, NULL, "Find");
	html_end(h);
	query_project_says(
	    w, of, answered ? "/-/approvals?state=answered" : "/-/approvals");
}

/* The last answers below what is open: what became of a click. */
static int
approval_last(struct web *w, const struct approval_filter *open, struct err *e)
{
	struct approval_filter f = *open;
	struct approval_list l = { .n = 0 };

	f.state = 0;
	f.answered = true;
	f.oldest = false;
	f.limit = APPROVAL_LAST;
	f.offset = 0;
	if (approvals_list(w->t, &f, &l, e) == -1)
		return -1;
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (l.n > 0)
		approval_past(w, &l);
	html_end(&w->h);
	approval_list_release(&l);
	return 0;
}

/* The open ones, of which a new one is the last, so that none moves by it; or
 * what was answered, the newest first. */
static int
approval_write(struct web *w, const struct query_project *of, bool answered,
    uint32_t page, struct err *e)
{
	struct approval_filter f = { .viewer = svc_viewer(w->who),
		.project_id = of->id,
		.state = answered ? 0 : APPROVAL_OPEN,
		.answered = answered,
		.now = w->now,
		.limit = QUERY_PAGE,
		.offset = (int64_t)(page - 1) * QUERY_PAGE,
		.oldest = !answered };
	AUTO_STR struct str query = STR_INIT;
	struct approval_list l = { .n = 0 };

	if (approvals_list(w->t, &f, &l, e) == -1)
		return -1;
	approval_head(w, of, answered, answered ? 0 : l.total);
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (answered)
		approval_past(w, &l);
	else if (l.n == 0)
		web_empty(w,
		    "Nobody asks for anything. What a rule or the network "
		    "holds back comes here.",
		    "");
	else
		approval_cards(w, &l, of);
	html_end(&w->h);
	str_addf(&query, "%s%s", of->query, answered ? "&state=answered" : "");
	web_pager(w, page, QUERY_PAGE, l.total, str_cstr(&query));
	approval_list_release(&l);
	return answered ? 0 : approval_last(w, &f, e);
}

static void
approval_get(struct call *c)
{
	const struct web_head head = {
		.title = "Approvals", .tab = "Approvals", .live = true
	};
	const char *state = svc_text(call_query(c, "state"));
	struct query_project of;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_project(c, &of) == -1 || query_page(c, &page, &limit) == -1)
		return;
	web_begin(&w, c, &head);
	if (approval_write(&w, &of, strcmp(state, "answered") == 0, page, &e) ==
	    -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	web_reply(&w, 200);
}

/* To the list that it was answered in. */
static void
approval_back(struct call *c)
{
	AUTO_STR struct str to = STR_INIT;
	struct err ignored = ERR_INIT;
	struct form f;

	str_add(&to, "/-/approvals");
	if (form_parse(call_body(c), &f, &ignored) == 0) {
		if (form_get(&f, "project")[0] != '\0') {
			str_add(&to, "?project=");
			esc_url(&to, view_of(form_get(&f, "project")));
		}
		form_release(&f);
	}
	web_redirect(c, str_cstr(&to));
}

static void
approval_answered(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (fail != NULL)
		post_fail(c, approval_get, fail);
	else
		approval_back(c);
	call_release(c);
}

static void
approval_answer(struct call *c, bool allow)
{
	struct svc_approval_answer *op;
	struct err e = ERR_INIT;
	int64_t for_s = 0;
	struct form f;
	int rc = 0;

	if (web_form(c, &f) == -1)
		return;
	if (allow && form_get(&f, "for_s")[0] != '\0')
		rc = num_i64(form_get(&f, "for_s"), APPROVAL_SPAN_MIN_MS / 1000,
		    APPROVAL_SPAN_MAX_MS / 1000, &for_s, &e);
	form_release(&f);
	if (rc == -1) {
		post_refused(c, approval_get, 422,
		    "An approval lasts a minute to a year.");
		return;
	}
	op = svc_approval_answer_new(call_app(c), call_who(c));
	op->id = call_arg_id(c, 0);
	op->allow = allow;
	op->for_ms = for_s * 1000;
	call_hold(c);
	svc_approval_answer(op, approval_answered, c);
}

static void
approval_allow_on_form(struct call *c)
{
	approval_answer(c, true);
}

static void
approval_allow(struct call *c)
{
	web_take_form(c, approval_allow_on_form);
}

static void
approval_deny_on_form(struct call *c)
{
	approval_answer(c, false);
}

static void
approval_deny(struct call *c)
{
	web_take_form(c, approval_deny_on_form);
}

const struct route web_approval_routes[] = {
	{ "GET", "/-/approvals", ROUTE_PAGE, approval_get },
	{ "POST", "/-/approvals/{id}/allow", ROUTE_PAGE, approval_allow },
	{ "POST", "/-/approvals/{id}/deny", ROUTE_PAGE, approval_deny },
	{ .method = NULL },
};
