/* item_edit: title and text of an issue or pull request, and the base of one;
 * one page for both, below the address of each. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_issue.h"
#include "server/service/svc_pull.h"
#include "server/store/issues.h"
#include "server/store/pulls.h"
#include "server/web/composer.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/item_files.h"
#include "server/web/post.h"
#include "server/web/said.h"
#include "server/web/sign.h"

/* ---- the page ---- */

/* What a form holds that was begun on the text as it was. */
static void
item_edit_seen(struct web *w, const struct said *x)
{
	int64_t seen = x->seen;
	char text[24];

	/* What it says now is on this page, too. */
	if (seen == SAID_UNSEEN || x->why != NULL)
		seen = said_seen(x);
	(void)snprintf(text, sizeof(text), "%" PRId64, seen);
	field_hidden(w, "version", text);
}

/* What nobody changes here stays what somebody else makes of it. */
static void
item_edit_base(struct web *w, const struct said *x)
{
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (!x->issue.is_pull || x->issue.state != ISSUE_OPEN ||
	    !web_may(w, x->p.id, PERM_WRITE))
		return;
	if (pulls_get(w->t, x->p.id, x->issue.number, &p, &e) == -1) {
		log_error("web edit reason=%s", log_val(e.msg));
		return;
	}
	field_hidden(w, "was_base", x->was_base != NULL ? x->was_base : p.base);
	field_text(w,
	    &(struct field){ .name = "base",
		.label = "The branch that it goes into",
		.help = "Another base has nobody's approval yet, and its "
			"checks run anew.",
		.max = 255 },
	    x->base != NULL ? x->base : p.base);
	pull_release(&p);
}

static void
item_edit_form(struct web *w, const struct said *x, const char *action)
{
	const struct issue *i = &x->issue;
	const struct composer box = { .p = &x->p,
		.number = i->number,
		.label = "Text",
		.value = x->draft != NULL ? x->draft : i->body,
		.say = "Save",
		.rows = 12,
		.is_pull = i->is_pull,
		.files = item_files_may(w, &x->p, i->number, 0) };
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_ATTR(h, "action", action);
	sign_form_value(w);
	item_edit_seen(w, x);
	field_hidden(
	    w, "was_title", x->was_title != NULL ? x->was_title : i->title);
	field_text(
	    w, &item_title_field, x->title != NULL ? x->title : i->title);
	item_edit_base(w, x);
	composer_write(w, &box);
	html_end(h);
}

static void
item_edit_end(struct web *w, const struct said *x)
{
	const struct field number = { .name = "number",
		.label = "Its number, to delete this issue with all that was "
			 "said",
		.max = 20,
		.required = true };
	AUTO_FREE char *at = NULL;

	if (x->issue.is_pull || !web_may(w, x->p.id, PERM_MANAGE))
		return;
	at = xasprintf("issues/%" PRId64 "/change", x->issue.number);
	post_project_form(w, &x->p, "card say", at, "delete");
	field_text(w, &number, "");
	field_button(w, "danger", "act", "delete", "Delete this issue");
	post_form_end(w);
}

static void
item_edit_head(struct web *w, const struct said *x, const char *back)
{
	struct html *h = &w->h;

	HTML_LEAF(h, "h1", "", "Title and text");
	HTML_CLASS(h, "p", "filter sub");
	html_text(h, "Of ");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", back);
	html_shown(h, x->issue.title);
	html_end(h);
	html_end(h);
}

static void
item_edit_go(struct said *x)
{
	const struct web_head head = { .title = "Edit", .tab = "" };
	AUTO_STR struct str to = STR_INIT;
	struct web w;

	web_begin(&w, x->c, &head);
	if (!item_may_edit(&w, &x->issue)) {
		html_release(&w.h);
		web_error(x->c, 403,
		    "Only who opened it, or a maintainer, changes it.");
		said_free(x);
		return;
	}
	item_path(&to, x->c, x->issue.is_pull, x->issue.number);
	item_edit_head(&w, x, str_cstr(&to));
	said_draft(&w, x);
	str_add(&to, "/edit");
	item_edit_form(&w, x, str_cstr(&to));
	item_files_list(&w, &x->p, x->issue.number, 0, &x->own_files);
	item_files_form(&w, &x->p, x->issue.number, 0);
	item_edit_end(&w, x);
	web_reply(&w, x->why != NULL ? 422 : 200);
	said_free(x);
}

void
item_edit_get(struct call *c)
{
	said_load_one(c, 0, NULL, item_edit_go);
}

/* ---- what it does ---- */

/* The form, from when it is read until it is done or shown again. */
struct item_edit {
	struct call *c; /* held */
	bool is_pull;
	char *title, *base, *body, *was_title, *was_base;
	int64_t seen;
};

static void
item_edit_drop(struct item_edit *x)
{
	struct call *c = x->c;

	free(x->title);
	free(x->base);
	free(x->body);
	free(x->was_title);
	free(x->was_base);
	free(x);
	call_release(c);
}

static char *
item_edit_part(const struct form *f, const char *name)
{
	const char *value = form_find(f, name);

	return value != NULL ? xstrdup(value) : NULL;
}

static struct item_edit *
item_edit_read(struct call *c, const struct form *f)
{
	struct item_edit *x = xcalloc(1, sizeof(*x));
	struct err no = ERR_INIT;

	x->c = c;
	x->title = form_text(f, "title");
	x->body = form_text(f, "body");
	x->base = item_edit_part(f, "base");
	x->was_title = item_edit_part(f, "was_title");
	x->was_base = item_edit_part(f, "was_base");
	if (num_i64(form_get(f, "version"), 0, INT64_MAX, &x->seen, &no) == -1)
		x->seen = SAID_UNSEEN;
	call_hold(c);
	return x;
}

static void
item_edit_again(const struct item_edit *x, const char *why)
{
	const struct said_typed typed = { .title = x->title,
		.base = x->base,
		.draft = x->body,
		.was_title = x->was_title,
		.was_base = x->was_base,
		.seen = x->seen,
		.why = why };

	said_load_one(x->c, 0, &typed, item_edit_go);
}

static void
item_edit_done(const struct err *fail, void *arg, void *data)
{
	AUTO_STR struct str to = STR_INIT;
	struct item_edit *x = data;

	(void)arg;
	/* A base that is not there, or the item: which comes again. */
	if (fail != NULL &&
	    (item_refused(fail) || fail->code == ERR_NOTFOUND)) {
		item_edit_again(x, fail->msg);
	} else if (!web_failed(x->c, fail)) {
		item_path(&to, x->c, x->is_pull, call_arg_id(x->c, 2));
		web_redirect(x->c, str_cstr(&to));
	}
	item_edit_drop(x);
}

/* NULL: as it is, and as nobody changed it here. */
static char *
item_edit_changed(const char *typed, const char *was)
{
	if (typed == NULL || (was != NULL && strcmp(typed, was) == 0))
		return NULL;
	return xstrdup(typed);
}

static void
item_edit_pull(struct item_edit *x, int64_t project)
{
	struct svc_pull_edit *op = svc_pull_edit_new(
	    call_app(x->c), call_who(x->c));

	op->project_id = project;
	op->number = call_arg_id(x->c, 2);
	op->title = item_edit_changed(x->title, x->was_title);
	op->body = xstrdup(x->body);
	if (x->base != NULL && x->base[0] != '\0')
		op->base = item_edit_changed(x->base, x->was_base);
	op->fields.set_version = x->seen != SAID_UNSEEN;
	op->fields.version = x->seen;
	svc_pull_edit(op, item_edit_done, x);
}

static void
item_edit_issue(struct item_edit *x, int64_t project)
{
	struct svc_issue_edit *op = svc_issue_edit_new(
	    call_app(x->c), call_who(x->c));

	op->project_id = project;
	op->number = call_arg_id(x->c, 2);
	op->title = item_edit_changed(x->title, x->was_title);
	op->body = xstrdup(x->body);
	op->fields.set_version = x->seen != SAID_UNSEEN;
	op->fields.version = x->seen;
	svc_issue_edit(op, item_edit_done, x);
}

static int
item_edit_is_pull(struct item_edit *x, int64_t project)
{
	struct svc *s = call_app(x->c);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;

	if (issues_get(db_reader(s->db), project, call_arg_id(x->c, 2), &i,
		&e) == -1) {
		web_fail(x->c, &e);
		return -1;
	}
	x->is_pull = i.is_pull;
	issue_release(&i);
	return 0;
}

static void
item_edit_on_form(struct call *c)
{
	struct item_edit *x;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_DISCUSS, &p) == -1) {
		form_release(&f);
		return;
	}
	x = item_edit_read(c, &f);
	if (strcmp(form_get(&f, "act"), "preview") == 0) {
		item_edit_again(x, NULL);
		item_edit_drop(x);
	} else if (item_edit_is_pull(x, p.id) == -1) {
		item_edit_drop(x);
	} else if (x->is_pull) {
		item_edit_pull(x, p.id);
	} else {
		item_edit_issue(x, p.id);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_edit_post(struct call *c)
{
	web_take_form(c, item_edit_on_form);
}

const struct route web_item_edit_routes[] = {
	{ "GET", "/{owner}/{r}/issues/{n}/edit", ROUTE_PAGE, item_edit_get },
	{ "POST", "/{owner}/{r}/issues/{n}/edit", ROUTE_PAGE, item_edit_post },
	{ "GET", "/{owner}/{r}/pulls/{n}/edit", ROUTE_PAGE, item_edit_get },
	{ "POST", "/{owner}/{r}/pulls/{n}/edit", ROUTE_PAGE, item_edit_post },
	{ .method = NULL },
};
