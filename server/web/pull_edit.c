/* pull_edit: a pull request's title, text and base. */
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

/* What the form holds; base NULL: it stays. */
struct pull_edit {
	const char *title, *body, *base;
};

bool
pull_may_edit(struct web *w, const struct project *p, const struct pull *x)
{
	return web_may(w, p->id, PERM_WRITE) ||
	    (x->issue.author.id == w->who->user_id &&
		web_may(w, p->id, PERM_DISCUSS));
}

static void
pull_edit_write(struct web *w, const struct project *p, const struct pull *x,
    const struct pull_edit *v, const struct err *fail)
{
	struct html *h = &w->h;

	item_title(w, p, &x->issue);
	if (fail != NULL) {
		HTML_TAG(h, "p");
		HTML_ATTR(h, "class", "alert");
		HTML_ATTR(h, "role", "alert");
		html_shown(h, fail->msg);
		html_end(h);
	}
	pull_form(w, p, x, "edit", "card say");
	HTML_LEAF(h, "h2", "", "Edit");
	field_text(w,
	    &(struct field){ .name = "title",
		.label = "Title",
		.max = TITLE_LEN_MAX,
		.required = true },
	    v->title);
	field_area(w,
	    &(struct field){ .name = "body", .label = "Text", .max = 60000 },
	    v->body, 10);
	if (x->issue.state == ISSUE_OPEN && web_may(w, p->id, PERM_WRITE)) {
		field_hidden(w, "was", x->base);
		field_text(w,
		    &(struct field){ .name = "base",
			.label = "The branch that it goes into",
			.help = "Another base has nobody's approval yet, and "
				"its checks run anew.",
			.max = 255 },
		    v->base != NULL ? v->base : x->base);
	}
	HTML_LEAF(h, "button", "primary", "Save");
	html_end(h);
}

static void
pull_edit_page(struct call *c, const struct project *p,
    const struct pull_edit *typed, const struct err *fail)
{
	struct web_head head = { .tab = "" };
	struct pull x = { .run_id = 0 };
	struct err e = ERR_INIT;
	struct pull_edit v;
	struct web w;

	if (pulls_get(db_reader(((struct svc *)call_app(c))->db), p->id,
		call_arg_id(c, 2), &x, &e) == -1) {
		web_fail(c, &e);
		return;
	}
	v = typed != NULL
	    ? *typed
	    : (struct pull_edit){ x.issue.title, x.issue.body, NULL };
	head.title = x.issue.title;
	web_begin(&w, c, &head);
	if (!pull_may_edit(&w, p, &x)) {
		html_release(&w.h);
		web_error(c, 403,
		    "Who opened it edits it, and who maintains the project.");
	} else {
		pull_edit_write(&w, p, &x, &v, fail);
		web_reply(&w, fail != NULL ? call_status_of(fail) : 200);
	}
	pull_release(&x);
}

static void
pull_edit_get(struct call *c)
{
	struct project p;

	if (web_project(c, PERM_READ, &p) == -1)
		return;
	pull_edit_page(c, &p, NULL, NULL);
	project_release(&p);
}

static void
pull_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_edit *op = arg;
	const struct pull_edit typed = { op->title, op->body, op->base };
	struct call *c = call;
	struct project p;

	if (fail == NULL || call_status_of(fail) >= 500 ||
	    fail->code == ERR_DENIED) {
		pull_done_to(fail, c, "");
		return;
	}
	if (web_project(c, PERM_READ, &p) == 0) {
		pull_edit_page(c, &p, &typed, fail);
		project_release(&p);
	}
	call_release(c);
}

static void
pull_on_edit(struct call *c)
{
	struct svc_pull_edit *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	op = svc_pull_edit_new(call_app(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->title = form_text(&f, "title");
	op->body = form_text(&f, "body");
	if (form_get(&f, "base")[0] != '\0' &&
	    strcmp(form_get(&f, "base"), form_get(&f, "was")) != 0)
		op->base = xstrdup(form_get(&f, "base"));
	form_release(&f);
	call_hold(c);
	svc_pull_edit(op, pull_edited, c);
}

static void
pull_edit_post(struct call *c)
{
	web_take_form(c, pull_on_edit);
}

const struct route web_pull_edit_routes[] = {
	{ "GET", "/{owner}/{r}/pulls/{n}/edit", ROUTE_PAGE, pull_edit_get },
	{ "POST", "/{owner}/{r}/pulls/{n}/edit", ROUTE_PAGE, pull_edit_post },
	{ .method = NULL },
};
