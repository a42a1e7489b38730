#include "server/web/admin.h"

#include <string.h>

#include "server/web/web.h"

static const struct admin_page {
	const char *at, *path, *text;
} admin_pages[] = {
	{ "users", "/-/admin", "Users" },
	{ "runners", "/-/admin/runners", "Runners" },
	{ "health", "/-/admin/health", "Health" },
	{ "audit", "/-/admin/audit", "Audit" },
	{ NULL, NULL, NULL },
};

int
admin_is(struct call *c)
{
	if (call_who(c)->site_admin)
		return 0;
	web_error(c, 404, "There is nothing here.");
	return -1;
}

int
admin_begin(struct web *w, struct call *c, const char *at)
{
	const struct web_head head = { .title = "Administration",
		.tab = "Administration" };

	if (admin_is(c) == -1)
		return -1;
	web_begin(w, c, &head);
	HTML_LEAF(&w->h, "h1", "", "Administration");
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "Administration");
	for (const struct admin_page *x = admin_pages; x->at != NULL; x++) {
		HTML_TAG(&w->h, "a");
		HTML_ATTR(&w->h, "href", x->path);
		if (strcmp(x->at, at) == 0)
			HTML_ATTR(&w->h, "aria-current", "page");
		html_text(&w->h, x->text);
		html_end(&w->h);
	}
	html_end(&w->h);
	return 0;
}

int
admin_take(struct call *c, struct form *f)
{
	if (web_form(c, f) == -1)
		return -1;
	if (admin_is(c) == 0)
		return 0;
	form_release(f);
	return -1;
}
