#include "server/web/said.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/web/markdown.h"
#include "server/web/query.h"
#include "server/web/sign.h"

/* One text of the page. */
struct said_text {
	int64_t id; /* 0: the item's own */
	const struct author *by;
	int64_t at, edited;
	const char *body;
	struct view tokens;
};

/* Does a page begin with the item's own text? */
static bool
said_has_own(const struct said *x)
{
	return x->which == 0 || (x->which == -1 && x->page == 1);
}

static size_t
said_count(const struct said *x)
{
	return x->list.n + (said_has_own(x) ? 1 : 0);
}

static void
said_get(const struct said *x, size_t i, struct said_text *out)
{
	const struct comment *k;

	*out = (struct said_text){ .by = &x->issue.author,
		.at = x->issue.created_at,
		.body = x->issue.body,
		.tokens = x->tokens[i] };
	if (said_has_own(x) && i-- == 0)
		return;
	k = &x->list.at[i];
	out->id = k->id;
	out->by = &k->author;
	out->at = k->created_at;
	out->edited = k->updated_at > k->created_at ? k->updated_at : 0;
	out->body = k->body;
}

void
said_free(struct said *x)
{
	struct call *c = x->c;

	project_release(&x->p);
	issue_release(&x->issue);
	comment_list_release(&x->list);
	str_release(&x->raw);
	free(x);
	call_release(c);
}

struct said_wait {
	struct said *x;
	said_go_fn *go;
	size_t asked; /* texts, the first ones */
};

static void
said_on_markdown(const struct git_result *res, void *arg)
{
	struct said_wait *wait = arg;
	struct said *x = wait->x;
	said_go_fn *go = wait->go;
	size_t at = 0, i = 0;

	/* Texts that nobody could take apart are shown as they are. */
	if (res->fail == NULL) {
		str_addv(&x->raw, res->raw);
		for (const struct json *n =
			 json_first(json_get(res->j, "sizes"));
		     n != NULL && i < wait->asked; n = json_next(n), i++) {
			size_t size = (size_t)json_integer(n, 0);

			if (size > x->raw.len - at)
				break;
			x->tokens[i] = (struct view){ x->raw.p + at, size };
			at += size;
		}
	}
	free(wait);
	go(x);
}

static void
said_ask(struct said *x, said_go_fn *go)
{
	struct svc *s = call_app(x->c);
	struct said_wait *wait = xcalloc(1, sizeof(*wait));
	struct view texts[SAID_TEXTS];
	size_t n = said_count(x), sum = 0;

	*wait = (struct said_wait){ .x = x, .go = go };
	for (size_t i = 0; i < n && i < SAID_TEXTS; i++) {
		struct said_text t;

		said_get(x, i, &t);
		texts[i] = view_of(t.body);
		sum += texts[i].len;
		if (sum > SAID_RENDER_MAX)
			break;
		wait->asked++;
	}
	gitask_markdowns(
	    s->git, x->p.id, texts, wait->asked, said_on_markdown, wait);
}

/* ?said=ID: that one alone. */
static int
said_alone(struct said *x, const char *which, struct err *e)
{
	struct svc *s = call_app(x->c);
	struct comment *one;

	if (num_i64(which, 0, INT64_MAX, &x->which, e) == -1)
		return -1;
	if (x->which == 0)
		return 0;
	one = xcalloc(1, sizeof(*one));
	x->list.at = one;
	if (comments_get(db_reader(s->db), x->p.id, x->which, one, e) == -1)
		return -1;
	x->list.n = 1;
	if (one->item != x->issue.number)
		return err_set(e, ERR_NOTFOUND, "that was not said here");
	return 0;
}

static int
said_rows(struct said *x, struct err *e)
{
	struct svc *s = call_app(x->c);
	struct txn *t = db_reader(s->db);
	const char *which = call_query(x->c, "said");

	if (issues_get(t, x->p.id, call_arg_id(x->c, 2), &x->issue, e) == -1)
		return -1;
	if (which != NULL)
		return said_alone(x, which, e);
	return comments_list(t, x->p.id, x->issue.number, SAID_PAGE,
	    (int64_t)(x->page - 1) * SAID_PAGE, &x->list, e);
}

void
said_load(struct call *c, said_go_fn *go)
{
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct said *x;

	if (query_page(c, &page, &limit) == -1 ||
	    web_project(c, PERM_READ, &p) == -1)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->p = p;
	x->page = page;
	x->which = -1;
	call_hold(c);
	if (said_rows(x, &e) == -1) {
		web_fail(c, &e);
		said_free(x);
		return;
	}
	said_ask(x, go);
}

static void
said_body(struct web *w, const struct said *x, const struct said_text *t)
{
	AUTO_FREE char *project = xasprintf("%s/%s", x->p.owner, x->p.name);
	const struct web_markdown ctx = { .project = project };
	size_t len = strlen(t->body), n = len;
	struct html *h = &w->h;

	if (t->tokens.len > 0 || len == 0) {
		web_markdown(w, &ctx, t->tokens);
		return;
	}
	if (n > SAID_FIRST && x->which == -1) {
		n = SAID_FIRST;
		while (n > 0 && (t->body[n] & 0xc0) == 0x80)
			n--;
	}
	HTML_CLASS(h, "div", "words whole");
	html_textv(h, (struct view){ t->body, n });
	html_end(h);
	if (n == len)
		return;
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "?said=%" PRId64, t->id);
	html_textf(h, "%zu bytes more", len - n);
	html_end(h);
	html_end(h);
}

static void
said_one(struct web *w, const struct said *x, const struct said_text *t)
{
	struct html *h = &w->h;
	char id[40];

	HTML_TAG(h, "article");
	HTML_ATTR(h, "class", "card said");
	if (t->id != 0) {
		(void)snprintf(id, sizeof(id), "issuecomment-%" PRId64, t->id);
		HTML_ATTR(h, "id", id);
	}
	HTML_CLASS(h, "p", "line");
	HTML_LEAF(h, "strong", "", t->by->login);
	html_text(h, " ");
	HTML_CLASS(h, "span", "sub");
	web_time(w, t->at);
	if (t->edited != 0)
		html_text(h, ", edited");
	html_end(h);
	html_end(h);
	if (t->body[0] != '\0')
		said_body(w, x, t);
	html_end(h);
}

void
said_write(struct web *w, const struct said *x)
{
	size_t n = said_count(x);

	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "said");
	HTML_FLAG(&w->h, "data-live");
	for (size_t i = 0; i < n; i++) {
		struct said_text t;

		said_get(x, i, &t);
		said_one(w, x, &t);
	}
	html_end(&w->h);
	if (x->which == -1)
		web_pager(w, x->page, SAID_PAGE, x->list.total, "");
}
