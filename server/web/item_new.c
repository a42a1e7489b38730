/* item_new: a new issue. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/service/svc_issue.h"
#include "server/web/composer.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/said.h"
#include "server/web/sign.h"

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
	field_text(&w, &item_title_field, x->title);
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

	if (item_refused(fail)) {
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

const struct route web_item_new_routes[] = {
	{ "GET", "/{owner}/{r}/issues/new", ROUTE_PAGE, item_new_get },
	{ "POST", "/{owner}/{r}/issues", ROUTE_PAGE, item_new_post },
	{ .method = NULL },
};
