#include "server/web/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/web/post.h"
#include "server/web/web.h"

static const char *
field_id(const struct field *f)
{
	return f->id != NULL ? f->id : f->name;
}

static void
field_label(struct web *w, const struct field *f)
{
	HTML_CLASS(&w->h, "label", f->unseen ? "unseen" : "");
	HTML_ATTR(&w->h, "for", field_id(f));
	html_text(&w->h, f->label);
	html_end(&w->h);
}

static void
field_help(struct web *w, const struct field *f)
{
	if (f->help != NULL && f->help[0] != '\0')
		HTML_LEAF(&w->h, "p", "hint", f->help);
}

static void
field_bound(struct html *h, const struct field *f)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", f->max);
	if (f->max != 0)
		HTML_ATTR(h, "maxlength", text);
	if (f->required)
		HTML_FLAG(h, "required");
}

static void
field_input(struct web *w, const struct field *f, const char *type)
{
	field_label(w, f);
	HTML_VOID(&w->h, "input");
	HTML_ATTR(&w->h, "id", field_id(f));
	HTML_ATTR(&w->h, "name", f->name);
	HTML_ATTR(&w->h, "type", type);
	field_bound(&w->h, f);
}

void
field_text(struct web *w, const struct field *f, const char *value)
{
	field_input(w, f, "text");
	HTML_ATTR(&w->h, "value", post_typed(w, f->name, svc_text(value)));
	HTML_ATTR(&w->h, "autocomplete", "off");
	HTML_ATTR(&w->h, "spellcheck", "false");
	field_help(w, f);
}

void
field_hint(
    struct web *w, const struct field *f, const char *value, const char *hint)
{
	field_input(w, f, "text");
	HTML_ATTR(&w->h, "value", post_typed(w, f->name, value));
	HTML_ATTR(&w->h, "placeholder", hint);
	HTML_ATTR(&w->h, "autocapitalize", "none");
	HTML_ATTR(&w->h, "spellcheck", "false");
	field_help(w, f);
}

void
field_colour(struct web *w, const struct field *f, const char *value)
{
	field_input(w, f, "color");
	HTML_ATTR(&w->h, "value", post_typed(w, f->name, value));
	field_help(w, f);
}

void
field_date(struct web *w, const struct field *f, const char *value)
{
	field_input(w, f, "date");
	HTML_ATTR(&w->h, "value", post_typed(w, f->name, value));
	field_help(w, f);
}

void
field_secret(struct web *w, const struct field *f, const char *autocomplete)
{
	field_input(w, f, "password");
	HTML_ATTR(&w->h, "autocomplete", autocomplete);
	field_help(w, f);
}

void
field_number(struct web *w, const struct field *f, int64_t value, int64_t min,
    int64_t max)
{
	char text[24];

	field_input(w, f, "number");
	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	HTML_ATTR(&w->h, "value", post_typed(w, f->name, text));
	(void)snprintf(text, sizeof(text), "%" PRId64, min);
	HTML_ATTR(&w->h, "min", text);
	(void)snprintf(text, sizeof(text), "%" PRId64, max);
	HTML_ATTR(&w->h, "max", text);
	field_help(w, f);
}

void
field_area(
    struct web *w, const struct field *f, const char *value, unsigned rows)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", rows);
	field_label(w, f);
	HTML_TAG(&w->h, "textarea");
	HTML_ATTR(&w->h, "id", field_id(f));
	HTML_ATTR(&w->h, "name", f->name);
	HTML_ATTR(&w->h, "rows", text);
	HTML_ATTR(&w->h, "spellcheck", "false");
	field_bound(&w->h, f);
	/* A browser drops the first line end. */
	html_text(&w->h, "\n");
	html_text(
	    &w->h, f->secret ? "" : post_typed(w, f->name, svc_text(value)));
	html_end(&w->h);
	field_help(w, f);
}

void
field_tick(struct web *w, const struct field *f, bool on)
{
	struct html *h = &w->h;

	/* What is not ticked is not sent. */
	if (w->typed != NULL)
		on = form_find(w->typed, f->name) != NULL;
	HTML_CLASS(h, "label", "tick");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "checkbox");
	HTML_ATTR(h, "name", f->name);
	HTML_ATTR(h, "value", "1");
	if (on)
		HTML_FLAG(h, "checked");
	html_textf(h, " %s", f->label);
	html_end(h);
	field_help(w, f);
}

void
field_select(struct web *w, const struct field *f)
{
	field_label(w, f);
	HTML_TAG(&w->h, "select");
	HTML_ATTR(&w->h, "id", field_id(f));
	HTML_ATTR(&w->h, "name", f->name);
	w->choosing = f->name;
}

void
field_option(struct web *w, const char *value, const char *text, bool chosen)
{
	HTML_TAG(&w->h, "option");
	HTML_ATTR(&w->h, "value", value);
	if (w->typed != NULL && w->choosing != NULL)
		chosen = strcmp(form_get(w->typed, w->choosing), value) == 0;
	if (chosen)
		HTML_FLAG(&w->h, "selected");
	html_text(&w->h, text);
	html_end(&w->h);
}

void
field_hidden(struct web *w, const char *name, const char *value)
{
	HTML_VOID(&w->h, "input");
	HTML_ATTR(&w->h, "type", "hidden");
	HTML_ATTR(&w->h, "name", name);
	HTML_ATTR(&w->h, "value", value);
}

void
field_button(struct web *w, const char *cls, const char *name,
    const char *value, const char *text)
{
	HTML_CLASS(&w->h, "button", cls);
	if (name != NULL) {
		HTML_ATTR(&w->h, "name", name);
		HTML_ATTR(&w->h, "value", value);
	}
	html_text(&w->h, text);
	html_end(&w->h);
}
