/* item_past: what a text was before it was changed, the newest first. */
#include <inttypes.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/revisions.h"
#include "server/store/words_target.h"
#include "server/web/item.h"
#include "server/web/query.h"
#include "server/web/web.h"

enum {
	ITEM_PAST_PAGE = 5 /* whole texts, each as long as one may be */
};

static void
item_past_one(struct web *w, const struct revision *r)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "article", "card said");
	HTML_CLASS(h, "p", "line");
	html_text(h, "Until ");
	HTML_LEAF(h, "strong", "", r->author.login);
	html_text(h, " changed it, ");
	HTML_CLASS(h, "span", "sub");
	web_time(w, r->at);
	html_end(h);
	html_end(h);
	HTML_CLASS(h, "div", "words");
	html_text(h, r->body);
	html_end(h);
	html_end(h);
}

static void
item_past_write(struct web *w, const struct words_target *of, bool is_pull,
    const struct revision_list *list, uint32_t page)
{
	size_t skip = (size_t)(page - 1) * ITEM_PAST_PAGE;
	AUTO_STR struct str back = STR_INIT;
	struct html *h = &w->h;

	item_path(&back, w->c, is_pull, of->item);
	HTML_LEAF(h, "h1", "", "What it said before");
	HTML_CLASS(h, "p", "filter sub");
	html_text(h, "On ");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&back));
	html_textf(h, "#%" PRId64, of->item);
	html_end(h);
	html_end(h);
	if (list->n == 0)
		web_empty(w, "It was never changed.", "");
	for (size_t i = skip; i < list->n && i < skip + ITEM_PAST_PAGE; i++)
		item_past_one(w, &list->at[list->n - 1 - i]);
	web_pager(w, page, ITEM_PAST_PAGE, (int64_t)list->n, "");
}

static void
item_past_get(struct call *c, bool of_comment)
{
	const struct web_head head = { .title = "What it said before",
		.tab = "" };
	struct words_state state = { .is_pull = false };
	struct revision_list list = { .n = 0 };
	struct words_target of;
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;

	if (query_page(c, &page, &limit) == -1 ||
	    web_project(c, PERM_READ, &p) == -1)
		return;
	of = (struct words_target){ .project_id = p.id,
		.item = call_arg_id(c, 2),
		.comment_id = of_comment ? call_arg_id(c, 3) : 0 };
	project_release(&p);
	if (words_target_get(db_reader(s->db), &of, &state, &e) == -1 ||
	    revisions_list(db_reader(s->db), &of, &list, &e) == -1) {
		web_fail(c, &e);
		return;
	}
	web_begin(&w, c, &head);
	item_past_write(&w, &of, state.is_pull, &list, page);
	revision_list_release(&list);
	web_reply(&w, 200);
}

static void
item_past_item(struct call *c)
{
	item_past_get(c, false);
}

static void
item_past_comment(struct call *c)
{
	item_past_get(c, true);
}

const struct route web_item_past_routes[] = {
	{ "GET", "/{owner}/{r}/issues/{n}/history", ROUTE_PAGE,
	    item_past_item },
	{ "GET", "/{owner}/{r}/issues/{n}/comments/{id}/history", ROUTE_PAGE,
	    item_past_comment },
	{ .method = NULL },
};
