#include "server/web/settings.h"

#include <stdio.h>
#include <string.h>

#include "server/web/post.h"
#include "server/web/web.h"

enum {
	SETTINGS_AT_MAX = 120
};

/* In the order of the links. */
static const struct settings_page {
	const char *at, *text;
} settings_pages[] = {
	{ "", "General" },
	{ "mirror", "Mirror" },
	{ "agent", "Agent" },
	{ "sandbox", "Sandbox" },
	{ "gate", "Gate" },
	{ "checks", "Checks" },
	{ "branches", "Protection" },
	{ "collaboration", "Collaborators" },
	{ "hooks", "Webhooks" },
	{ NULL, NULL },
};

/* What has a page of its own for readers, too. */
static void
settings_link(
    struct web *w, const struct project *p, const char *at, const char *text)
{
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/%s", p->owner, p->name, at);
	html_text(&w->h, text);
	html_end(&w->h);
}

static void
settings_links(struct web *w, const struct project *p, const char *at)
{
	struct html *h = &w->h;

	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "tabs");
	HTML_ATTR(h, "aria-label", "Settings");
	for (const struct settings_page *x = settings_pages; x->at != NULL;
	     x++) {
		HTML_TAG(h, "a");
		if (x->at[0] == '\0')
			HTML_URL(
			    h, "href", "/%s/%s/settings", p->owner, p->name);
		else
			HTML_URL(h, "href", "/%s/%s/settings/%s", p->owner,
			    p->name, x->at);
		if (strcmp(x->at, at) == 0)
			HTML_ATTR(h, "aria-current", "page");
		html_text(h, x->text);
		html_end(h);
	}
	settings_link(w, p, "labels", "Labels");
	settings_link(w, p, "milestones", "Milestones");
	html_end(h);
}

int
settings_begin(
    struct web *w, struct call *c, const char *at, struct project *out)
{
	const struct settings_page *x = settings_pages;
	struct web_head head = { .tab = "" };

	if (web_project(c, PERM_READ, out) == -1)
		return -1;
	while (x[1].at != NULL && strcmp(x->at, at) != 0)
		x++;
	head.title = x->text;
	web_begin(w, c, &head);
	/* An archived one is an admin's alone. */
	if (!web_may(w, out->id, PERM_WRITE) &&
	    !web_may(w, out->id, PERM_ADMIN)) {
		html_release(&w->h);
		project_release(out);
		web_error(c, 403, "Settings are for maintainers.");
		return -1;
	}
	web_project_title(w, out, PART_SETTINGS, "Settings");
	settings_links(w, out, at);
	return 0;
}

/* "settings", or that of one */
static void
settings_path(char out[SETTINGS_AT_MAX], const char *at)
{
	(void)snprintf(
	    out, SETTINGS_AT_MAX, "settings%s%s", at[0] != '\0' ? "/" : "", at);
}

void
settings_form(struct web *w, const struct project *p, const char *cls,
    const char *at, const char *name)
{
	char path[SETTINGS_AT_MAX];

	settings_path(path, at);
	post_project_form(w, p, cls, path, name);
}

void
settings_back(struct call *c, const char *at)
{
	char path[SETTINGS_AT_MAX];

	settings_path(path, at);
	post_back(c, path);
}

void
settings_done(
    const struct err *fail, struct call *c, route_fn *page, const char *at)
{
	char path[SETTINGS_AT_MAX];

	settings_path(path, at);
	post_done(fail, c, page, path);
}
