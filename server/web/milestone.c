/* milestone: the milestones of a project; as label.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_milestone.h"
#include "server/store/milestones.h"
#include "server/web/field.h"
#include "server/web/label.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/web.h"

#define MILESTONE_AT "milestones"

enum {
	MILESTONE_DAY = sizeof("2026-01-31") - 1
};

/* ---- the page ---- */

static void
milestone_done_cell(struct web *w, const struct milestone *m)
{
	int64_t all = m->closed_items + m->open_items;
	struct html *h = &w->h;
	char text[24];

	html_textf(h, "%" PRId64 " of %" PRId64, m->closed_items, all);
	if (all == 0)
		return;
	HTML_TAG(h, "meter");
	HTML_ATTR(h, "aria-label", "Done");
	HTML_ATTR(h, "min", "0");
	(void)snprintf(text, sizeof(text), "%" PRId64, all);
	HTML_ATTR(h, "max", text);
	(void)snprintf(text, sizeof(text), "%" PRId64, m->closed_items);
	HTML_ATTR(h, "value", text);
	html_end(h);
}

static void
milestone_due(struct web *w, const struct milestone *m)
{
	if (m->due_at == 0) {
		HTML_LEAF(&w->h, "span", "none", "–");
		return;
	}
	web_time(w, m->due_at);
	if (!m->closed && m->due_at < w->now) {
		html_text(&w->h, " ");
		web_badge(w, "bad", "late");
	}
}

static void
milestone_row(
    struct web *w, const struct project *p, const struct milestone *m, bool may)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Milestone", "name");
	html_shown(h, m->title);
	if (m->closed)
		HTML_LEAF(h, "span", "sub", " closed");
	html_end(h);
	web_cell(w, "Done", "");
	milestone_done_cell(w, m);
	html_end(h);
	web_cell(w, "Due", "");
	milestone_due(w, m);
	html_end(h);
	web_cell(w, "Change", "acts");
	if (may) {
		label_row_form(w, p, MILESTONE_AT, m->id, m->title);
		field_button(w, "", "act", m->closed ? "open" : "close",
		    m->closed ? "Open again" : "Close");
		field_button(w, "danger", "act", "remove", "Remove");
		post_form_end(w);
	}
	html_end(h);
	html_end(h);
}

/* m->id 0: a new one. */
static void
milestone_form(
    struct web *w, const struct project *p, const struct milestone *m)
{
	const struct field title = { .name = "title",
		.label = "Title",
		.max = MILESTONE_TITLE_MAX,
		.required = true };
	const struct field text = { .name = "description",
		.label = "What it is for" };
	const struct field due = { .name = "due",
		.label = "Due",
		.help = "The day at whose end it should be done; empty: "
			"none." };
	char day[CLOCK_TEXT_MAX] = "";

	if (m->due_at != 0)
		(void)clock_rfc3339(m->due_at, day);
	day[MILESTONE_DAY] = '\0';
	label_edit_form(w, p, MILESTONE_AT, m->id);
	HTML_LEAF(&w->h, "h2", "",
	    m->id != 0 ? "Change the milestone" : "A new milestone");
	field_text(w, &title, m->title);
	field_area(w, &text, m->description, 3);
	field_date(w, &due, day);
	label_edit_end(w, p, MILESTONE_AT, m->id);
}

static void
milestone_list(struct web *w, const struct project *p,
    const struct milestone_list *l, bool may)
{
	static const char *const columns[] = { "Milestone", "Done", "Due",
		"Change" };

	if (l->n == 0) {
		web_empty(w,
		    may ? "There is no milestone yet. One gathers issues and "
			  "pull requests up to a day."
			: "There is no milestone yet.",
		    "");
		return;
	}
	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Milestones");
	web_table(w, "rows", columns, may ? 4 : 3);
	for (size_t i = 0; i < l->n; i++)
		milestone_row(w, p, &l->at[i], may);
	web_table_end(w);
	html_end(&w->h);
}

static void
milestone_get(struct call *c)
{
	struct milestone_filter f = { .limit = 0 };
	struct milestone_list l = { .n = 0 };
	struct milestone one = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;
	int64_t id;
	bool may;

	if (query_page(c, &page, &limit) == -1 ||
	    label_begin(&w, c, true, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_WRITE);
	f.project_id = p.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (milestones_list(w.t, &f, &l, &e) == -1)
		log_error("web milestones reason=%s", log_val(e.msg));
	id = may ? label_edited(&w) : 0;
	if (id != 0 && milestones_get(w.t, p.id, id, &one, &e) == -1)
		one.id = 0;
	if (one.id != 0)
		milestone_form(&w, &p, &one);
	milestone_list(&w, &p, &l, may);
	web_pager(&w, page, limit, l.total, "");
	if (may && one.id == 0)
		milestone_form(&w, &p, &one);
	milestone_release(&one);
	milestone_list_release(&l);
	project_release(&p);
	web_reply(&w, 200);
}

/* ---- the forms ---- */

static void
milestone_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	post_done(fail, call, milestone_get, MILESTONE_AT);
}

/* The end of the day. */
static int
milestone_read_due(const char *day, int64_t *out, struct err *e)
{
	char text[CLOCK_TEXT_MAX];

	*out = 0;
	if (day[0] == '\0')
		return 0;
	if (strlen(day) != MILESTONE_DAY)
		return err_set(e, ERR_INVALID, "a day is like 2026-01-31");
	(void)snprintf(text, sizeof(text), "%sT23:59:59Z", day);
	return clock_parse(text, out, e);
}

static void
milestone_put(
    struct call *c, const struct form *f, struct svc_milestone_write *op)
{
	struct err e = ERR_INIT;

	if (strlen(form_get(f, "title")) > MILESTONE_TITLE_MAX ||
	    strlen(form_get(f, "description")) > MILESTONE_TEXT_MAX)
		(void)err_set(
		    &e, ERR_INVALID, "The title or the text is too long.");
	else if (milestone_read_due(form_get(f, "due"), &op->due_at, &e) == 0) {
		op->set_due = true;
		op->title = xstrdup(form_get(f, "title"));
		op->description = form_text(f, "description");
		call_hold(c);
		svc_milestone_write(op, milestone_done, c);
		return;
	}
	svc_op_drop(op);
	post_fail(c, milestone_get, &e);
}

static void
milestone_act(struct call *c, const struct project *p, const struct form *f)
{
	const char *act = form_get(f, "act");
	int64_t id = label_form_id(f);
	struct svc_milestone_write *op;

	if (id == -1 || !label_act_known(act, "close")) {
		web_error(
		    c, 422, "Load the page again: the form is not whole.");
		return;
	}
	op = svc_milestone_write_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->id = id;
	if (strcmp(act, "put") == 0) {
		milestone_put(c, f, op);
		return;
	}
	if (strcmp(act, "remove") == 0)
		op->remove = true;
	else
		op->state = strcmp(act, "close") == 0 ? ISSUE_CLOSED
						      : ISSUE_OPEN;
	call_hold(c);
	svc_milestone_write(op, milestone_done, c);
}

static void
milestone_on_form(struct call *c)
{
	post_project(c, PERM_WRITE, milestone_act);
}

static void
milestone_post(struct call *c)
{
	web_take_form(c, milestone_on_form);
}

const struct route web_milestone_routes[] = {
	{ "GET", "/{owner}/{r}/" MILESTONE_AT, ROUTE_PAGE, milestone_get },
	{ "POST", "/{owner}/{r}/" MILESTONE_AT, ROUTE_PAGE, milestone_post },
	{ .method = NULL },
};
