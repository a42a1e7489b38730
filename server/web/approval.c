/* approval: the inbox of what runs ask maintainers, and their answers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/domain/approval.h"
#include "server/service/svc_approval.h"
#include "server/store/approvals.h"
#include "server/web/item.h"
#include "server/web/query.h"
#include "server/web/sign.h"
#include "server/web/web.h"

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

static void
approval_forms(struct web *w, const struct approval *a)
{
	struct html *h = &w->h;

	if (!web_may(w, a->project_id, PERM_WRITE)) {
		HTML_LEAF(h, "p", "sub", "A maintainer answers this.");
		return;
	}
	HTML_CLASS(h, "div", "answer");
	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/approvals/%" PRId64 "/allow", a->id);
	sign_form_value(w);
	if (a->kind != APPROVAL_BUDGET)
		web_span_field(w, a->id, false);
	HTML_LEAF(h, "button", "primary", "Allow");
	html_end(h);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/approvals/%" PRId64 "/deny", a->id);
	sign_form_value(w);
	HTML_LEAF(h, "button", "danger", "Deny");
	html_end(h);
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
approval_line(struct web *w, const struct approval *a)
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
	html_textf(h, " %s", approval_wants(a->kind));
}

static void
approval_card(struct web *w, const struct approval *a)
{
	struct html *h = &w->h;

	HTML_TAG(h, "article");
	HTML_ATTR(h, "class", "card ask");
	HTML_CLASS(h, "p", "line");
	approval_line(w, a);
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
	approval_forms(w, a);
	html_end(h);
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

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Before");
	web_table(w, "rows", columns, 5);
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].state != APPROVAL_OPEN)
			approval_past_row(w, &list->at[i], columns);
	web_table_end(w);
	html_end(&w->h);
}

/* The open ones, of which a new one is the last, so that none moves by it; what
 * was answered below them. */
static int
approval_write(struct web *w, const struct query_project *of, uint32_t page,
    uint32_t limit, struct err *e)
{
	struct approval_filter f = { .viewer = svc_viewer(w->who),
		.project_id = of->id,
		.state = APPROVAL_OPEN,
		.now = w->now,
		.limit = limit,
		.offset = (int64_t)(page - 1) * limit,
		.oldest = true };
	struct approval_list open = { .n = 0 }, all = { .n = 0 };
	int rc = approvals_list(w->t, &f, &open, e);

	f.state = 0;
	f.offset = 0;
	f.oldest = false;
	if (rc == 0)
		rc = approvals_list(w->t, &f, &all, e);
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (rc == 0 && open.n == 0)
		web_empty(w,
		    "Nobody asks for anything. What a rule or the network "
		    "holds back comes here.",
		    "");
	for (size_t i = 0; rc == 0 && i < open.n; i++)
		approval_card(w, &open.at[i]);
	if (rc == 0)
		web_pager(w, page, limit, open.total, of->query);
	html_end(&w->h);
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	if (rc == 0 && all.total > open.total)
		approval_past(w, &all);
	html_end(&w->h);
	approval_list_release(&open);
	approval_list_release(&all);
	return rc;
}

static void
approval_get(struct call *c)
{
	const struct web_head head = {
		.title = "Approvals", .tab = "Approvals", .live = true
	};
	struct query_project of;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_project(c, &of) == -1 || query_page(c, &page, &limit) == -1)
		return;
	web_begin(&w, c, &head);
	HTML_LEAF(&w.h, "h1", "", "Approvals");
	query_project_says(&w, &of, "/-/approvals");
	if (approval_write(&w, &of, page, limit, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	web_reply(&w, 200);
}

static void
approval_answered(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail))
		web_redirect(c, "/-/approvals");
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
		web_error(c, 422, "An approval lasts a minute to a year.");
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
