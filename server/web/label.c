/* label: the labels and milestones of a project. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_label.h"
#include "server/service/svc_milestone.h"
#include "server/store/labels.h"
#include "server/store/milestones.h"
#include "server/web/field.h"
#include "server/web/query.h"
#include "server/web/sign.h"
#include "server/web/web.h"

/* What the two pages differ in. */
struct label_page {
	const char *at, *title;
};
static const struct label_page label_labels = { "labels", "Labels" };
static const struct label_page label_milestones = { "milestones",
	"Milestones" };

static void
label_form(struct web *w, const struct project *p, const char *cls,
    const struct label_page *of, int64_t id)
{
	char text[24];

	HTML_TAG(&w->h, "form");
	HTML_ATTR(&w->h, "class", cls);
	HTML_ATTR(&w->h, "method", "post");
	HTML_URL(&w->h, "action", "/%s/%s/%s", p->owner, p->name, of->at);
	sign_form_value(w);
	(void)snprintf(text, sizeof(text), "%" PRId64, id);
	if (id != 0)
		field_hidden(w, "id", text);
}

static void
label_link(
    struct web *w, const struct project *p, const struct label_page *x, bool on)
{
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/%s", p->owner, p->name, x->at);
	if (on)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, x->title);
	html_end(&w->h);
}

/* The page begun; -1 after the reply. */
static int
label_begin(struct web *w, struct call *c, const struct label_page *of,
    struct project *p)
{
	const struct web_head head = { .title = of->title, .tab = "" };

	if (web_project(c, PERM_READ, p) == -1)
		return -1;
	web_begin(w, c, &head);
	web_project_title(w, p, PART_ISSUES, of->title);
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "Issues");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/issues", p->owner, p->name);
	html_text(&w->h, "Issues");
	html_end(&w->h);
	label_link(w, p, &label_labels, of == &label_labels);
	label_link(w, p, &label_milestones, of == &label_milestones);
	html_end(&w->h);
	return 0;
}

/* ---- labels ---- */

static void
label_row(
    struct web *w, const struct project *p, const struct label *l, bool may)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Label", "name");
	HTML_TAG(h, "span");
	HTML_ATTR(h, "class", "badge");
	html_shown(h, l->name);
	html_end(h);
	if (l->archived)
		HTML_LEAF(h, "span", "sub", " archived");
	html_end(h);
	web_cell(w, "Means", "");
	html_shown(h, svc_text(l->description));
	html_end(h);
	web_cell(w, "Colour", "sub");
	HTML_LEAFF(h, "code", "", "#%s", l->color);
	html_end(h);
	web_cell(w, "Change", "");
	if (may) {
		label_form(w, p, "", &label_labels, l->id);
		field_button(w, "", "act", l->archived ? "open" : "archive",
		    l->archived ? "Use again" : "Archive");
		field_button(w, "danger", "act", "remove", "Remove");
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
label_new(struct web *w, const struct project *p)
{
	const struct field name = { .name = "name",
		.label = "Name",
		.max = LABEL_NAME_MAX,
		.required = true };
	const struct field colour = { .name = "color",
		.label = "Colour",
		.help = "As #0b6e75.",
		.max = LABEL_COLOR_HEX + 1 };
	const struct field text = { .name = "description",
		.label = "What it means",
		.max = LABEL_TEXT_MAX };

	label_form(w, p, "card say", &label_labels, 0);
	HTML_LEAF(&w->h, "h2", "", "A new label");
	field_text(w, &name, "");
	field_text(w, &colour, "#0b6e75");
	field_text(w, &text, "");
	field_button(w, "primary", "act", "put", "Make the label");
	html_end(&w->h);
}

static void
label_get(struct call *c)
{
	static const char *const columns[] = { "Label", "Means", "Colour",
		"Change" };
	struct label_list l = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;
	bool may;

	if (query_page(c, &page, &limit) == -1 ||
	    label_begin(&w, c, &label_labels, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_WRITE);
	if (labels_list(
		w.t, p.id, limit, (int64_t)(page - 1) * limit, &l, &e) == -1)
		log_error("web labels reason=%s", log_val(e.msg));
	if (l.n == 0) {
		web_empty(&w, "There is no label yet.", "");
	} else {
		HTML_CLASS(&w.h, "section", "card flush");
		HTML_LEAF(&w.h, "h2", "", "Labels");
		web_table(&w, "rows", columns, 4);
		for (size_t i = 0; i < l.n; i++)
			label_row(&w, &p, &l.at[i], may);
		web_table_end(&w);
		html_end(&w.h);
	}
	web_pager(&w, page, limit, l.total, "");
	label_list_release(&l);
	if (may)
		label_new(&w, &p);
	project_release(&p);
	web_reply(&w, 200);
}

/* ---- milestones ---- */

static void
label_milestone_row(
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
	html_textf(h, "%" PRId64 " of %" PRId64, m->closed_items,
	    m->closed_items + m->open_items);
	html_end(h);
	web_cell(w, "Due", "");
	if (m->due_at != 0)
		web_time(w, m->due_at);
	else
		html_text(h, "–");
	html_end(h);
	web_cell(w, "Change", "");
	if (may) {
		label_form(w, p, "", &label_milestones, m->id);
		field_button(w, "", "act", m->closed ? "open" : "close",
		    m->closed ? "Open again" : "Close");
		field_button(w, "danger", "act", "remove", "Remove");
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
label_milestone_new(struct web *w, const struct project *p)
{
	const struct field title = { .name = "title",
		.label = "Title",
		.max = MILESTONE_TITLE_MAX,
		.required = true };
	const struct field text = { .name = "description",
		.label = "What it is for" };

	label_form(w, p, "card say", &label_milestones, 0);
	HTML_LEAF(&w->h, "h2", "", "A new milestone");
	field_text(w, &title, "");
	field_area(w, &text, "", 3);
	field_button(w, "primary", "act", "put", "Make the milestone");
	html_end(&w->h);
}

static void
label_milestones_get(struct call *c)
{
	static const char *const columns[] = { "Milestone", "Done", "Due",
		"Change" };
	struct milestone_filter f = { .limit = 0 };
	struct milestone_list l = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;
	bool may;

	if (query_page(c, &page, &limit) == -1 ||
	    label_begin(&w, c, &label_milestones, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_WRITE);
	f.project_id = p.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (milestones_list(w.t, &f, &l, &e) == -1)
		log_error("web milestones reason=%s", log_val(e.msg));
	if (l.n == 0) {
		web_empty(&w, "There is no milestone yet.", "");
	} else {
		HTML_CLASS(&w.h, "section", "card flush");
		HTML_LEAF(&w.h, "h2", "", "Milestones");
		web_table(&w, "rows", columns, 4);
		for (size_t i = 0; i < l.n; i++)
			label_milestone_row(&w, &p, &l.at[i], may);
		web_table_end(&w);
		html_end(&w.h);
	}
	web_pager(&w, page, limit, l.total, "");
	milestone_list_release(&l);
	if (may)
		label_milestone_new(&w, &p);
	project_release(&p);
	web_reply(&w, 200);
}

/* ---- the forms ---- */

static void
label_done_to(const struct err *fail, struct call *c, const char *at)
{
	AUTO_STR struct str to = STR_INIT;

	if (!web_failed(c, fail)) {
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 0)));
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 1)));
		str_addf(&to, "/%s", at);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
label_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	label_done_to(fail, call, "labels");
}

static void
label_milestone_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	label_done_to(fail, call, "milestones");
}

/* Form, project and, of a row, its id; the caller releases the form.  -1 after
 * the reply. */
static int
label_take(struct call *c, struct form *f, int64_t *project, int64_t *id)
{
	struct err e = ERR_INIT;
	struct project p;

	*id = 0;
	if (web_form(c, f) == -1)
		return -1;
	if (strcmp(form_get(f, "act"), "put") != 0 &&
	    num_i64(form_get(f, "id"), 1, INT64_MAX, id, &e) == -1) {
		web_error(c, 422, "Which one is it?");
	} else if (web_project(c, PERM_WRITE, &p) == 0) {
		*project = p.id;
		project_release(&p);
		return 0;
	}
	form_release(f);
	return -1;
}

static void
label_on_form(struct call *c)
{
	struct svc_label_write *op;
	int64_t project, id;
	const char *act;
	struct form f;

	if (label_take(c, &f, &project, &id) == -1)
		return;
	act = form_get(&f, "act");
	if (strlen(form_get(&f, "name")) > LABEL_NAME_MAX ||
	    strlen(form_get(&f, "description")) > LABEL_TEXT_MAX) {
		web_error(c, 422, "The name or the text is too long.");
		form_release(&f);
		return;
	}
	op = svc_label_write_new(call_app(c), call_who(c));
	op->project_id = project;
	op->id = id;
	if (id == 0) {
		op->name = xstrdup(form_get(&f, "name"));
		op->color = xstrdup(form_get(&f, "color"));
		op->description = xstrdup(form_get(&f, "description"));
	} else if (strcmp(act, "remove") == 0) {
		op->remove = true;
	} else {
		op->archived = strcmp(act, "archive") == 0;
	}
	form_release(&f);
	call_hold(c);
	svc_label_write(op, label_done, c);
}

static void
label_on_milestone(struct call *c)
{
	struct svc_milestone_write *op;
	int64_t project, id;
	const char *act;
	struct form f;

	if (label_take(c, &f, &project, &id) == -1)
		return;
	act = form_get(&f, "act");
	if (strlen(form_get(&f, "title")) > MILESTONE_TITLE_MAX ||
	    strlen(form_get(&f, "description")) > MILESTONE_TEXT_MAX) {
		web_error(c, 422, "The title or the text is too long.");
		form_release(&f);
		return;
	}
	op = svc_milestone_write_new(call_app(c), call_who(c));
	op->project_id = project;
	op->id = id;
	if (id == 0) {
		op->title = xstrdup(form_get(&f, "title"));
		op->description = form_text(&f, "description");
	} else if (strcmp(act, "remove") == 0) {
		op->remove = true;
	} else {
		op->state = strcmp(act, "close") == 0 ? ISSUE_CLOSED
						      : ISSUE_OPEN;
	}
	form_release(&f);
	call_hold(c);
	svc_milestone_write(op, label_milestone_done, c);
}

static void
label_post(struct call *c)
{
	web_take_form(c, label_on_form);
}

static void
label_milestone_post(struct call *c)
{
	web_take_form(c, label_on_milestone);
}

const struct route web_label_routes[] = {
	{ "GET", "/{owner}/{r}/labels", ROUTE_PAGE, label_get },
	{ "POST", "/{owner}/{r}/labels", ROUTE_PAGE, label_post },
	{ "GET", "/{owner}/{r}/milestones", ROUTE_PAGE, label_milestones_get },
	{ "POST", "/{owner}/{r}/milestones", ROUTE_PAGE, label_milestone_post },
	{ .method = NULL },
};
