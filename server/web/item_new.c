/* item_new: a new issue, and the title and text of one that is there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_issue.h"
#include "server/web/composer.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/item_files.h"
#include "server/web/said.h"
#include "server/web/sign.h"

static const struct field item_new_title = { .name = "title",
	.label = "Title",
	.max = TITLE_LEN_MAX,
	.required = true };

static bool
item_new_again(const struct err *fail)
{
	return fail != NULL &&
	    (fail->code == ERR_INVALID || fail->code == ERR_LIMIT ||
		fail->code == ERR_BUSY || fail->code == ERR_EXISTS);
}

static void
item_new_go(struct said *x)
{
	const struct web_head head = { .title = "New issue", .tab = "" };
	const struct composer box = { .p = &x->p,
		.label = "What is it about?",
		.value = x->draft,
		.say = "Open issue",
		.rows = 12,
		.orders = true };
	struct web w;
	struct html *h = &w.h;

	web_begin(&w, x->c, &head);
	web_project_title(&w, &x->p, PART_ISSUES, head.title);
	said_draft(&w, x);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues", x->p.owner, x->p.name);
	sign_form_value(&w);
	field_text(&w, &item_new_title, x->title);
	composer_write(&w, &box);
	html_end(h);
	HTML_LEAF(h, "p", "hint",
	    "Labels, people and files are set on its page, once it is open.");
	web_reply(&w, x->why != NULL ? 422 : 200);
	said_free(x);
}

static void
item_new_get(struct call *c)
{
	said_load_new(c, "", NULL, NULL, item_new_go);
}

static void
item_new_opened(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_create *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (item_new_again(fail)) {
		said_load_new(c, op->title, op->body, fail->msg, item_new_go);
	} else if (!web_failed(c, fail)) {
		item_path(&to, c, false, op->issue.number);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
item_new_on_form(struct call *c)
{
	AUTO_FREE char *title = NULL, *body = NULL;
	struct svc_issue_create *op;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_DISCUSS, &p) == -1) {
		form_release(&f);
		return;
	}
	title = form_text(&f, "title");
	body = form_text(&f, "body");
	if (strcmp(form_get(&f, "act"), "preview") == 0) {
		said_load_new(c, title, body, NULL, item_new_go);
	} else {
		op = svc_issue_create_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->title = STEAL(title);
		op->body = STEAL(body);
		call_hold(c);
		svc_issue_create(op, item_new_opened, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_new_post(struct call *c)
{
	web_take_form(c, item_new_on_form);
}

/* ---- one that is there ---- */

static void
item_edit_form(struct web *w, const struct said *x)
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
	char version[24];

	(void)snprintf(version, sizeof(version), "%" PRId64, i->version);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/edit", x->p.owner,
	    x->p.name, i->number);
	sign_form_value(w);
	field_hidden(w, "version", version);
	field_text(w, &item_new_title, x->title != NULL ? x->title : i->title);
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

	if (x->issue.is_pull || !web_may(w, x->p.id, PERM_MANAGE))
		return;
	HTML_TAG(&w->h, "form");
	HTML_ATTR(&w->h, "class", "card say");
	HTML_ATTR(&w->h, "method", "post");
	HTML_URL(&w->h, "action", "/%s/%s/issues/%" PRId64 "/change",
	    x->p.owner, x->p.name, x->issue.number);
	sign_form_value(w);
	field_text(w, &number, "");
	field_button(w, "danger", "act", "delete", "Delete this issue");
	html_end(&w->h);
}

static void
item_edit_go(struct said *x)
{
	const struct web_head head = { .title = "Edit", .tab = "" };
	AUTO_STR struct str back = STR_INIT;
	struct web w;

	web_begin(&w, x->c, &head);
	if (!item_may_edit(&w, &x->issue)) {
		html_release(&w.h);
		web_error(x->c, 403,
		    "Only who opened it, or a maintainer, changes it.");
		said_free(x);
		return;
	}
	item_path(&back, x->c, x->issue.is_pull, x->issue.number);
	HTML_LEAF(&w.h, "h1", "", "Title and text");
	HTML_CLASS(&w.h, "p", "filter sub");
	html_text(&w.h, "Of ");
	HTML_TAG(&w.h, "a");
	HTML_ATTR(&w.h, "href", str_cstr(&back));
	html_shown(&w.h, x->issue.title);
	html_end(&w.h);
	html_end(&w.h);
	said_draft(&w, x);
	item_edit_form(&w, x);
	item_files_list(&w, &x->p, x->issue.number, 0, &x->own_files);
	item_files_form(&w, &x->p, x->issue.number, 0);
	item_edit_end(&w, x);
	web_reply(&w, x->why != NULL ? 422 : 200);
	said_free(x);
}

static void
item_edit_get(struct call *c)
{
	said_load_one(c, 0, NULL, NULL, NULL, item_edit_go);
}

static void
item_edit_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_edit *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (item_new_again(fail)) {
		said_load_one(
		    c, 0, op->title, op->body, fail->msg, item_edit_go);
	} else if (!web_failed(c, fail)) {
		item_path(&to, c, op->issue.is_pull, op->number);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
item_edit_on_form(struct call *c)
{
	AUTO_FREE char *title = NULL, *body = NULL;
	struct svc_issue_edit *op;
	struct err e = ERR_INIT;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_DISCUSS, &p) == -1) {
		form_release(&f);
		return;
	}
	title = form_text(&f, "title");
	body = form_text(&f, "body");
	if (strcmp(form_get(&f, "act"), "preview") == 0) {
		said_load_one(c, 0, title, body, NULL, item_edit_go);
	} else {
		op = svc_issue_edit_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->number = call_arg_id(c, 2);
		op->title = STEAL(title);
		op->body = STEAL(body);
		op->fields.set_version = num_i64(form_get(&f, "version"), 0,
					     INT64_MAX, &op->fields.version,
					     &e) == 0;
		call_hold(c);
		svc_issue_edit(op, item_edit_done, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_edit_post(struct call *c)
{
	web_take_form(c, item_edit_on_form);
}

const struct route web_item_new_routes[] = {
	{ "GET", "/{owner}/{r}/issues/new", ROUTE_PAGE, item_new_get },
	{ "POST", "/{owner}/{r}/issues", ROUTE_PAGE, item_new_post },
	{ "GET", "/{owner}/{r}/issues/{n}/edit", ROUTE_PAGE, item_edit_get },
	{ "POST", "/{owner}/{r}/issues/{n}/edit", ROUTE_PAGE, item_edit_post },
	{ .method = NULL },
};
