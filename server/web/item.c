#include "server/web/item.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/web/composer.h"
#include "server/web/field.h"
#include "server/web/item_files.h"
#include "server/web/item_side.h"
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
item_state(struct web *w, const struct issue *i)
{
	if (i->merged)
		web_badge(w, "ask", "merged");
	else if (i->state == ISSUE_OPEN)
		web_badge(w, "good", i->draft ? "draft" : "open");
	else
		web_badge(w, "off", "closed");
}

void
item_path(struct str *out, const struct call *c, bool is_pull, int64_t number)
{
	str_addc(out, '/');
	esc_url(out, view_of(call_arg(c, 0)));
	str_addc(out, '/');
	esc_url(out, view_of(call_arg(c, 1)));
	str_addf(out, "/%s/%" PRId64, is_pull ? "pulls" : "issues", number);
}

bool
item_may_edit(struct web *w, const struct issue *i)
{
	return web_may(w, i->project_id, PERM_WRITE) ||
	    (!i->locked && web_may(w, i->project_id, PERM_DISCUSS) &&
		perm_edit(w->who->user_kind, w->who->user_id, i->author.id));
}

bool
item_may_speak(struct web *w, const struct issue *i)
{
	return web_may(w, i->project_id, i->locked ? PERM_WRITE : PERM_COMMENT);
}

const struct field item_title_field = { .name = "title",
	.label = "Title",
	.max = TITLE_LEN_MAX,
	.required = true };

bool
item_refused(const struct err *fail)
{
	return fail != NULL &&
	    (fail->code == ERR_INVALID || fail->code == ERR_LIMIT ||
		fail->code == ERR_BUSY || fail->code == ERR_EXISTS);
}

static void
item_say_form(struct web *w, const struct project *p, const struct issue *i,
    const char *draft)
{
	const struct composer x = { .p = p,
		.number = i->number,
		.label = web_may(w, p->id, PERM_WRITE)
		    ? "Say something. A first line like /fix is an order"
		    : "Say something",
		.value = draft,
		.say = "Comment",
		.rows = 4,
		.required = true,
		.is_pull = i->is_pull,
		.orders = true,
		.files = item_files_may(w, p, i->number, 0) };
	struct html *h = &w->h;

	if (!item_may_speak(w, i)) {
		if (i->locked && web_may(w, p->id, PERM_COMMENT))
			HTML_LEAF(h, "p", "hint",
			    "It is locked: only maintainers speak here.");
		return;
	}
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/comments", p->owner,
	    p->name, i->number);
	sign_form_value(w);
	composer_write(w, &x);
	html_end(h);
	item_files_form(w, p, i->number, 0);
}

void
item_say(struct web *w, const struct project *p, const struct issue *i)
{
	item_say_form(w, p, i, NULL);
}

void
item_title(struct web *w, const struct project *p, const struct issue *i)
{
	struct html *h = &w->h;

	web_project_nav(w, p, i->is_pull ? PART_PULLS : PART_ISSUES);
	HTML_CLASS(h, "div", "title");
	HTML_ATTR(h, "id", "item-title");
	HTML_FLAG(h, "data-live");
	HTML_TAG(h, "h1");
	HTML_LEAF(h, "bdi", "", i->title);
	HTML_LEAFF(h, "span", "sub", " #%" PRId64, i->number);
	html_end(h);
	item_state(w, i);
	if (!i->is_pull && item_may_edit(w, i)) {
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/issues/%" PRId64 "/edit", p->owner,
		    p->name, i->number);
		html_text(h, "Edit");
		HTML_LEAF(h, "span", "unseen", " title and text");
		html_end(h);
	}
	html_end(h);
}

/* One thing that was said, whole, or all of a page, and what one is about to
 * say. */
void
item_go(struct said *x)
{
	const struct web_head head = { .title = x->issue.title,
		.tab = "",
		.live = x->draft == NULL && x->why == NULL };
	int status = x->why != NULL ? 422 : 200;
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
		item_side_begin(&w);
		said_write(&w, x);
		said_draft(&w, x);
		item_say_form(&w, &x->p, &x->issue, x->draft);
		item_side_end(&w, &x->p, &x->issue);
	}
	web_reply(&w, status);
	said_free(x);
}

void
item_get(struct call *c)
{
	said_load(c, item_go);
}

const struct route web_item_routes[] = {
	{ "GET", "/{owner}/{r}/issues/{n}", ROUTE_PAGE, item_get },
	{ .method = NULL },
};
