/* said_show: what was said, as articles with what hangs on them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/said.h"
#include "server/web/sign.h"

/* One text of the page. */
struct said_text {
	int64_t id; /* 0: the item's own */
	const struct author *by;
	int64_t at, edited, run;
	const char *body;
	struct view tokens;
};

static const struct said_word {
	const char *word, *mark, *name;
} said_words[] = {
	{ "+1", "👍", "thumbs up" },
	{ "-1", "👎", "thumbs down" },
	{ "laugh", "😄", "laugh" },
	{ "hooray", "🎉", "hooray" },
	{ "confused", "😕", "confused" },
	{ "heart", "❤️", "heart" },
	{ "rocket", "🚀", "rocket" },
	{ "eyes", "👀", "eyes" },
};

enum {
	SAID_WORDS = sizeof(said_words) / sizeof(said_words[0])
};

static void
said_body(struct web *w, const struct said *x, const struct said_text *t)
{
	AUTO_FREE char *project = xasprintf("%s/%s", x->p.owner, x->p.name);
	struct view whole = view_of(t->body), text = whole;
	struct html *h = &w->h;

	if (marks_try(w, project, t->tokens))
		return;
	if (x->which == -1 && t->id != -1)
		text = utf8_cut(whole, SAID_FIRST);
	marks_write(w, project, text, (struct view){ NULL, 0 });
	if (text.len == whole.len)
		return;
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "?said=%" PRId64, t->id);
	html_textf(h, "%zu bytes more", whole.len - text.len);
	html_end(h);
	html_end(h);
}

/* ---- reactions ---- */

static const struct reaction_count *
said_count_of(const struct said *x, int64_t id, const char *word)
{
	for (size_t i = 0; i < x->reactions.n; i++)
		if (x->reactions.at[i].comment_id == id &&
		    strcmp(x->reactions.at[i].content, word) == 0)
			return &x->reactions.at[i];
	return NULL;
}

/* A button of the one form below; it belongs to no form of its own, so that
 * what is said is renewed under the pointer. */
static void
said_react_button(struct web *w, const struct said_word *word, int64_t id,
    const struct reaction_count *n)
{
	struct html *h = &w->h;
	char value[64];
	bool mine = n != NULL && n->mine;

	(void)snprintf(value, sizeof(value), "%c%" PRId64 ":%s",
	    mine ? '-' : '+', id, word->word);
	HTML_TAG(h, "button");
	HTML_ATTR(h, "class", "react");
	HTML_ATTR(h, "form", "react");
	HTML_ATTR(h, "name", "react");
	HTML_ATTR(h, "value", value);
	HTML_ATTR(h, "aria-pressed", mine ? "true" : "false");
	HTML_LEAF(h, "span", "unseen", word->name);
	HTML_TAG(h, "span");
	HTML_ATTR(h, "aria-hidden", "true");
	html_text(h, word->mark);
	html_end(h);
	if (n != NULL)
		html_textf(h, " %" PRId64, n->n);
	html_end(h);
}

static void
said_reactions(
    struct web *w, const struct said *x, const struct said_text *t, bool may)
{
	struct html *h = &w->h;
	size_t used = 0;
	char id[40];

	for (size_t i = 0; i < SAID_WORDS; i++)
		used += said_count_of(x, t->id, said_words[i].word) != NULL;
	if (used == 0 && !may)
		return;
	HTML_CLASS(h, "div", "reactions");
	for (size_t i = 0; i < SAID_WORDS; i++) {
		const struct reaction_count *n = said_count_of(
		    x, t->id, said_words[i].word);

		if (n == NULL)
			continue;
		if (may) {
			said_react_button(w, &said_words[i], t->id, n);
			continue;
		}
		HTML_CLASS(h, "span", "react");
		HTML_LEAF(h, "span", "unseen", said_words[i].name);
		HTML_TAG(h, "span");
		HTML_ATTR(h, "aria-hidden", "true");
		html_text(h, said_words[i].mark);
		html_end(h);
		html_textf(h, " %" PRId64, n->n);
		html_end(h);
	}
	if (may && used < SAID_WORDS) {
		(void)snprintf(id, sizeof(id), "react-%" PRId64, t->id);
		HTML_CLASS(h, "details", "more");
		HTML_ATTR(h, "id", id); /* so that it stays unfolded */
		HTML_LEAF(h, "summary", "", "React");
		for (size_t i = 0; i < SAID_WORDS; i++)
			if (said_count_of(x, t->id, said_words[i].word) == NULL)
				said_react_button(
				    w, &said_words[i], t->id, NULL);
		html_end(h);
	}
	html_end(h);
}

/* ---- attachments ---- */

static void
said_files(struct web *w, const struct attachment_list *l, int64_t comment)
{
	struct html *h = &w->h;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct attachment *a = &l->at[i];

		if (a->target.comment_id != comment)
			continue;
		if (n++ == 0) {
			HTML_TAG(h, "ul");
			HTML_ATTR(h, "class", "files");
			HTML_ATTR(h, "aria-label", "Attached");
		}
		HTML_TAG(h, "li");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/attachments/%s", a->uuid);
		html_shown(h, a->name);
		html_end(h);
		html_text(h, " ");
		HTML_CLASS(h, "span", "sub");
		web_bytes(w, a->size);
		html_end(h);
		html_end(h);
	}
	if (n > 0)
		html_end(h);
}

/* ---- one of them ---- */

struct said_may {
	bool speak, edit; /* edit: the item's own text */
};

/* May who looks change it?  As svc_comment_edit has it. */
static bool
said_may_change(
    const struct web *w, const struct said_may *may, const struct said_text *t)
{
	if (t->id == 0)
		return may->edit;
	return may->speak &&
	    perm_edit_comment(w->who->user_kind, w->who->user_id, t->by->id);
}

/* A link to what it was. */
static void
said_edited(struct web *w, const struct said *x, const struct said_text *t)
{
	struct html *h = &w->h;

	html_text(h, ", ");
	HTML_TAG(h, "a");
	if (t->id == 0)
		HTML_URL(h, "href", "/%s/%s/issues/%" PRId64 "/history",
		    x->p.owner, x->p.name, x->issue.number);
	else
		HTML_URL(h, "href",
		    "/%s/%s/issues/%" PRId64 "/comments/%" PRId64 "/history",
		    x->p.owner, x->p.name, x->issue.number, t->id);
	html_text(h, "edited");
	html_end(h);
}

static void
said_head(struct web *w, const struct said *x, const struct said_text *t,
    const struct said_may *may)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "p", "line");
	HTML_LEAF(h, "strong", "", t->by->login);
	html_text(h, " ");
	HTML_CLASS(h, "span", "sub");
	if (t->id != 0) {
		AUTO_FREE char *at = xasprintf("#issuecomment-%" PRId64, t->id);

		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", at);
		web_time(w, t->at);
		html_end(h);
	} else {
		web_time(w, t->at);
	}
	if (t->edited != 0)
		said_edited(w, x, t);
	if (t->run != 0) {
		html_text(h, ", of ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/runs/%" PRId64, t->run);
		html_textf(h, "run %" PRId64, t->run);
		html_end(h);
	}
	html_end(h);
	if (said_may_change(w, may, t)) {
		HTML_TAG(h, "a");
		HTML_ATTR(h, "class", "change");
		if (t->id == 0)
			HTML_URL(h, "href", "/%s/%s/%s/%" PRId64 "/edit",
			    x->p.owner, x->p.name,
			    x->issue.is_pull ? "pulls" : "issues",
			    x->issue.number);
		else
			HTML_URL(h, "href",
			    "/%s/%s/issues/%" PRId64 "/comments/%" PRId64,
			    x->p.owner, x->p.name, x->issue.number, t->id);
		html_text(h, "Edit");
		HTML_LEAFF(h, "span", "unseen", " what %s said", t->by->login);
		html_end(h);
	}
	html_end(h);
}

static void
said_one(struct web *w, const struct said *x, const struct said_text *t,
    const struct said_may *may)
{
	struct html *h = &w->h;
	char id[40];

	HTML_TAG(h, "article");
	HTML_ATTR(h, "class", "card said");
	if (t->id != 0) {
		(void)snprintf(id, sizeof(id), "issuecomment-%" PRId64, t->id);
		HTML_ATTR(h, "id", id);
	}
	said_head(w, x, t, may);
	if (t->body[0] != '\0')
		said_body(w, x, t);
	said_files(w, t->id == 0 ? &x->own_files : &x->files, t->id);
	said_reactions(w, x, t, may->speak);
	html_end(h);
}

static void
said_own(struct web *w, const struct said *x, const struct said_may *may)
{
	const struct said_text t = { .by = &x->issue.author,
		.at = x->issue.created_at,
		.edited = x->issue.version > 0 ? x->issue.updated_at : 0,
		.body = x->issue.body,
		.tokens = x->marks.tokens[said_first(x) - 1] };

	said_one(w, x, &t, may);
}

static void
said_comment(
    struct web *w, const struct said *x, size_t i, const struct said_may *may)
{
	const struct comment *k = &x->list.at[i];
	const struct said_text t = { .id = k->id,
		.by = &k->author,
		.at = k->created_at,
		.edited = k->updated_at > k->created_at ? k->updated_at : 0,
		.run = k->run_id,
		.body = k->body,
		.tokens = x->marks.tokens[said_first(x) + i] };

	said_one(w, x, &t, may);
}

static void
said_ref(struct web *w, const struct said *x, const struct timeline_ref *r,
    const struct said_may *may)
{
	for (size_t i = 0; r->is_comment && i < x->list.n; i++)
		if (x->list.at[i].id == r->id)
			said_comment(w, x, i, may);
	for (size_t i = 0; !r->is_comment && i < x->done.n; i++)
		if (x->done.at[i].id == r->id)
			(void)said_line(w, x, &x->done.at[i]);
}

/* The form that the buttons of reactions belong to. */
static void
said_react_form(struct web *w, const struct said *x)
{
	struct html *h = &w->h;
	char page[16];

	(void)snprintf(page, sizeof(page), "%u", x->page);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "id", "react");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/react", x->p.owner,
	    x->p.name, x->issue.number);
	sign_form_value(w);
	field_hidden(w, "page", page);
	html_end(h);
}

static void
said_page_link(struct web *w, int64_t page, const char *text)
{
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "?page=%u", (unsigned)page);
	html_text(&w->h, text);
	html_end(&w->h);
}

/* The oldest is the first, and the newest is what one looks for. */
static void
said_pager_links(struct web *w, const struct said *x)
{
	int64_t last = said_last_page(x->refs.total);

	if (last == 1 && x->page == 1)
		return;
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "pager");
	HTML_ATTR(&w->h, "aria-label", "Pages");
	if (x->page > 1) {
		said_page_link(w, 1, "First");
		said_page_link(w, x->page - 1, "Earlier");
	}
	HTML_LEAFF(&w->h, "span", "", "page %u of %" PRId64, x->page, last);
	if (x->page < last) {
		said_page_link(w, x->page + 1, "Later");
		said_page_link(w, last, "Last");
	}
	html_end(&w->h);
}

/* By how much there is, app.js tells what came on another page. */
static void
said_pager(struct web *w, const struct said *x)
{
	char total[24], last[24];

	(void)snprintf(total, sizeof(total), "%" PRId64, x->refs.total);
	(void)snprintf(
	    last, sizeof(last), "%" PRId64, said_last_page(x->refs.total));
	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "said-pages");
	HTML_FLAG(&w->h, "data-live");
	HTML_ATTR(&w->h, "data-total", total);
	if (x->page < said_last_page(x->refs.total))
		HTML_ATTR(&w->h, "data-last", last);
	said_pager_links(w, x);
	html_end(&w->h);
}

void
said_write(struct web *w, const struct said *x)
{
	const struct said_may may = { .speak = item_may_speak(w, &x->issue),
		.edit = item_may_edit(w, &x->issue) };

	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "said");
	HTML_FLAG(&w->h, "data-live");
	if (said_has_own(x))
		said_own(w, x, &may);
	if (x->which > 0)
		said_comment(w, x, 0, &may);
	for (size_t i = 0; x->which == -1 && i < x->refs.n; i++)
		said_ref(w, x, &x->refs.at[i], &may);
	html_end(&w->h);
	if (may.speak)
		said_react_form(w, x);
	if (x->which == -1)
		said_pager(w, x);
}

/* What the text says by now that somebody else edited, when the draft of
 * another was refused for it. */
static void
said_meanwhile(struct web *w, const struct said *x)
{
	struct said_text t = { .id = -1 };

	if (!said_stale(x))
		return;
	t.body = x->which == 0 ? x->issue.body : x->list.at[0].body;
	t.tokens = x->marks.tokens[x->draft != NULL];
	HTML_CLASS(&w->h, "section", "card");
	HTML_ATTR(&w->h, "id", "meanwhile");
	HTML_LEAF(&w->h, "h2", "", "What it says now");
	if (x->which == 0) {
		HTML_TAG(&w->h, "p");
		HTML_LEAF(&w->h, "strong", "", x->issue.title);
		html_end(&w->h);
	}
	if (t.body[0] == '\0')
		HTML_LEAF(&w->h, "p", "none", "No text.");
	else
		said_body(w, x, &t);
	HTML_LEAF(&w->h, "p", "hint",
	    "Take over what you want of it: saved, your text below takes its "
	    "place.");
	html_end(&w->h);
}

void
said_draft(struct web *w, const struct said *x)
{
	const struct said_text t = { .id = -1,
		.body = svc_text(x->draft),
		.tokens = x->marks.tokens[0] };

	if (x->why != NULL) {
		HTML_TAG(&w->h, "p");
		HTML_ATTR(&w->h, "class", "alert");
		HTML_ATTR(&w->h, "role", "alert");
		if (said_stale(x))
			html_text(&w->h,
			    "Somebody changed this text since you opened it. "
			    "Nothing was saved yet.");
		else
			web_why(w, x->why);
		html_end(&w->h);
		said_meanwhile(w, x);
	}
	/* What is too long to be said is in the field alone. */
	if (x->draft == NULL || strlen(x->draft) > BODY_LEN_MAX)
		return;
	HTML_TAG(&w->h, "section");
	HTML_ATTR(&w->h, "class", "card preview");
	HTML_ATTR(&w->h, "id", "preview");
	HTML_LEAF(&w->h, "h2", "", "Preview");
	if (x->draft[0] == '\0')
		HTML_LEAF(&w->h, "p", "none", "No text.");
	else
		said_body(w, x, &t);
	html_end(&w->h);
}
