/* label: the labels of a project; ?edit=ID chooses the one that the form below
 * changes. */
#include "server/web/label.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "server/service/svc_label.h"
#include "server/store/labels.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/web.h"

#define LABEL_AT "labels"
#define LABEL_FIRST_COLOUR "#0b6e75"

/* ---- what labels and milestones share ---- */

static void
label_link(struct web *w, const struct project *p, const char *at,
    const char *text, bool on)
{
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/%s", p->owner, p->name, at);
	if (on)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, text);
	html_end(&w->h);
}

int
label_begin(struct web *w, struct call *c, bool milestones, struct project *p)
{
	const struct web_head head = {
		.title = milestones ? "Milestones" : "Labels", .tab = ""
	};

	if (web_project(c, PERM_READ, p) == -1)
		return -1;
	web_begin(w, c, &head);
	web_project_title(w, p, PART_ISSUES, head.title);
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "Issues");
	label_link(w, p, "issues", "Issues", false);
	label_link(w, p, LABEL_AT, "Labels", !milestones);
	label_link(w, p, "milestones", "Milestones", milestones);
	html_end(&w->h);
	return 0;
}

int64_t
label_edited(struct web *w)
{
	const char *id = w->refused != NULL
	    ? form_get(&w->refused->typed, "id")
	    : svc_text(call_query(w->c, "edit"));
	struct err ignored = ERR_INIT;
	int64_t n = 0;

	return num_i64(id, 1, INT64_MAX, &n, &ignored) == 0 ? n : 0;
}

void
label_row_form(struct web *w, const struct project *p, const char *at,
    int64_t id, const char *what)
{
	char text[24], name[40];

	(void)snprintf(text, sizeof(text), "%" PRId64, id);
	(void)snprintf(name, sizeof(name), "row-%" PRId64, id);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "?edit=%" PRId64, id);
	html_text(&w->h, "Change");
	HTML_CLASS(&w->h, "span", "unseen");
	html_text(&w->h, " ");
	html_shown(&w->h, what);
	html_end(&w->h);
	html_end(&w->h);
	post_project_form(w, p, "", at, name);
	field_hidden(w, "id", text);
}

void
label_edit_form(
    struct web *w, const struct project *p, const char *at, int64_t id)
{
	char text[24];

	post_project_form(w, p, "card say", at, id != 0 ? "edit" : "new");
	(void)snprintf(text, sizeof(text), "%" PRId64, id);
	if (id != 0)
		field_hidden(w, "id", text);
}

void
label_edit_end(
    struct web *w, const struct project *p, const char *at, int64_t id)
{
	HTML_CLASS(&w->h, "div", "row");
	field_button(w, "primary", "act", "put", id != 0 ? "Save" : "Make it");
	if (id != 0)
		label_link(w, p, at, "Leave it as it is", false);
	html_end(&w->h);
	post_form_end(w);
}

int64_t
label_form_id(const struct form *f)
{
	const char *id = form_get(f, "id");
	struct err ignored = ERR_INIT;
	int64_t n = -1;

	if (id[0] == '\0' && strcmp(form_get(f, "act"), "put") == 0)
		return 0;
	(void)num_i64(id, 1, INT64_MAX, &n, &ignored);
	return n;
}

/* ---- the page ---- */

/* The colour as a browser shows one; what it is called is beside it. */
static void
label_swatch(struct web *w, const struct label *l)
{
	struct html *h = &w->h;
	char text[LABEL_COLOR_HEX + 2];

	(void)snprintf(text, sizeof(text), "#%s", l->color);
	HTML_TAG(h, "label");
	HTML_LEAF(h, "span", "unseen", "Colour");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "class", "swatch");
	HTML_ATTR(h, "type", "color");
	HTML_ATTR(h, "value", text);
	HTML_FLAG(h, "disabled");
	html_end(h);
	html_text(h, " ");
	HTML_LEAF(h, "code", "", text);
}

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
	if (l->exclusive)
		HTML_LEAF(h, "span", "sub", " one of its kind");
	html_end(h);
	web_cell(w, "Means", "");
	html_shown(h, svc_text(l->description));
	html_end(h);
	web_cell(w, "Colour", "sub");
	label_swatch(w, l);
	html_end(h);
	web_cell(w, "Change", "acts");
	if (may) {
		label_row_form(w, p, LABEL_AT, l->id, l->name);
		field_button(w, "", "act", l->archived ? "open" : "archive",
		    l->archived ? "Use again" : "Archive");
		field_button(w, "danger", "act", "remove", "Remove");
		post_form_end(w);
	}
	html_end(h);
	html_end(h);
}

/* l->id 0: a new one. */
static void
label_form(struct web *w, const struct project *p, const struct label *l)
{
	const struct field name = { .name = "name",
		.label = "Name",
		.max = LABEL_NAME_MAX,
		.required = true };
	const struct field colour = { .name = "color", .label = "Colour" };
	const struct field text = { .name = "description",
		.label = "What it means",
		.max = LABEL_TEXT_MAX };
	const struct field exclusive = { .name = "exclusive",
		.label = "An item has one of its kind at most",
		.help = "The kind is what is before the last slash, as in "
			"size/large." };
	char hex[LABEL_COLOR_HEX + 2] = LABEL_FIRST_COLOUR;

	if (l->id != 0)
		(void)snprintf(hex, sizeof(hex), "#%s", l->color);
	label_edit_form(w, p, LABEL_AT, l->id);
	HTML_LEAF(
	    &w->h, "h2", "", l->id != 0 ? "Change the label" : "A new label");
	field_text(w, &name, l->name);
	field_colour(w, &colour, hex);
	field_text(w, &text, l->description);
	field_tick(w, &exclusive, l->exclusive);
	label_edit_end(w, p, LABEL_AT, l->id);
}

static void
label_list(struct web *w, const struct project *p, const struct label_list *l,
    bool may)
{
	static const char *const columns[] = { "Label", "Means", "Colour",
		"Change" };

	if (l->n == 0) {
		web_empty(w,
		    may ? "There is no label yet. Labels sort issues; one of "
			  "them can be an order to the agent (settings, "
			  "agent)."
			: "There is no label yet.",
		    "");
		return;
	}
	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Labels");
	web_table(w, "rows", columns, may ? 4 : 3);
	for (size_t i = 0; i < l->n; i++)
		label_row(w, p, &l->at[i], may);
	web_table_end(w);
	html_end(&w->h);
}

static void
label_get(struct call *c)
{
	struct label_list l = { .n = 0 };
	struct label one = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;
	int64_t id;
	bool may;

	if (query_page(c, &page, &limit) == -1 ||
	    label_begin(&w, c, false, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_WRITE);
	if (labels_list(
		w.t, p.id, limit, (int64_t)(page - 1) * limit, &l, &e) == -1)
		log_error("web labels reason=%s", log_val(e.msg));
	id = may ? label_edited(&w) : 0;
	if (id != 0 && labels_get(w.t, p.id, id, &one, &e) == -1)
		one.id = 0;
	if (one.id != 0)
		label_form(&w, &p, &one);
	label_list(&w, &p, &l, may);
	web_pager(&w, page, limit, l.total, "");
	if (may && one.id == 0)
		label_form(&w, &p, &one);
	label_release(&one);
	label_list_release(&l);
	project_release(&p);
	web_reply(&w, 200);
}

/* ---- the forms ---- */

static void
label_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	post_done(fail, call, label_get, LABEL_AT);
}

bool
label_act_known(const char *act, const char *end)
{
	return strcmp(act, "put") == 0 || strcmp(act, "remove") == 0 ||
	    strcmp(act, "open") == 0 || strcmp(act, end) == 0;
}

static void
label_act(struct call *c, const struct project *p, const struct form *f)
{
	const char *act = form_get(f, "act");
	int64_t id = label_form_id(f);
	struct svc_label_write *op;

	if (id == -1 || !label_act_known(act, "archive")) {
		web_error(
		    c, 422, "Load the page again: the form is not whole.");
		return;
	}
	if (strlen(form_get(f, "name")) > LABEL_NAME_MAX ||
	    strlen(form_get(f, "description")) > LABEL_TEXT_MAX) {
		post_refused(
		    c, label_get, 422, "The name or the text is too long.");
		return;
	}
	op = svc_label_write_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->id = id;
	if (strcmp(act, "put") == 0) {
		op->name = xstrdup(form_get(f, "name"));
		op->color = xstrdup(form_get(f, "color"));
		op->description = xstrdup(form_get(f, "description"));
		op->exclusive = form_find(f, "exclusive") != NULL;
	} else if (strcmp(act, "remove") == 0) {
		op->remove = true;
	} else {
		op->archived = strcmp(act, "archive") == 0;
	}
	call_hold(c);
	svc_label_write(op, label_done, c);
}

static void
label_on_form(struct call *c)
{
	post_project(c, PERM_WRITE, label_act);
}

static void
label_post(struct call *c)
{
	web_take_form(c, label_on_form);
}

const struct route web_label_routes[] = {
	{ "GET", "/{owner}/{r}/" LABEL_AT, ROUTE_PAGE, label_get },
	{ "POST", "/{owner}/{r}/" LABEL_AT, ROUTE_PAGE, label_post },
	{ .method = NULL },
};
