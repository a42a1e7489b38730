#include "server/web/pull_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "server/domain/perm.h"
#include "server/domain/pull_rule.h"
#include "server/store/review_comments.h"
#include "server/web/diff.h"
#include "server/web/field.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

enum {
	PULL_WORDS_PAGE_MAX = 256 << 10, /* bytes that are shown at once */
	PULL_WORDS_END = 2 << 20, /* bytes of a page that gets no more words */
	PULL_WORDS_CONTEXT = 4    /* lines that are shown of one gone */
};

/* ---- rows and their marks ---- */

void
pull_words_release(struct pull_words *x)
{
	for (size_t i = 0; x->texts != NULL && i < x->list.n; i++)
		free(x->texts[i]);
	free(x->texts);
	marks_release(&x->marks);
	review_comment_list_release(&x->list);
}

static char *
pull_words_text(const struct review_comment *r)
{
	AUTO_STR struct str lines = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct view block = { "", 0 };

	if (!pull_rule_suggestion_in(view_of(r->body), &lines, &block))
		return xstrdup(r->body);
	str_addn(&text, r->body, (size_t)(block.p - r->body));
	str_add(&text, block.p + block.len);
	return str_steal(&text);
}

void
pull_words_load(struct call *c, const struct project *p,
    const struct pull *pull, struct pull_words *out, marks_go_fn *go, void *arg)
{
	const struct review_comment_filter f = { .project_id = p->id,
		.item = pull->issue.number,
		.viewer_id = call_who(c)->user_id };
	const char *whole = call_query(c, "whole");
	struct svc *s = call_app(c);
	AUTO_FREE struct view *texts = NULL;
	struct err e = ERR_INIT;

	*out = (struct pull_words){ .p = p, .pull = pull };
	out->at = call_query(c, "say");
	out->alone = call_query(c, "file");
	if (out->alone != NULL && out->alone[0] == '\0')
		out->alone = NULL;
	out->suggest = call_query(c, "suggest") != NULL;
	out->left = PULL_WORDS_PAGE_MAX;
	if (whole != NULL)
		(void)num_i64(whole, 0, INT64_MAX, &out->whole, &e);
	e = ERR_INIT;
	if (review_comments_list(db_reader(s->db), &f, &out->list, &e) == -1)
		log_error("web words reason=%s", log_val(e.msg));
	out->texts = xcalloc(out->list.n + 1, sizeof(*out->texts));
	texts = xcalloc(out->list.n + 1, sizeof(*texts));
	for (size_t i = 0; i < out->list.n; i++) {
		out->texts[i] = pull_words_text(&out->list.at[i]);
		texts[i] = view_of(out->texts[i]);
	}
	marks_ask(s, p->id, texts, out->list.n, &out->marks, go, arg);
}

void
pull_words_begin(struct web *w, struct pull_words *x)
{
	bool may = web_may(w, x->p->id, PERM_DISCUSS);

	x->may_write = web_may(w, x->p->id, PERM_WRITE);
	x->may_say = may && (!x->pull->issue.locked || x->may_write);
	x->begun = may ? pull_begun(w, x->pull) : 0;
}

/* ---- where they are ---- */

/* Does a thread begin with it?  An answer whose first word is gone does. */
static bool
pull_words_first(struct pull_words *x, size_t i)
{
	if (x->list.at[i].reply_to == 0)
		return true;
	for (size_t k = 0; k < i; k++)
		if (x->list.at[k].id == x->list.at[i].reply_to)
			return false;
	return true;
}

static bool
pull_words_here(const struct review_comment *r, const struct diff_at *at)
{
	return !r->outdated && r->line == at->n &&
	    (r->side == REVIEW_SIDE_OLD) == (at->side == '-') &&
	    strcmp(r->path, at->path) == 0;
}

static bool
pull_words_form_here(struct pull_words *x, const struct diff_at *at)
{
	char text[16];

	if (!x->may_say || x->at == NULL || x->alone == NULL ||
	    strcmp(x->alone, at->path) != 0)
		return false;
	(void)snprintf(
	    text, sizeof(text), "%c%u", at->side == '-' ? 'L' : 'R', at->n);
	return strcmp(text, x->at) == 0;
}

bool
pull_words_has(const struct diff_at *at, void *arg)
{
	struct pull_words *x = arg;

	for (size_t i = 0; i < x->list.n; i++)
		if (pull_words_here(&x->list.at[i], at))
			return true;
	return pull_words_form_here(x, at);
}

/* ---- lines of a change ---- */

static void
pull_words_row(struct web *w, char sign, struct view text)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	HTML_CLASS(h, "td", sign == '+' ? "add" : sign == '-' ? "del" : "same");
	web_diff_text(h, text);
	html_end(h);
	html_end(h);
}

static void
pull_words_table(struct web *w, const char *label)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "div", "lines small-diff");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "role", "region");
	HTML_ATTR(h, "aria-label", label);
	HTML_CLASS(h, "table", "unified");
	HTML_TAG(h, "tbody");
}

static void
pull_words_table_end(struct web *w)
{
	html_end(&w->h);
	html_end(&w->h);
	html_end(&w->h);
}

/* The last lines of a hunk: that which was spoken of is the last. */
static struct view
pull_words_tail(const char *hunk, size_t lines)
{
	struct view all = view_of(hunk);
	size_t at;

	while (all.len > 0 && all.p[all.len - 1] == '\n')
		all.len--;
	at = all.len;
	for (; lines > 0 && at > 0; lines--) {
		while (at > 0 && all.p[at - 1] != '\n')
			at--;
		if (lines > 1 && at > 0)
			at--;
	}
	return view_from(all, at);
}

static void
pull_words_hunk(struct web *w, struct pull_words *x, const char *hunk)
{
	struct view rest = pull_words_tail(hunk, PULL_WORDS_CONTEXT), line;

	x->left -= rest.len < x->left ? rest.len : x->left;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		char sign = line.len > 0 ? line.p[0] : ' ';

		if (sign == ' ' || sign == '+' || sign == '-')
			pull_words_row(w, sign, view_from(line, 1));
	}
}

/* ---- a word ---- */

static void
pull_words_apply(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	char verb[48];

	if (!x->may_write || r->outdated || r->side == REVIEW_SIDE_OLD ||
	    x->pull->issue.state != ISSUE_OPEN || x->pull->head_project != 0 ||
	    x->pull->head_gone || r->review_id == x->begun ||
	    strcmp(r->at_sha, x->pull->head_sha) != 0)
		return;
	(void)snprintf(verb, sizeof(verb), "words/%" PRId64 "/apply", r->id);
	pull_form(w, x->p, x->pull, verb, "row", "");
	HTML_LEAF(&w->h, "button", "", "Apply");
	HTML_LEAF(&w->h, "span", "sub", "as a commit of yours on the branch");
	html_end(&w->h);
}

static void
pull_words_suggestion(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	AUTO_STR struct str lines = STR_INIT;
	struct view rest, line, was = pull_words_tail(r->hunk, 1);

	if (r->side == REVIEW_SIDE_OLD ||
	    !pull_rule_suggestion(view_of(r->body), &lines))
		return;
	HTML_LEAF(&w->h, "p", "sub", "A change is suggested:");
	pull_words_table(w, "what is suggested");
	pull_words_row(w, '-', view_from(was, 1));
	rest = str_view(&lines);
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		pull_words_row(w, '+', line);
	pull_words_table_end(w);
	pull_words_apply(w, x, r);
}

static void
pull_words_head(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "p", "line");
	HTML_LEAF(h, "strong", "", r->author.login);
	HTML_CLASS(h, "span", "sub");
	html_text(h, " ");
	web_time(w, r->created_at);
	if (r->updated_at > r->created_at)
		html_text(h, ", edited");
	if (r->resolver.id != 0 && r->reply_to == 0)
		html_textf(h, ", resolved by %s", r->resolver.login);
	if (perm_edit(w->who->user_kind, w->who->user_id, r->author.id) &&
	    x->may_say) {
		html_text(h, " · ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64 "/words/%" PRId64,
		    x->p->owner, x->p->name, x->pull->issue.number, r->id);
		html_text(h, "edit");
		html_end(h);
	}
	html_end(h);
	if (x->begun != 0 && r->review_id == x->begun) {
		html_text(h, " ");
		web_badge(w, "wait", "not sent");
	}
	html_end(h);
}

/* What has no room is a link to it. */
static bool
pull_words_room(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	const size_t n = strlen(r->body);
	struct html *h = &w->h;

	if (r->id == x->whole)
		return true;
	if (n <= x->left) {
		x->left -= n;
		return true;
	}
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	if (r->outdated)
		HTML_URL(h, "href", "?whole=%" PRId64 "&file=%s#word-%" PRId64,
		    r->id, r->path, r->id);
	else
		HTML_URL(h, "href",
		    "?whole=%" PRId64 "&at=%s%" PRId64 "&file=%s#word-%" PRId64,
		    r->id, r->side == REVIEW_SIDE_OLD ? "L" : "R", r->line,
		    r->path, r->id);
	html_textf(h, "%zu bytes", n);
	html_end(h);
	html_end(h);
	return false;
}

static void
pull_words_body(struct web *w, struct pull_words *x, size_t i)
{
	AUTO_FREE char *project = xasprintf("%s/%s", x->p->owner, x->p->name);

	if (x->texts[i][0] != '\0')
		marks_write(
		    w, project, view_of(x->texts[i]), x->marks.tokens[i]);
	pull_words_suggestion(w, x, &x->list.at[i]);
}

static void
pull_words_one(struct web *w, struct pull_words *x, size_t i)
{
	const struct review_comment *r = &x->list.at[i];
	struct html *h = &w->h;
	char id[40];

	if (h->out.len > PULL_WORDS_END) {
		x->unsaid++;
		return;
	}
	(void)snprintf(id, sizeof(id), "word-%" PRId64, r->id);
	HTML_TAG(h, "article");
	HTML_ATTR(h, "class", "said");
	HTML_ATTR(h, "id", id);
	pull_words_head(w, x, r);
	if (pull_words_room(w, x, r))
		pull_words_body(w, x, i);
	html_end(h);
}

static void
pull_words_answer(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	bool settles = x->may_write || r->author.id == w->who->user_id ||
	    x->pull->issue.author.id == w->who->user_id;
	struct html *h = &w->h;
	char id[40], verb[40];

	if (!x->may_say)
		return;
	(void)snprintf(id, sizeof(id), "answer-%" PRId64, r->id);
	(void)snprintf(verb, sizeof(verb), "words/%" PRId64, r->id);
	pull_form(w, x->p, x->pull, verb, "row", "");
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", id);
	html_text(h, "Answer");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "id", id);
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "maxlength", "60000");
	HTML_ATTR(h, "autocomplete", "off");
	HTML_ATTR(h, "placeholder", "answer");
	field_button(w, "quiet", "what", "reply", "Answer");
	field_button(w, "quiet", "what", "preview-reply", "Preview");
	if (settles)
		field_button(w, "quiet", "what",
		    r->resolver.id != 0 ? "reopen" : "resolve",
		    r->resolver.id != 0 ? "Not resolved" : "Resolve");
	html_end(h);
}

/* The word that began it, the answers, and the form of the next one. */
static void
pull_words_thread(struct web *w, struct pull_words *x, size_t first)
{
	const struct review_comment *r = &x->list.at[first];
	const bool room = w->h.out.len <= PULL_WORDS_END;

	if (room)
		HTML_CLASS(&w->h, "div",
		    r->resolver.id != 0 ? "thread settled" : "thread");
	pull_words_one(w, x, first);
	for (size_t i = first + 1; i < x->list.n; i++)
		if (x->list.at[i].reply_to == r->id)
			pull_words_one(w, x, i);
	if (!room)
		return;
	pull_words_answer(w, x, r);
	html_end(&w->h);
}

void
pull_words_line(struct web *w, const struct diff_at *at, void *arg)
{
	struct pull_words *x = arg;

	for (size_t i = 0; i < x->list.n; i++)
		if (pull_words_here(&x->list.at[i], at) &&
		    pull_words_first(x, i))
			pull_words_thread(w, x, i);
	if (pull_words_form_here(x, at))
		pull_words_form(w, x, at);
}

/* The line that a word was said of. */
static void
pull_words_gone(
    struct web *w, struct pull_words *x, const struct review_comment *r)
{
	struct html *h = &w->h;

	HTML_TAG(h, "p");
	HTML_TAG(h, "code");
	html_shown(h, r->path);
	html_end(h);
	html_text(h, " ");
	web_badge(w, "off", "outdated");
	html_end(h);
	if (x->left == 0)
		return;
	pull_words_table(w, "the line as it was");
	pull_words_hunk(w, x, r->hunk);
	pull_words_table_end(w);
}

void
pull_words_outdated(struct web *w, struct pull_words *x)
{
	struct html *h = &w->h;
	bool any = false;

	for (size_t i = 0; i < x->list.n; i++) {
		const struct review_comment *r = &x->list.at[i];

		if (!r->outdated || !pull_words_first(x, i) ||
		    (x->alone != NULL && strcmp(x->alone, r->path) != 0))
			continue;
		if (!any) {
			HTML_CLASS(h, "section", "card wide");
			HTML_LEAF(h, "h2", "", "Said of lines that are gone");
			any = true;
		}
		if (x->unsaid == 0)
			pull_words_gone(w, x, r);
		pull_words_thread(w, x, i);
	}
	if (any)
		html_end(h);
	if (x->unsaid > 0)
		HTML_LEAFF(h, "p", "alert",
		    "%zu words more have no room on this page; the API has "
		    "them.",
		    x->unsaid);
}
