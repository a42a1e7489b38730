/* pull_word_act: what is done with a word on a line: it is answered, settled,
 * changed, removed, and what it suggests applied. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/domain/perm.h"
#include "server/service/svc_review_comment.h"
#include "server/service/svc_suggestion.h"
#include "server/store/review_comments.h"
#include "server/web/field.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

static void
pull_word_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_word *op = arg;
	struct call *c = call;
	char verb[48];
	const bool reply = op->what == REVIEW_WORD_REPLY;
	const struct pull_again again = { .verb = verb,
		.text = op->body,
		.name = { "what" },
		.value = { reply ? "reply" : "edit" } };

	if (fail != NULL && (reply || op->what == REVIEW_WORD_EDIT)) {
		(void)snprintf(
		    verb, sizeof(verb), "words/%" PRId64, op->comment_id);
		pull_again(c, fail, &again);
		call_release(c);
		return;
	}
	if (fail == NULL && op->what != REVIEW_WORD_DELETE &&
	    !op->comment.outdated)
		pull_done_line(c, op->comment.path,
		    op->comment.side == REVIEW_SIDE_OLD, op->comment.line);
	else
		pull_done_to(fail, c, "/files");
}

static const struct {
	const char *word;
	int what;
} pull_word_acts[] = {
	{ "reply", REVIEW_WORD_REPLY },
	{ "resolve", REVIEW_WORD_RESOLVE },
	{ "reopen", REVIEW_WORD_REOPEN },
	{ "edit", REVIEW_WORD_EDIT },
	{ "delete", REVIEW_WORD_DELETE },
	{ NULL, 0 },
};

/* "preview-edit", "preview-reply" */
static bool
pull_word_preview(struct call *c, const struct form *f)
{
	const char *what = form_get(f, "what");
	const bool edit = strcmp(what, "preview-edit") == 0;
	const struct pull_button more = { "what",
		edit ? "preview-edit" : "preview-reply", "Preview" };
	AUTO_FREE char *text = form_text(f, "body");
	char verb[48];
	const struct pull_again draft = { .verb = verb,
		.text = text,
		.button = { { "what", edit ? "edit" : "reply",
		    edit ? "Save" : "Answer" } } };

	if (!edit && strcmp(what, "preview-reply") != 0)
		return false;
	(void)snprintf(verb, sizeof(verb), "words/%" PRId64, call_arg_id(c, 3));
	pull_preview(c, &draft, &more);
	return true;
}

static void
pull_on_word(struct call *c)
{
	struct svc_review_word *op;
	int64_t project;
	struct form f;
	size_t i = 0;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	if (pull_word_preview(c, &f)) {
		form_release(&f);
		return;
	}
	while (pull_word_acts[i].word != NULL &&
	    strcmp(pull_word_acts[i].word, form_get(&f, "what")) != 0)
		i++;
	if (pull_word_acts[i].word == NULL) {
		form_release(&f);
		web_error(c, 422, "That is done with no word.");
		return;
	}
	op = svc_review_word_new(call_app(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->comment_id = call_arg_id(c, 3);
	op->what = pull_word_acts[i].what;
	op->body = form_text(&f, "body");
	form_release(&f);
	call_hold(c);
	svc_review_word(op, pull_word_done, c);
}

static void
pull_word_post(struct call *c)
{
	web_take_form(c, pull_on_word);
}

/* ---- to change it ---- */

static void
pull_word_form(struct call *c, const struct review_comment *r)
{
	const struct web_head head = { .title = "What you said of a line",
		.tab = "" };
	AUTO_FREE char *back = pull_path(c, "/files");
	AUTO_FREE char *pull = pull_path(c, "");
	AUTO_FREE char *action = xasprintf("%s/words/%" PRId64, pull, r->id);
	struct html *h;
	struct web w;

	web_begin(&w, c, &head);
	h = &w.h;
	HTML_LEAF(h, "h1", "", head.title);
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", back);
	html_shown(h, r->path);
	html_end(h);
	html_end(h);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_ATTR(h, "action", action);
	sign_form_value(&w);
	field_area(&w,
	    &(struct field){ .name = "body",
		.label = "Text",
		.max = 60000,
		.required = true },
	    r->body, 8);
	HTML_CLASS(h, "div", "row");
	field_button(&w, "primary", "what", "edit", "Save");
	field_button(&w, "", "what", "preview-edit", "Preview");
	field_button(&w, "danger", "what", "delete", "Remove it");
	html_end(h);
	html_end(h);
	web_reply(&w, 200);
}

static void
pull_word_get(struct call *c)
{
	const struct identity *who = call_who(c);
	struct review_comment r = { .id = 0 };
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	struct project p;

	if (web_project(c, PERM_DISCUSS, &p) == -1)
		return;
	if (review_comments_get(db_reader(s->db), p.id, call_arg_id(c, 3),
		who->user_id, &r, &e) == -1)
		web_fail(c, &e);
	else if (r.item != call_arg_id(c, 2))
		web_error(c, 404, "That was not said here.");
	else if (!perm_edit(who->user_kind, who->user_id, r.author.id))
		web_error(c, 403, "It is another one's word.");
	else
		pull_word_form(c, &r);
	review_comment_release(&r);
	project_release(&p);
}

/* ---- what it suggests ---- */

static void
pull_applied(const struct err *fail, void *arg, void *call)
{
	(void)arg;
	pull_done_to(fail, call, "/files");
}

static void
pull_on_apply(struct call *c)
{
	struct svc_suggestion *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_WRITE, &f, &project) == -1)
		return;
	form_release(&f);
	op = svc_suggestion_new(call_app(c), call_who(c));
	op->project_id = project;
	op->comment_id = call_arg_id(c, 3);
	call_hold(c);
	svc_suggestion(op, pull_applied, c);
}

static void
pull_apply_post(struct call *c)
{
	web_take_form(c, pull_on_apply);
}

#define WORD "/{owner}/{r}/pulls/{n}/words/{id}"

const struct route web_pull_words_routes[] = {
	{ "GET", WORD, ROUTE_PAGE, pull_word_get },
	{ "POST", WORD, ROUTE_PAGE, pull_word_post },
	{ "POST", WORD "/apply", ROUTE_PAGE, pull_apply_post },
	{ .method = NULL },
};
