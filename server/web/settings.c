#include "server/web/settings.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/web/sign.h"
#include "server/web/web.h"

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

/* One part of a URL each: "at" is a literal or digits after a slash. */
static void
settings_url(struct str *to, struct call *c, const char *at)
{
	str_add(to, "/");
	esc_url(to, view_of(call_arg(c, 0)));
	str_add(to, "/");
	esc_url(to, view_of(call_arg(c, 1)));
	str_addf(to, "/settings%s%s", at[0] != '\0' ? "/" : "", at);
}

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

void
settings_form(
    struct web *w, const struct project *p, const char *cls, const char *at)
{
	AUTO_STR struct str to = STR_INIT;

	HTML_TAG(&w->h, "form");
	HTML_ATTR(&w->h, "class", cls);
	HTML_ATTR(&w->h, "method", "post");
	str_add(&to, "/");
	esc_url(&to, view_of(p->owner));
	str_add(&to, "/");
	esc_url(&to, view_of(p->name));
	str_addf(&to, "/settings%s%s", at[0] != '\0' ? "/" : "", at);
	HTML_ATTR(&w->h, "action", str_cstr(&to));
	sign_form_value(w);
}

int
settings_take(
    struct call *c, enum perm_verb verb, struct form *f, struct project *out)
{
	if (web_form(c, f) == -1)
		return -1;
	if (web_project(c, verb, out) == 0)
		return 0;
	form_release(f);
	return -1;
}

void
settings_back(struct call *c, const char *at)
{
	AUTO_STR struct str to = STR_INIT;

	settings_url(&to, c, at);
	web_redirect(c, str_cstr(&to));
}

void
settings_done(const struct err *fail, struct call *c, const char *at)
{
	if (!web_failed(c, fail))
		settings_back(c, at);
	call_release(c);
}
