#include "server/web/unsent.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"
#include "server/web/web.h"

/* Fields that people write in, and no others: no form has a secret in a field
 * of these names. */
static const struct unsent_field {
	const char *name;
	const char *label;
} unsent_fields[] = {
	{ "title", "Title" },
	{ "body", "What you wrote" },
	{ "text", "Text" },
	{ "name", "Name" },
	{ "description", "Description" },
	{ "contexts", "Checks" },
	{ "files", "Files" },
	{ "open_files", "Open files" },
	{ NULL, NULL },
};

static void
unsent_field(struct html *h, const struct unsent_field *x, const char *value)
{
	char id[40];

	(void)snprintf(id, sizeof(id), "unsent-%s", x->name);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", id);
	html_textf(h, "%s, to copy", x->label);
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", id);
	HTML_ATTR(h, "rows", strcmp(x->name, "title") == 0 ? "1" : "8");
	HTML_FLAG(h, "readonly");
	html_text(h, "\n");
	html_text(h, value);
	html_end(h);
}

void
unsent_write(struct web *w)
{
	struct err no = ERR_INIT;
	struct form f;

	if (call_request(w->c) == NULL || !web_is_form(w->c) ||
	    form_parse(call_body(w->c), &f, &no) == -1)
		return;
	for (const struct unsent_field *x = unsent_fields; x->name != NULL; x++)
		if (form_get(&f, x->name)[0] != '\0')
			unsent_field(&w->h, x, form_get(&f, x->name));
	form_release(&f);
}

/* ---- who is not signed in any more ---- */

static bool
unsent_is_page(struct view path)
{
	AUTO_FREE char *text = view_dup(path);
	struct route_match m;
	bool there;

	route_find(web_tables, "GET", text, &m);
	there = m.route != NULL && form_next_ok(text);
	route_match_release(&m);
	return there;
}

/* The page that the form was on, as the browser says, or the nearest above
 * where it goes to. */
static void
unsent_next(struct request *q, struct str *out)
{
	const char *from = request_header_in(q, "Referer");
	struct view path = view_of(request_raw_path(q));

	from = from != NULL ? strstr(from, "://") : NULL;
	from = from != NULL ? strchr(from + 3, '/') : NULL;
	if (from != NULL && form_next_ok(from) &&
	    unsent_is_page((struct view){ from, strcspn(from, "?") })) {
		esc_url(out, view_of(from));
		return;
	}
	while (path.len > 1 && !unsent_is_page(path)) {
		while (path.len > 1 && path.p[path.len - 1] != '/')
			path.len--;
		path.len--;
	}
	esc_url(out, path.len > 1 ? path : VIEW_LIT("/"));
}

/* In another tab: this page is not kept, and with it what it has would go. */
static void
unsent_sign_in(struct web *w)
{
	AUTO_STR struct str to = STR_INIT_MAX(4000);
	struct html *h = &w->h;

	str_add(&to, "/-/sign-in?next=");
	unsent_next(call_request(w->c), &to);
	HTML_TAG(h, "p");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&to));
	HTML_ATTR(h, "target", "_blank");
	html_text(h, "Sign in, in another tab");
	html_end(h);
	html_end(h);
}

static void
unsent_on_body(struct call *c)
{
	const struct web_head head = { .title = "You are not signed in",
		.tab = "" };
	struct web w;

	if (call_request(c) == NULL)
		return;
	web_begin(&w, c, &head);
	HTML_CLASS(&w.h, "section", "card narrow");
	HTML_LEAF(&w.h, "h1", "", head.title);
	HTML_LEAF(&w.h, "p", "",
	    "You are not signed in any more, so nothing was done.");
	unsent_write(&w);
	unsent_sign_in(&w);
	web_reply(&w, 403);
}

void
unsent_take(struct call *c)
{
	if (web_is_form(c))
		web_take_form(c, unsent_on_body);
	else
		web_error(c, 403, "You are not signed in any more.");
}
