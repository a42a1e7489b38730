#include "server/web/item.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_issue.h"
#include "server/store/issues.h"
#include "server/web/pull.h"
#include "server/web/query.h"
#include "server/web/said.h"
#include "server/web/sign.h"
#include "server/web/web.h"

void
item_link(struct web *w, const char *full_name, int64_t number, bool is_pull)
{
	const char *slash = strchr(full_name, '/');
	AUTO_FREE char *owner = NULL;

	if (slash == NULL)
		return;
	owner = xstrndup(full_name, (size_t)(slash - full_name));
	HTML_TAG(&w->h, "a");
	if (is_pull)
		HTML_URL(&w->h, "href", "/%s/%s/pulls/%" PRId64, owner,
		    slash + 1, number);
	else
		HTML_URL(&w->h, "href", "/%s/%s/issues/%" PRId64, owner,
		    slash + 1, number);
	html_textf(&w->h, "#%" PRId64, number);
	html_end(&w->h);
}

void
item_line(struct web *w, const struct project *p, const struct issue *i)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	HTML_TAG(h, "a");
	if (i->is_pull)
		HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64, p->owner, p->name,
		    i->number);
	else
		HTML_URL(h, "href", "/%s/%s/issues/%" PRId64, p->owner, p->name,
		    i->number);
	HTML_LEAF(h, "bdi", "", i->title);
	html_end(h);
	html_text(h, " ");
	HTML_CLASS(h, "span", "sub");
	html_textf(h, "#%" PRId64 ", %s, ", i->number, i->author.login);
	web_time(w, i->updated_at);
	if (i->comments > 0)
		html_textf(h, ", %" PRId64 " said", i->comments);
	html_end(h);
	html_end(h);
}

static void
item_state(struct web *w, const struct issue *i)
{
	if (i->merged)
		web_badge(w, "ask", "merged");
	else if (i->state == ISSUE_OPEN)
		web_badge(w, "good", i->draft ? "draft" : "open");
	else
		web_badge(w, "off", "closed");
}

/* Links between the open and the closed ones. */
static void
item_tabs(struct web *w, enum issue_state state)
{
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "State");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "?state=open");
	if (state == ISSUE_OPEN)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, "Open");
	html_end(&w->h);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "?state=closed");
	if (state != ISSUE_OPEN)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, "Closed");
	html_end(&w->h);
	html_end(&w->h);
}

static void
item_new_form(struct web *w, const struct project *p)
{
	struct html *h = &w->h;

	if (!web_may(w, p->id, PERM_DISCUSS))
		return;
	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "New issue");
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues", p->owner, p->name);
	sign_form_value(w);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "title");
	html_text(h, "Title");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "title");
	HTML_ATTR(h, "name", "title");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "maxlength", "255");
	HTML_FLAG(h, "required");
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "body");
	html_text(h, "What is it about? A first line like /plan is an order");
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "body");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", "4");
	HTML_ATTR(h, "maxlength", "60000");
	html_end(h);
	HTML_LEAF(h, "button", "primary", "Open issue");
	html_end(h);
	html_end(h);
}

static void
item_list(struct call *c, bool pulls)
{
	const struct web_head head = { .title = pulls ? "Pull requests"
						      : "Issues",
		.tab = "",
		.live = true };
	const char *state = call_query(c, "state");
	bool closed = state != NULL && strcmp(state, "closed") == 0;
	struct issue_filter f = { .state = closed ? ISSUE_CLOSED : ISSUE_OPEN,
		.is_pull = pulls ? 1 : 0 };
	struct issue_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;

	if (query_page(c, &page, &limit) == -1 ||
	    web_project(c, PERM_READ, &p) == -1)
		return;
	f.project_id = p.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	web_begin(&w, c, &head);
	web_project_title(&w, &p, pulls ? PART_PULLS : PART_ISSUES, head.title);
	if (pulls)
		pull_new_link(&w, &p);
	item_tabs(&w, f.state);
	if (issues_list(w.t, &f, &list, &e) == -1) {
		html_release(&w.h);
		project_release(&p);
		web_fail(c, &e);
		return;
	}
	if (list.total == 0)
		web_empty(&w, "There is none.", "");
	else
		HTML_CLASS(&w.h, "section", "card");
	HTML_CLASS(&w.h, "ul", "items");
	for (size_t i = 0; i < list.n; i++)
		item_line(&w, &p, &list.at[i]);
	html_end(&w.h);
	if (list.total > 0)
		html_end(&w.h);
	web_pager(&w, page, limit, list.total,
	    closed ? "&state=closed" : "&state=open");
	if (!pulls && page == 1)
		item_new_form(&w, &p);
	issue_list_release(&list);
	project_release(&p);
	web_reply(&w, 200);
}

static void
item_issues(struct call *c)
{
	item_list(c, false);
}

static void
item_pulls(struct call *c)
{
	item_list(c, true);
}

void
item_say(struct web *w, const struct project *p, const struct issue *i)
{
	struct html *h = &w->h;

	if (!web_may(w, p->id, PERM_COMMENT))
		return;
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/comments", p->owner,
	    p->name, i->number);
	sign_form_value(w);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "body");
	html_text(h,
	    web_may(w, p->id, PERM_WRITE)
		? "Say something. A first line like /fix is an order"
		: "Say something");
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "body");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", "4");
	HTML_ATTR(h, "maxlength", "60000");
	HTML_FLAG(h, "required");
	html_end(h);
	HTML_LEAF(h, "button", "primary", "Comment");
	html_end(h);
}

void
item_title(struct web *w, const struct project *p, const struct issue *i)
{
	struct html *h = &w->h;

	web_project_nav(w, p, i->is_pull ? PART_PULLS : PART_ISSUES);
	HTML_CLASS(h, "div", "title");
	HTML_TAG(h, "h1");
	HTML_LEAF(h, "bdi", "", i->title);
	HTML_LEAFF(h, "span", "sub", " #%" PRId64, i->number);
	html_end(h);
	item_state(w, i);
	html_end(h);
}

/* One thing that was said, whole, or all of a page. */
static void
item_go(struct said *x)
{
	const struct web_head head = {
		.title = x->issue.title, .tab = "", .live = true
	};
	struct web w;

	web_begin(&w, x->c, &head);
	if (x->which != -1) {
		HTML_CLASS(&w.h, "p", "filter");
		HTML_TAG(&w.h, "a");
		HTML_URL(&w.h, "href", "?page=1");
		html_text(&w.h, "All that was said");
		html_end(&w.h);
		html_end(&w.h);
		HTML_LEAF(&w.h, "h1", "", x->issue.title);
		said_write(&w, x);
	} else {
		item_title(&w, &x->p, &x->issue);
		said_write(&w, x);
		item_say(&w, &x->p, &x->issue);
	}
	web_reply(&w, 200);
	said_free(x);
}

void
item_get(struct call *c)
{
	said_load(c, item_go);
}

static void
item_told(const struct err *fail, void *arg, void *call)
{
	const struct svc_comment_create *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;
	int64_t page = 1;
	struct err e = ERR_INIT;
	struct issue i = { .id = 0 };

	if (!web_failed(c, fail)) {
		if (issues_get(db_reader(op->op.svc->db), op->project_id,
			op->item, &i, &e) == 0 &&
		    i.comments > 0)
			page = (i.comments - 1) / SAID_PAGE + 1;
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 0)));
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 1)));
		str_addf(&to, "/%s/%" PRId64 "?page=%" PRId64,
		    i.is_pull ? "pulls" : "issues", op->item, page);
		web_redirect(c, str_cstr(&to));
	}
	issue_release(&i);
	call_release(c);
}

static void __attribute__((format(printf, 2, 3)))
item_refuse(struct call *c, const char *fmt, ...)
{
	char what[120];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	web_error(c, 422, what);
}

static void
item_on_comment(struct call *c)
{
	struct svc_comment_create *op;
	AUTO_FREE char *body = NULL;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_COMMENT, &p) == -1) {
		form_release(&f);
		return;
	}
	body = form_text(&f, "body");
	if (body[0] == '\0' || strlen(body) > BODY_LEN_MAX) {
		item_refuse(c, "A comment has 1 to %d bytes; this one has %zu.",
		    BODY_LEN_MAX, strlen(body));
	} else {
		op = svc_comment_create_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->item = call_arg_id(c, 2);
		op->body = STEAL(body);
		call_hold(c);
		svc_comment_create(op, item_told, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_comment(struct call *c)
{
	web_take_form(c, item_on_comment);
}

static void
item_opened(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_create *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (!web_failed(c, fail)) {
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 0)));
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 1)));
		str_addf(&to, "/issues/%" PRId64, op->issue.number);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
item_on_open(struct call *c)
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
	if (title[0] == '\0' || strlen(title) > TITLE_LEN_MAX) {
		item_refuse(c, "A title has 1 to %d bytes; this one has %zu.",
		    TITLE_LEN_MAX, strlen(title));
	} else if (strlen(body) > BODY_LEN_MAX) {
		item_refuse(c,
		    "The text of an issue has at most %d bytes; this one has "
		    "%zu.",
		    BODY_LEN_MAX, strlen(body));
	} else {
		op = svc_issue_create_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->title = STEAL(title);
		op->body = STEAL(body);
		call_hold(c);
		svc_issue_create(op, item_opened, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_open(struct call *c)
{
	web_take_form(c, item_on_open);
}

const struct route web_item_routes[] = {
	{ "GET", "/{owner}/{r}/issues", ROUTE_PAGE, item_issues },
	{ "POST", "/{owner}/{r}/issues", ROUTE_PAGE, item_open },
	{ "GET", "/{owner}/{r}/pulls", ROUTE_PAGE, item_pulls },
	{ "GET", "/{owner}/{r}/issues/{n}", ROUTE_PAGE, item_get },
	{ "POST", "/{owner}/{r}/issues/{n}/comments", ROUTE_PAGE,
	    item_comment },
	{ .method = NULL },
};
