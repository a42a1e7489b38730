/* item_words: saying something, changing what one said, and reacting to it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_reaction.h"
#include "server/store/issues.h"
#include "server/store/timeline.h"
#include "server/web/composer.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/item_files.h"
#include "server/web/said.h"
#include "server/web/sign.h"

/* Where one was: the item, at a page and a comment; 0: not at one. */
static void
item_words_back(struct call *c, int64_t project, int64_t number, int64_t page,
    int64_t comment)
{
	AUTO_STR struct str to = STR_INIT;
	struct svc *s = call_app(c);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;

	(void)issues_get(db_reader(s->db), project, number, &i, &e);
	item_path(&to, c, i.is_pull, number);
	str_addf(&to, "?page=%" PRId64, page);
	if (comment != 0)
		str_addf(&to, "#issuecomment-%" PRId64, comment);
	web_redirect(c, str_cstr(&to));
	issue_release(&i);
}

/* The page of what was said at that time, 0: the last one. */
static int64_t
item_words_page(struct call *c, int64_t project, int64_t number, int64_t at)
{
	const struct timeline_filter f = {
		.project_id = project, .item = number, .before = at, .limit = 1
	};
	struct svc *s = call_app(c);
	struct timeline_page list = { .n = 0 };
	struct err e = ERR_INIT;

	(void)timeline_find(db_reader(s->db), &f, &list, &e);
	return said_last_page(list.total);
}

static void
item_words_told(const struct err *fail, void *arg, void *call)
{
	const struct svc_comment_create *op = arg;
	struct call *c = call;

	if (item_refused(fail))
		said_load_draft(c, op->body, fail->msg, item_go);
	else if (!web_failed(c, fail))
		item_words_back(c, op->project_id, op->item,
		    item_words_page(c, op->project_id, op->item, 0),
		    op->comment.id);
	call_release(c);
}

static void
item_words_on_comment(struct call *c)
{
	AUTO_FREE char *body = NULL;
	struct svc_comment_create *op;
	struct project p;
	struct form f;
	char why[100];

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_COMMENT, &p) == -1) {
		form_release(&f);
		return;
	}
	body = form_text(&f, "body");
	(void)snprintf(why, sizeof(why),
	    "A comment has 1 to %d bytes; this one has %zu.", BODY_LEN_MAX,
	    strlen(body));
	if (strcmp(form_get(&f, "act"), "preview") == 0) {
		said_load_draft(c, body, NULL, item_go);
	} else if (body[0] == '\0' || strlen(body) > BODY_LEN_MAX) {
		said_load_draft(c, body, why, item_go);
	} else {
		op = svc_comment_create_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->item = call_arg_id(c, 2);
		op->body = STEAL(body);
		call_hold(c);
		svc_comment_create(op, item_words_told, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_words_comment(struct call *c)
{
	web_take_form(c, item_words_on_comment);
}

/* ---- one comment, to be changed ---- */

static void
item_words_edit_form(struct web *w, const struct said *x)
{
	const struct comment *k = &x->list.at[0];
	const struct composer box = { .p = &x->p,
		.label = "What it says",
		.value = x->draft != NULL ? x->draft : k->body,
		.say = "Save",
		.rows = 12,
		.required = true };
	struct html *h = &w->h;
	char seen[24];

	/* After a refusal what it says now is on this page, too. */
	(void)snprintf(seen, sizeof(seen), "%" PRId64,
	    x->seen == SAID_UNSEEN || x->why != NULL ? said_seen(x) : x->seen);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/comments/%" PRId64,
	    x->p.owner, x->p.name, x->issue.number, k->id);
	sign_form_value(w);
	field_hidden(w, "version", seen);
	composer_write(w, &box);
	html_end(h);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card row");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/issues/%" PRId64 "/comments/%" PRId64,
	    x->p.owner, x->p.name, x->issue.number, k->id);
	sign_form_value(w);
	field_button(w, "danger", "act", "remove", "Delete this comment");
	HTML_LEAF(h, "span", "hint",
	    "What hangs on it goes with it. It does not come back.");
	html_end(h);
}

static void
item_words_edit_go(struct said *x)
{
	const struct web_head head = { .title = "Edit a comment", .tab = "" };
	const struct comment *k = &x->list.at[0];
	AUTO_STR struct str back = STR_INIT;
	struct web w;

	web_begin(&w, x->c, &head);
	if (!item_may_speak(&w, &x->issue) ||
	    !perm_edit_comment(
		w.who->user_kind, w.who->user_id, k->author.id)) {
		html_release(&w.h);
		web_error(x->c, 403,
		    "Only who wrote a comment, or an administrator, changes "
		    "it.");
		said_free(x);
		return;
	}
	item_path(&back, x->c, x->issue.is_pull, x->issue.number);
	HTML_LEAFF(&w.h, "h1", "", "A comment of %s", k->author.login);
	HTML_CLASS(&w.h, "p", "filter sub");
	html_text(&w.h, "On ");
	HTML_TAG(&w.h, "a");
	HTML_ATTR(&w.h, "href", str_cstr(&back));
	html_shown(&w.h, x->issue.title);
	html_end(&w.h);
	html_end(&w.h);
	said_draft(&w, x);
	item_words_edit_form(&w, x);
	item_files_list(&w, &x->p, x->issue.number, k->id, &x->files);
	item_files_form(&w, &x->p, x->issue.number, k->id);
	web_reply(&w, x->why != NULL ? 422 : 200);
	said_free(x);
}

static void
item_words_edit(struct call *c)
{
	said_load_one(c, call_arg_id(c, 3), NULL, item_words_edit_go);
}

static void
item_words_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_comment_edit *op = arg;
	struct said_typed typed = { .draft = op->body,
		.seen = op->set_seen ? op->seen : SAID_UNSEEN };
	struct call *c = call;

	if (op->body != NULL && item_refused(fail)) {
		typed.why = fail->msg;
		said_load_one(c, op->id, &typed, item_words_edit_go);
	} else if (!web_failed(c, fail)) {
		item_words_back(c, op->project_id, op->item,
		    item_words_page(
			c, op->project_id, op->item, op->comment.created_at),
		    op->body != NULL ? op->id : 0);
	}
	call_release(c);
}

static void
item_words_on_edit(struct call *c)
{
	AUTO_FREE char *body = NULL;
	struct said_typed typed = { .seen = SAID_UNSEEN };
	struct svc_comment_edit *op;
	struct err no = ERR_INIT;
	struct project p;
	const char *act;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_COMMENT, &p) == -1) {
		form_release(&f);
		return;
	}
	act = form_get(&f, "act");
	body = form_text(&f, "body");
	if (num_i64(form_get(&f, "version"), 0, INT64_MAX, &typed.seen, &no) ==
	    -1)
		typed.seen = SAID_UNSEEN;
	if (strcmp(act, "preview") == 0) {
		typed.draft = body;
		said_load_one(c, call_arg_id(c, 3), &typed, item_words_edit_go);
	} else {
		op = svc_comment_edit_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->item = call_arg_id(c, 2);
		op->id = call_arg_id(c, 3);
		op->set_seen = typed.seen != SAID_UNSEEN;
		op->seen = typed.seen;
		op->body = strcmp(act, "remove") == 0 ? NULL : STEAL(body);
		call_hold(c);
		svc_comment_edit(op, item_words_edited, c);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_words_change(struct call *c)
{
	web_take_form(c, item_words_on_edit);
}

/* ---- reactions ---- */

struct item_words_react {
	struct call *c;
	int64_t page;
};

static void
item_words_reacted(const struct err *fail, void *arg, void *data)
{
	const struct svc_reaction *op = arg;
	struct item_words_react *x = data;
	struct call *c = x->c;

	if (!web_failed(c, fail))
		item_words_back(c, op->on.project_id, op->on.item, x->page,
		    op->on.comment_id);
	free(x);
	call_release(c);
}

/* "+12:heart": a word on comment 12, 0 the item; '-' takes it back. */
static int
item_words_react_parse(const char *text, struct svc_reaction *op, struct err *e)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *id = NULL;

	if ((text[0] != '+' && text[0] != '-') || colon == NULL ||
	    strlen(colon + 1) > REACTION_LEN_MAX)
		return err_set(e, ERR_INVALID, "There is no such reaction.");
	op->remove = text[0] == '-';
	id = xstrndup(text + 1, (size_t)(colon - text - 1));
	(void)snprintf(op->content, sizeof(op->content), "%s", colon + 1);
	return num_i64(id, 0, INT64_MAX, &op->on.comment_id, e);
}

static void
item_words_on_react(struct call *c)
{
	struct item_words_react *x;
	struct svc_reaction *op;
	struct err e = ERR_INIT;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_COMMENT, &p) == -1) {
		form_release(&f);
		return;
	}
	op = svc_reaction_new(call_app(c), call_who(c));
	op->on.project_id = p.id;
	op->on.item = call_arg_id(c, 2);
	project_release(&p);
	if (item_words_react_parse(form_get(&f, "react"), op, &e) == -1) {
		svc_op_drop(op);
		form_release(&f);
		web_fail(c, &e);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	if (num_i64(form_get(&f, "page"), 1, INT32_MAX, &x->page, &e) == -1)
		x->page = 1;
	form_release(&f);
	call_hold(c);
	svc_reaction(op, item_words_reacted, x);
}

static void
item_words_react(struct call *c)
{
	web_take_form(c, item_words_on_react);
}

const struct route web_item_words_routes[] = {
	{ "POST", "/{owner}/{r}/issues/{n}/comments", ROUTE_PAGE,
	    item_words_comment },
	{ "GET", "/{owner}/{r}/issues/{n}/comments/{id}", ROUTE_PAGE,
	    item_words_edit },
	{ "POST", "/{owner}/{r}/issues/{n}/comments/{id}", ROUTE_PAGE,
	    item_words_change },
	{ "POST", "/{owner}/{r}/issues/{n}/react", ROUTE_PAGE,
	    item_words_react },
	{ .method = NULL },
};
