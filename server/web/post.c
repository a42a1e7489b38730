#include "server/web/post.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/web/field.h"
#include "server/web/sign.h"
#include "server/web/web.h"

#define POST_NAME "of" /* the field that has the form's name */

static void
post_path(struct str *to, const char *owner, const char *name, const char *at)
{
	str_add(to, "/");
	esc_url(to, view_of(owner));
	str_add(to, "/");
	esc_url(to, view_of(name));
	str_addf(to, "%s%s", at[0] != '\0' ? "/" : "", at);
}

/* ---- writing ---- */

/* It takes the focus: who cannot see hears it first. */
static void
post_wrong(struct web *w)
{
	HTML_TAG(&w->h, "p");
	HTML_ATTR(&w->h, "class", "alert");
	HTML_ATTR(&w->h, "id", "refused");
	HTML_ATTR(&w->h, "role", "alert");
	HTML_ATTR(&w->h, "tabindex", "-1");
	HTML_FLAG(&w->h, "autofocus");
	web_why(w, w->refused->what);
	html_end(&w->h);
}

void
post_form(struct web *w, const char *cls, const char *action, const char *name)
{
	HTML_CLASS(&w->h, "form", cls);
	HTML_ATTR(&w->h, "method", "post");
	HTML_ATTR(&w->h, "action", action);
	sign_form_value(w);
	w->typed = NULL;
	if (name[0] == '\0')
		return;
	field_hidden(w, POST_NAME, name);
	if (w->refused == NULL || w->refused->said ||
	    strcmp(form_get(&w->refused->typed, POST_NAME), name) != 0)
		return;
	w->refused->said = true;
	w->typed = &w->refused->typed;
	post_wrong(w);
}

void
post_form_end(struct web *w)
{
	w->typed = NULL;
	html_end(&w->h);
}

void
post_project_form(struct web *w, const struct project *p, const char *cls,
    const char *at, const char *name)
{
	AUTO_STR struct str to = STR_INIT;

	post_path(&to, p->owner, p->name, at);
	post_form(w, cls, str_cstr(&to), name);
}

const char *
post_typed(const struct web *w, const char *field, const char *value)
{
	const char *typed = w->typed != NULL ? form_find(w->typed, field)
					     : NULL;

	return typed != NULL ? typed : value;
}

/* ---- taking ---- */

void
post_project(struct call *c, enum perm_verb verb, post_fn *fn)
{
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, verb, &p) == 0) {
		fn(c, &p, &f);
		project_release(&p);
	}
	form_release(&f);
}

void
post_back(struct call *c, const char *at)
{
	AUTO_STR struct str to = STR_INIT;

	post_path(&to, call_arg(c, 0), call_arg(c, 1), at);
	web_redirect(c, str_cstr(&to));
}

static void
post_refused_free(void *refused)
{
	struct web_refused *r = refused;

	form_release(&r->typed);
	free(r->what);
	free(r);
}

void
post_refused(struct call *c, route_fn *page, int status, const char *what)
{
	struct err ignored = ERR_INIT;
	struct web_refused *r;

	if (call_request(c) == NULL)
		return;
	r = xcalloc(1, sizeof(*r));
	r->what = xstrdup(what);
	r->status = status;
	if (form_parse(call_body(c), &r->typed, &ignored) == -1 ||
	    form_get(&r->typed, POST_NAME)[0] == '\0') {
		post_refused_free(r);
		web_error(c, status, what);
	} else {
		call_set_again(c, r, post_refused_free);
		page(c);
	}
}

void
post_fail(struct call *c, route_fn *page, const struct err *e)
{
	int status = call_status_of(e);

	if (status == 500)
		web_fail(c, e);
	else
		post_refused(c, page, status, e->msg);
}

void
post_done(
    const struct err *fail, struct call *c, route_fn *page, const char *at)
{
	if (fail != NULL)
		post_fail(c, page, fail);
	else
		post_back(c, at);
	call_release(c);
}
