/* notice: what concerns whoever is signed in: unread, read or all, marked. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "server/service/svc_notice.h"
#include "server/web/field.h"
#include "server/web/query.h"
#include "server/web/sign.h"
#include "server/web/web.h"

static const struct notice_show {
	const char *word, *text, *none;
	bool unread, read, pinned;
} notice_shows[] = {
	{ "unread", "Unread", "Nothing that concerns you is unread.", true,
	    false, true },
	{ "read", "Read", "You read nothing yet.", false, true, false },
	{ "all", "All", "Nothing concerned you yet.", true, true, true },
};

enum {
	NOTICE_SHOWS = sizeof(notice_shows) / sizeof(notice_shows[0])
};

static const struct notice_show *
notice_show_of(const char *word)
{
	for (size_t i = 0; word != NULL && i < NOTICE_SHOWS; i++)
		if (strcmp(notice_shows[i].word, word) == 0)
			return &notice_shows[i];
	return &notice_shows[0];
}

int64_t
web_unread(const struct web *w)
{
	const struct notice_filter f = { .account_id = w->who->user_id,
		.sees_all = svc_viewer(w->who) == 0 };
	struct err e = ERR_INIT;
	int64_t n = 0;

	if (notices_unread(w->t, &f, &n, &e) == -1)
		log_error("web notices reason=%s", log_val(e.msg));
	return n;
}

static void
notice_tabs(struct web *w, const struct notice_show *at)
{
	struct html *h = &w->h;

	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "tabs");
	HTML_ATTR(h, "aria-label", "Which");
	for (size_t i = 0; i < NOTICE_SHOWS; i++) {
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "?show=%s", notice_shows[i].word);
		if (at == &notice_shows[i])
			HTML_ATTR(h, "aria-current", "page");
		html_text(h, notice_shows[i].text);
		html_end(h);
	}
	html_end(h);
}

/* A form of one button: id 0 is all of them. */
static void
notice_button(struct web *w, const struct notice_show *show, int64_t id,
    const char *to, const char *text, const char *of)
{
	struct html *h = &w->h;
	char number[24];

	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/notifications");
	sign_form_value(w);
	field_hidden(w, "show", show->word);
	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	field_hidden(w, "id", number);
	if (id == 0) {
		/* What came since the page was made stays unread. */
		(void)snprintf(number, sizeof(number), "%" PRId64, w->now);
		field_hidden(w, "until", number);
	}
	HTML_CLASS(h, "button", "quiet");
	HTML_ATTR(h, "name", "to");
	HTML_ATTR(h, "value", to);
	html_text(h, text);
	if (of != NULL) {
		HTML_CLASS(h, "span", "unseen");
		html_text(h, ": ");
		html_shown(h, of);
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
notice_address(struct web *w, const struct notice *n, bool said)
{
	const char *slash = strchr(n->project, '/');
	char owner[NAME_LEN_MAX + 1];

	(void)snprintf(owner, sizeof(owner), "%.*s",
	    (int)(slash != NULL ? slash - n->project : 0), n->project);
	slash = slash != NULL ? slash + 1 : "";
	if (said && n->is_pull)
		HTML_URL(&w->h, "href",
		    "/%s/%s/pulls/%" PRId64 "?said=%" PRId64, owner, slash,
		    n->item, n->comment_id);
	else if (said)
		HTML_URL(&w->h, "href",
		    "/%s/%s/issues/%" PRId64 "?said=%" PRId64, owner, slash,
		    n->item, n->comment_id);
	else if (n->is_pull)
		HTML_URL(&w->h, "href", "/%s/%s/pulls/%" PRId64, owner, slash,
		    n->item);
	else
		HTML_URL(&w->h, "href", "/%s/%s/issues/%" PRId64, owner, slash,
		    n->item);
}

static void
notice_row(
    struct web *w, const struct notice_show *show, const struct notice *n)
{
	const bool read = n->status == NOTICE_READ;
	struct html *h = &w->h;

	HTML_CLASS(h, "li", read ? "notice" : "notice unread");
	HTML_TAG(h, "div");
	web_badge(w,
	    n->merged                    ? "ask"
		: n->state == ISSUE_OPEN ? "good"
					 : "off",
	    n->merged                    ? "merged"
		: n->state == ISSUE_OPEN ? "open"
					 : "closed");
	html_text(h, " ");
	HTML_TAG(h, "a");
	notice_address(w, n, false);
	HTML_LEAF(h, "bdi", "", n->title);
	html_end(h);
	HTML_CLASS(h, "span", "sub");
	html_textf(h, " %s ", n->is_pull ? "pull request" : "issue");
	html_shown(h, n->project);
	html_textf(h, "#%" PRId64 ", ", n->item);
	web_time(w, n->updated_at);
	if (n->comment_id != 0) {
		html_text(h, " · ");
		HTML_TAG(h, "a");
		notice_address(w, n, true);
		html_text(h, "what was said last");
		html_end(h);
	}
	if (n->status == NOTICE_PINNED)
		html_text(h, " · kept");
	html_end(h);
	html_end(h);
	HTML_CLASS(h, "div", "row");
	if (!read)
		notice_button(w, show, n->id, "read", "Mark read", n->title);
	if (n->status != NOTICE_UNREAD)
		notice_button(
		    w, show, n->id, "unread", "Mark unread", n->title);
	if (n->status != NOTICE_PINNED)
		notice_button(w, show, n->id, "pinned", "Keep", n->title);
	html_end(h);
	html_end(h);
}

static void
notice_rows(struct web *w, const struct notice_show *show,
    const struct notice_list *list)
{
	struct html *h = &w->h;

	if (list->n == 0) {
		web_empty(w, show->none, "");
		HTML_LEAF(h, "p", "sub",
		    "You are told of what names you, asks you for a review or "
		    "is assigned to you, of what you spoke on, and of the "
		    "projects that you watch.");
		return;
	}
	if (show->unread)
		notice_button(w, show, 0, "read", "Mark all read", NULL);
	HTML_CLASS(h, "section", "card");
	HTML_CLASS(h, "ul", "items");
	for (size_t i = 0; i < list->n; i++)
		notice_row(w, show, &list->at[i]);
	html_end(h);
	html_end(h);
}

static void
notice_get(struct call *c)
{
	const struct web_head head = {
		.title = "Notifications", .tab = "Notifications", .live = true
	};
	const struct notice_show *show = notice_show_of(call_query(c, "show"));
	struct notice_filter f = { .account_id = call_who(c)->user_id,
		.sees_all = svc_viewer(call_who(c)) == 0,
		.unread = show->unread,
		.read = show->read,
		.pinned = show->pinned };
	struct notice_list list = { .n = 0 };
	struct err e = ERR_INIT;
	char query[24];
	uint32_t page, limit;
	struct web w;

	if (query_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	web_begin(&w, c, &head);
	if (notices_list(w.t, &f, &list, &e) == -1)
		log_error("web notices reason=%s", log_val(e.msg));
	HTML_LEAF(&w.h, "h1", "", "Notifications");
	notice_tabs(&w, show);
	HTML_TAG(&w.h, "div");
	HTML_ATTR(&w.h, "id", "notices");
	HTML_FLAG(&w.h, "data-live");
	notice_rows(&w, show, &list);
	html_end(&w.h);
	(void)snprintf(query, sizeof(query), "&show=%s", show->word);
	web_pager(&w, page, limit, list.total, query);
	notice_list_release(&list);
	web_reply(&w, 200);
}

static void
notice_marked(const struct err *fail, void *arg, void *call)
{
	const struct svc_notice_mark *op = arg;
	struct call *c = call;
	char to[48];

	if (!web_failed(c, fail)) {
		(void)snprintf(to, sizeof(to), "/-/notifications%s",
		    op->filter.unread && op->filter.read ? "?show=all"
			: op->filter.read                ? "?show=read"
							 : "");
		web_redirect(c, to);
	}
	call_release(c);
}

static void
notice_on_mark(struct call *c)
{
	const struct notice_show *show;
	struct svc_notice_mark *op;
	struct err e = ERR_INIT;
	int64_t id = 0, until = 0;
	struct form f;
	int to;

	if (web_form(c, &f) == -1)
		return;
	show = notice_show_of(form_get(&f, "show"));
	to = notice_status_parse(form_get(&f, "to"));
	if (to == -1 ||
	    num_i64(form_get(&f, "id"), 0, INT64_MAX, &id, &e) == -1 ||
	    (id == 0 &&
		num_i64(form_get(&f, "until"), 1, INT64_MAX - 1, &until, &e) ==
		    -1)) {
		form_release(&f);
		web_error(
		    c, 422, "Load the page again: the form is not whole.");
		return;
	}
	form_release(&f);
	op = svc_notice_mark_new(call_app(c), call_who(c));
	op->filter.unread = show->unread;
	op->filter.read = show->read;
	op->id = id;
	op->until = until;
	op->to = (enum notice_status)to;
	call_hold(c);
	svc_notice_mark(op, notice_marked, c);
}

static void
notice_mark(struct call *c)
{
	web_take_form(c, notice_on_mark);
}

const struct route web_notice_routes[] = {
	{ "GET", "/-/notifications", ROUTE_PAGE, notice_get },
	{ "POST", "/-/notifications", ROUTE_PAGE, notice_mark },
	{ .method = NULL },
};
