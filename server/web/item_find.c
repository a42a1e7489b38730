/* item_find: the form that a list of issues or pull requests is asked by. */
#include <stdio.h>

#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/store/labels.h"
#include "server/web/field.h"
#include "server/web/item_list.h"
#include "server/web/item_side.h"

static void
item_list_label_field(struct web *w, const struct item_list *l)
{
	static const struct field field = { .name = "label", .label = "Label" };
	struct label_list labels = { .n = 0 };
	struct err e = ERR_INIT;

	if (labels_list(w->t, l->p.id, 0, 0, &labels, &e) == -1)
		log_error("web labels reason=%s", log_val(e.msg));
	HTML_TAG(&w->h, "div");
	field_select(w, &field);
	field_option(w, "", l->f.n_labels > 0 ? "one more" : "any", true);
	for (size_t i = 0; i < labels.n; i++)
		if (!item_list_has(&l->f, labels.at[i].name))
			field_option(
			    w, labels.at[i].name, labels.at[i].name, false);
	html_end(&w->h);
	html_end(&w->h);
	label_list_release(&labels);
}

static void
item_list_milestone_field(struct web *w, const struct item_list *l)
{
	static const struct field field = { .name = "milestone",
		.label = "Milestone" };

	HTML_TAG(&w->h, "div");
	field_select(w, &field);
	field_option(w, "", "any", l->milestone == 0);
	item_milestone_options(w, l->p.id, l->milestone);
	html_end(&w->h);
	html_end(&w->h);
}

static void
item_list_name_field(
    struct web *w, const char *name, const char *label, const char *value)
{
	char max[8];

	(void)snprintf(max, sizeof(max), "%d", NAME_LEN_MAX);
	HTML_TAG(&w->h, "div");
	HTML_TAG(&w->h, "label");
	HTML_ATTR(&w->h, "for", name);
	html_text(&w->h, label);
	html_end(&w->h);
	HTML_VOID(&w->h, "input");
	HTML_ATTR(&w->h, "id", name);
	HTML_ATTR(&w->h, "name", name);
	HTML_ATTR(&w->h, "type", "text");
	HTML_ATTR(&w->h, "list", "people");
	HTML_ATTR(&w->h, "maxlength", max);
	HTML_ATTR(&w->h, "autocomplete", "off");
	HTML_ATTR(&w->h, "placeholder", "anyone");
	HTML_ATTR(&w->h, "value", value);
	html_end(&w->h);
}

static void
item_list_sort_field(struct web *w, const struct item_list *l)
{
	static const struct field field = { .name = "sort", .label = "Order" };

	HTML_TAG(&w->h, "div");
	field_select(w, &field);
	for (size_t i = 0; i < ITEM_LIST_SORTS; i++)
		field_option(w, i == 0 ? "" : item_list_sorts[i].word,
		    item_list_sorts[i].text,
		    strcmp(l->sort, item_list_sorts[i].word) == 0);
	html_end(&w->h);
	html_end(&w->h);
}

/* The labels that are asked for: hidden in the form, chips to let go of. */
static void
item_list_chosen(struct web *w, const struct item_list *l)
{
	AUTO_STR struct str names = STR_INIT;

	if (l->f.n_labels == 0)
		return;
	HTML_CLASS(&w->h, "p", "row");
	html_text(&w->h, "With ");
	for (size_t i = 0; i < l->f.n_labels; i++) {
		item_list_link(w, l, NULL, (int)i, NULL);
		HTML_ATTR(&w->h, "class", "chip");
		HTML_ATTR(&w->h, "title", "without this label");
		html_shown(&w->h, l->f.labels[i]);
		html_text(&w->h, " ×");
		html_end(&w->h);
		str_addf(&names, "%s%s", i == 0 ? "" : ",", l->f.labels[i]);
	}
	field_hidden(w, "labels", str_cstr(&names));
	html_end(&w->h);
}

void
item_list_form(struct web *w, const struct item_list *l)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card finder");
	HTML_ATTR(h, "method", "get");
	HTML_ATTR(h, "role", "search");
	HTML_URL(h, "action", "/%s/%s/%s", l->p.owner, l->p.name,
	    l->pulls ? "pulls" : "issues");
	field_hidden(w, "state", l->state);
	HTML_CLASS(h, "div", "wide");
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "q");
	html_text(h, "Words in the title, the text or what is said");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "q");
	HTML_ATTR(h, "name", "q");
	HTML_ATTR(h, "type", "search");
	HTML_ATTR(h, "value", l->q);
	html_end(h);
	item_list_label_field(w, l);
	item_list_milestone_field(w, l);
	item_list_name_field(w, "author", "Opened by", l->author);
	item_list_name_field(w, "assignee", "Assigned to", l->assignee);
	item_list_sort_field(w, l);
	item_people(w, l->p.id);
	HTML_TAG(h, "div");
	HTML_LEAF(h, "button", "", "Find");
	html_end(h);
	item_list_chosen(w, l);
	html_end(h);
}
