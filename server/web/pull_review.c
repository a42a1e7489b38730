/*
 * pull_review: what people say of a pull request as a whole: who is asked, what
 * was answered, and the form of a review of whoever reads the page.  A review
 * may be begun line by line (pull_words.c): nobody sees it until it is sent
 * from here (pull_review_act.c).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "server/service/svc_review.h"
#include "server/store/pulls.h"
#include "server/store/reviews.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/pull.h"
#include "server/web/query.h"
#include "server/web/said.h"
#include "server/web/sign.h"

/* ---- who is asked ---- */

static void
pull_asked_one(struct web *w, const struct project *p, const struct pull *x,
    const struct review *r)
{
	bool mine = r->author.id == w->who->user_id;
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	web_badge(w, "wait", "asked");
	html_text(h, " ");
	HTML_LEAF(h, "strong", "", r->author.login);
	HTML_CLASS(h, "span", "sub");
	html_text(h, " ");
	web_time(w, r->submitted_at);
	html_end(h);
	if (x->issue.state == ISSUE_OPEN &&
	    (mine || web_may(w, p->id, PERM_WRITE))) {
		pull_form(w, p, x, "reviewers", "row", "");
		field_hidden(w, "act", "withdraw");
		field_hidden(w, "name", r->author.login);
		HTML_LEAF(h, "button", "quiet", mine ? "Not me" : "Do not ask");
		html_end(h);
	}
	html_end(h);
}

/* The author asks, and who maintains the project. */
static bool
pull_may_ask(struct web *w, const struct project *p, const struct pull *x)
{
	return web_may(w, p->id, PERM_WRITE) ||
	    (x->issue.author.id == w->who->user_id &&
		web_may(w, p->id, PERM_DISCUSS));
}

static void
pull_ask_form(struct web *w, const struct project *p, const struct pull *x)
{
	struct html *h = &w->h;

	if (x->issue.state != ISSUE_OPEN || !pull_may_ask(w, p, x))
		return;
	pull_form(w, p, x, "reviewers", "row", "ask");
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "reviewer");
	html_text(h, "Ask for a review");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "reviewer");
	HTML_ATTR(h, "name", "name");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "maxlength", "100");
	HTML_ATTR(h, "placeholder", "a user's name");
	HTML_ATTR(h, "autocomplete", "off");
	HTML_ATTR(h, "autocapitalize", "none");
	HTML_ATTR(h, "spellcheck", "false");
	HTML_ATTR(h, "value", post_typed(w, "name", ""));
	HTML_FLAG(h, "required");
	HTML_LEAF(h, "button", "quiet", "Ask");
	post_form_end(w);
}

/* ---- what was answered ---- */

static const char *
pull_review_word(const struct review *r)
{
	switch (r->state) {
	case REVIEW_APPROVED:
		return "approved";
	case REVIEW_REQUEST_CHANGES:
		return "changes wanted";
	case REVIEW_PENDING:
		return "not sent";
	case REVIEW_COMMENT:
	case REVIEW_REQUEST:
	default:
		return "commented";
	}
}

static const char *
pull_review_kind(const struct review *r)
{
	if (r->dismissed)
		return "off";
	return r->state == REVIEW_APPROVED       ? "good"
	    : r->state == REVIEW_REQUEST_CHANGES ? "bad"
	    : r->state == REVIEW_PENDING         ? "wait"
						 : "off";
}

/* To who may: its weight is taken, or given back. */
static void
pull_weigh_form(struct web *w, const struct project *p, const struct pull *x,
    const struct review *r)
{
	struct err no = ERR_INIT;
	struct html *h = &w->h;
	char verb[40], id[40];

	if (x->issue.state != ISSUE_OPEN || !web_may(w, p->id, PERM_DISCUSS) ||
	    svc_review_may_weigh(w->t, w->who, x, r, r->dismissed, &no) == -1)
		return;
	(void)snprintf(verb, sizeof(verb), "reviews/%" PRId64, r->id);
	(void)snprintf(id, sizeof(id), "dismiss-%" PRId64, r->id);
	pull_form(w, p, x, verb, "row", "");
	field_hidden(w, "act", r->dismissed ? "undismiss" : "dismiss");
	if (!r->dismissed) {
		HTML_TAG(h, "label");
		HTML_ATTR(h, "class", "unseen");
		HTML_ATTR(h, "for", id);
		html_textf(
		    h, "Why the review of %s counts no more", r->author.login);
		html_end(h);
		HTML_VOID(h, "input");
		HTML_ATTR(h, "id", id);
		HTML_ATTR(h, "name", "body");
		HTML_ATTR(h, "type", "text");
		HTML_ATTR(h, "maxlength", "1000");
		HTML_ATTR(h, "placeholder", "why it counts no more");
		HTML_FLAG(h, "required");
	}
	HTML_LEAF(h, "button", "quiet",
	    r->dismissed ? "Let it count again" : "Dismiss");
	html_end(h);
}

/* Of a long one the first part, and a link to the whole. */
static void
pull_review_words(struct web *w, const struct project *p,
    const struct review *r, struct view tokens)
{
	AUTO_FREE char *project = xasprintf("%s/%s", p->owner, p->name);
	struct view whole = view_of(r->body), text = whole;
	struct html *h = &w->h;

	if (whole.len == 0)
		return;
	if (marks_try(w, project, tokens))
		return;
	text = utf8_cut(whole, SAID_FIRST);
	marks_write(w, project, text, (struct view){ NULL, 0 });
	if (text.len == whole.len)
		return;
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "?review=%" PRId64, r->id);
	html_textf(h, "%zu bytes more", whole.len - text.len);
	html_end(h);
	html_end(h);
}

/* tokens: of its text, taken apart; of none the text is not. */
static void
pull_review_one(struct web *w, const struct project *p, const struct pull *x,
    const struct review *r, struct view tokens)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	web_badge(w, pull_review_kind(r), pull_review_word(r));
	html_text(h, " ");
	HTML_LEAF(h, "strong", "", r->author.login);
	HTML_CLASS(h, "span", "sub");
	html_text(h, " ");
	web_time(w, r->submitted_at);
	if (r->comments > 0) {
		html_text(h, ", ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64 "/files", p->owner,
		    p->name, x->issue.number);
		html_textf(h, "%" PRId64 " on lines", r->comments);
		html_end(h);
	}
	if (r->dismissed)
		html_text(h, ", dismissed");
	else if (r->sha[0] != '\0' && strcmp(r->sha, x->head_sha) != 0)
		html_textf(h, ", of %.10s, not of this head", r->sha);
	html_end(h);
	pull_review_words(w, p, r, tokens);
	pull_weigh_form(w, p, x, r);
	html_end(h);
}

static void
pull_reviews_rows(struct web *w, const struct said *said, const struct pull *x)
{
	const struct review_list *list = &said->reviews;
	const struct project *p = &said->p;
	struct html *h = &w->h;
	size_t n = 0, i = 0;

	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "Reviews");
	if (list->n == 0)
		HTML_LEAF(h, "p", "none", "Nobody was asked or said anything.");
	HTML_CLASS(h, "ul", "gate");
	for (; i < list->n; i++)
		if (list->at[i].state == REVIEW_REQUEST)
			pull_asked_one(w, p, x, &list->at[i]);
	/* Those that weigh are the first, and all of them are there. */
	for (i = 0; i < list->n && n < SAID_REVIEWS; i++) {
		const struct review *r = &list->at[i];

		if (r->state == REVIEW_REQUEST)
			continue;
		pull_review_one(w, p, x, r, said_review_tokens(said, i));
		n += r->state == REVIEW_COMMENT || r->dismissed;
	}
	html_end(h);
	if (i < list->n) {
		HTML_CLASS(h, "p", "sub");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "?reviews=all");
		html_text(h, "All reviews, the older ones too");
		html_end(h);
		html_end(h);
	}
	pull_ask_form(w, p, x);
	html_end(h);
}

void
pull_reviews(struct web *w, const struct said *said, const struct pull *x)
{
	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "reviews");
	HTML_FLAG(&w->h, "data-live");
	pull_reviews_rows(w, said, x);
	html_end(&w->h);
}

void
pull_reviews_get(struct call *c)
{
	const struct web_head head = { .title = "Reviews", .tab = "" };
	struct review_filter f = { .item = call_arg_id(c, 2) };
	struct review_list list = { .n = 0 };
	struct pull x = { .head_sha = "" };
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
	if (pulls_get(w.t, p.id, f.item, &x, &e) == -1 ||
	    reviews_sent(w.t, &f, &list, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
	} else {
		pull_begin(&w, &p, &x, "");
		HTML_CLASS(&w.h, "section", "card");
		HTML_LEAF(&w.h, "h2", "", "All reviews");
		HTML_CLASS(&w.h, "ul", "gate");
		for (size_t i = 0; i < list.n; i++)
			pull_review_one(
			    &w, &p, &x, &list.at[i], (struct view){ NULL, 0 });
		html_end(&w.h);
		html_end(&w.h);
		web_pager(&w, page, limit, list.total, "&reviews=all");
		web_reply(&w, 200);
	}
	review_list_release(&list);
	pull_release(&x);
	project_release(&p);
}

/* One alone, whole; of a pending one its author's eyes. */
struct pull_review_alone {
	struct call *c;
	struct project p;
	struct review r;
	struct marks marks;
};

static void
pull_review_alone_free(struct pull_review_alone *x)
{
	struct call *c = x->c;

	marks_release(&x->marks);
	review_release(&x->r);
	project_release(&x->p);
	free(x);
	call_release(c);
}

static void
pull_review_write(void *arg)
{
	const struct web_head head = { .title = "Review", .tab = "" };
	struct pull_review_alone *x = arg;
	AUTO_FREE char *back = pull_path(x->c, "");
	AUTO_FREE char *project = xasprintf("%s/%s", x->p.owner, x->p.name);
	struct web w;

	web_begin(&w, x->c, &head);
	HTML_LEAFF(&w.h, "h1", "", "Review of %s", x->r.author.login);
	HTML_TAG(&w.h, "p");
	HTML_TAG(&w.h, "a");
	HTML_ATTR(&w.h, "href", back);
	html_text(&w.h, "To the pull request");
	html_end(&w.h);
	html_end(&w.h);
	HTML_CLASS(&w.h, "div", "card");
	marks_write(&w, project, view_of(x->r.body), x->marks.tokens[0]);
	html_end(&w.h);
	web_reply(&w, 200);
	pull_review_alone_free(x);
}

void
pull_review_get(struct call *c)
{
	struct svc *s = call_app(c);
	struct pull_review_alone *x;
	struct err e = ERR_INIT;
	struct project p;
	struct view text;
	int64_t id = 0;

	if (web_project(c, PERM_READ, &p) == -1)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->p = p;
	call_hold(c);
	if (num_i64(call_query(c, "review"), 1, INT64_MAX, &id, &e) == -1 ||
	    reviews_get(db_reader(s->db), p.id, id, &x->r, &e) == -1 ||
	    x->r.item != call_arg_id(c, 2) ||
	    (x->r.state == REVIEW_PENDING &&
		x->r.author.id != call_who(c)->user_id)) {
		web_error(c, 404, "There is no such review.");
		pull_review_alone_free(x);
		return;
	}
	text = view_of(x->r.body);
	marks_ask(s, p.id, &text, 1, &x->marks, pull_review_write, x);
}

/* ---- one's own ---- */

int64_t
pull_begun_by(struct txn *t, int64_t project, int64_t item, int64_t user)
{
	const struct review_new of = { .project_id = project,
		.item = item,
		.author_id = user,
		.state = REVIEW_PENDING };
	struct err e = ERR_INIT;
	int64_t id = 0;

	if (reviews_find_open(t, &of, &id, &e) == -1)
		log_error("web review reason=%s", log_val(e.msg));
	return id;
}

int64_t
pull_begun(struct web *w, const struct pull *x)
{
	return pull_begun_by(
	    w->t, x->issue.project_id, x->issue.number, w->who->user_id);
}

static void
pull_review_fields(struct web *w, const struct pull *x, int64_t begun)
{
	struct html *h = &w->h;

	field_hidden(w, "head", x->head_sha);
	field_select(w,
	    &(struct field){ .name = "event",
		.label = "What you say of exactly this head" });
	field_option(w, "COMMENT", "a comment", true);
	if (x->issue.state == ISSUE_OPEN &&
	    x->issue.author.id != w->who->user_id) {
		field_option(w, "APPROVED", "approve", false);
		field_option(w, "REQUEST_CHANGES", "ask for changes", false);
	}
	html_end(h);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "review");
	html_text(h, "Why");
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "review");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", "3");
	HTML_ATTR(h, "maxlength", "60000");
	html_end(h);
	HTML_CLASS(h, "div", "row");
	HTML_LEAF(h, "button", "primary", "Send the review");
	field_button(w, "", "act", "preview", "Preview");
	if (begun != 0)
		field_button(
		    w, "quiet danger", "act", "discard", "Throw it away");
	html_end(h);
}

void
pull_review_form(struct web *w, const struct project *p, const struct pull *x)
{
	int64_t begun;
	char verb[40];

	if (!web_may(w, p->id, x->issue.locked ? PERM_WRITE : PERM_DISCUSS))
		return;
	begun = pull_begun(w, x);
	if (begun == 0 && x->issue.state != ISSUE_OPEN)
		return;
	if (begun == 0)
		(void)snprintf(verb, sizeof(verb), "reviews");
	else
		(void)snprintf(verb, sizeof(verb), "reviews/%" PRId64, begun);
	pull_form(w, p, x, verb, "card say", "");
	HTML_LEAF(&w->h, "h2", "", begun == 0 ? "Review" : "End your review");
	if (begun != 0)
		HTML_LEAF(&w->h, "p", "sub",
		    "Nobody sees what you wrote at the lines until you send "
		    "it.");
	pull_review_fields(w, x, begun);
	html_end(&w->h);
}
