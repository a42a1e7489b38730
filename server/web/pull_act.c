/* pull_act: what is done with a pull request by a form. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_look.h"
#include "server/service/svc_merge.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_update.h"
#include "server/store/auto_merges.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/pull.h"

/* ---- the forms ---- */

void
pull_form(struct web *w, const struct project *p, const struct pull *x,
    const char *verb, const char *cls, const char *name)
{
	AUTO_FREE char *at = xasprintf(
	    "pulls/%" PRId64 "/%s", x->issue.number, verb);

	post_project_form(w, p, cls, at, name);
}

static void
pull_option(struct html *h, const char *value, const char *text, bool chosen)
{
	HTML_TAG(h, "option");
	HTML_ATTR(h, "value", value);
	if (chosen)
		HTML_FLAG(h, "selected");
	html_text(h, text);
	html_end(h);
}

static void
pull_label(struct html *h, const char *id, const char *text)
{
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", id);
	html_text(h, text);
	html_end(h);
}

static void
pull_merge_styles(struct web *w, const struct project *p)
{
	static const struct {
		enum merge_style style;
		const char *text;
	} rows[] = {
		{ MERGE_STYLE_MERGE, "a merge commit" },
		{ MERGE_STYLE_SQUASH, "one commit (squash)" },
		{ MERGE_STYLE_REBASE, "its commits on top (rebase)" },
		{ MERGE_STYLE_REBASE_MERGE, "rebase, and a merge commit" },
		{ MERGE_STYLE_FAST_FORWARD, "fast-forward only" },
	};
	struct html *h = &w->h;

	pull_label(h, "style", "As");
	HTML_TAG(h, "select");
	HTML_ATTR(h, "id", "style");
	HTML_ATTR(h, "name", "style");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (repo_profile_allows(&p->profile, rows[i].style))
			pull_option(h, merge_style_name(rows[i].style),
			    rows[i].text,
			    rows[i].style == p->profile.merge_style);
	html_end(h);
}

static void
pull_tick(struct html *h, const char *name, const char *text, bool on)
{
	HTML_CLASS(h, "label", "tick");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "checkbox");
	HTML_ATTR(h, "name", name);
	HTML_ATTR(h, "value", "1");
	if (on)
		HTML_FLAG(h, "checked");
	html_textf(h, " %s", text);
	html_end(h);
}

static void
pull_merge_form(struct web *w, const struct project *p, const struct pull *x,
    bool open, bool may_override)
{
	struct html *h = &w->h;

	pull_form(w, p, x, "merge", "card say", "");
	HTML_LEAF(h, "h2", "", "Merge");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "hidden");
	HTML_ATTR(h, "name", "head");
	HTML_ATTR(h, "value", x->head_sha);
	pull_merge_styles(w, p);
	pull_label(h, "title", "Title of the commit, when it is not the usual");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "title");
	HTML_ATTR(h, "name", "title");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "maxlength", "255");
	field_area(w,
	    &(struct field){ .name = "body",
		.id = "merge-text",
		.label = "Text of the commit, when it is not the usual",
		.max = 60000 },
	    "", 3);
	pull_tick(h, "delete", "delete its branch", p->profile.delete_branch);
	if (!open)
		pull_tick(h, "wait", "merge when the gate opens", true);
	if (!open && may_override) {
		pull_label(h, "override",
		    "Or past the gate, as an admin; the reason is recorded");
		HTML_VOID(h, "input");
		HTML_ATTR(h, "id", "override");
		HTML_ATTR(h, "name", "override");
		HTML_ATTR(h, "type", "text");
		HTML_ATTR(h, "maxlength", "500");
	}
	HTML_LEAF(h, "button", "primary", "Merge");
	html_end(h);
}

/* Does it merge by itself when the gate opens? */
static bool
pull_waits(struct web *w, const struct project *p, const struct pull *x)
{
	struct auto_merge m = { .title = NULL };
	struct err e = ERR_INIT;
	bool waits;

	if (auto_merges_get(w->t, p->id, x->issue.number, &m, &e) == -1)
		return false;
	waits = m.waits;
	auto_merge_release(&m);
	return waits;
}

static void
pull_state_forms(struct web *w, const struct project *p, const struct pull *x)
{
	struct html *h = &w->h;
	bool open = x->issue.state == ISSUE_OPEN;
	bool write = web_may(w, p->id, PERM_WRITE);

	if (x->issue.merged ||
	    (!write && x->issue.author.id != w->who->user_id))
		return;
	HTML_CLASS(h, "div", "row");
	if (open && write && strcmp(x->merge_base, x->base_sha) != 0) {
		pull_form(w, p, x, "update", "row", "");
		HTML_LEAF(h, "button", "quiet", "Bring it after its base");
		html_end(h);
	}
	if (open && write && pull_waits(w, p, x)) {
		pull_form(w, p, x, "unschedule", "row", "");
		HTML_LEAF(h, "button", "quiet", "Do not merge by itself");
		html_end(h);
	}
	pull_form(w, p, x, open ? "close" : "reopen", "row", "");
	HTML_LEAF(h, "button", "quiet", open ? "Close" : "Open again");
	html_end(h);
	if (open) {
		pull_form(w, p, x, x->draft ? "ready" : "draft", "row", "");
		HTML_LEAF(h, "button", "quiet",
		    x->draft ? "It is ready" : "It is a draft");
		html_end(h);
	}
	html_end(h);
}

void
pull_forms(struct web *w, const struct project *p, const struct pull *x,
    bool open, bool may_override)
{
	if (x->issue.state == ISSUE_OPEN && web_may(w, p->id, PERM_WRITE))
		pull_merge_form(w, p, x, open, may_override);
	pull_state_forms(w, p, x);
}

/* ---- what they do ---- */

void
pull_done_to(const struct err *fail, struct call *c, const char *more)
{
	AUTO_FREE char *to = NULL;

	if (!web_failed(c, fail)) {
		to = pull_path(c, more);
		web_redirect(c, to);
	}
	call_release(c);
}

void
pull_done_line(struct call *c, const char *path, bool old, int64_t line)
{
	AUTO_STR struct str more = STR_INIT;
	char at[24];

	(void)snprintf(at, sizeof(at), "%c%" PRId64, old ? 'L' : 'R', line);
	str_addf(&more, "/files?at=%s&file=", at);
	esc_url(&more, view_of(path));
	str_addf(&more, "#f1%s", at);
	pull_done_to(NULL, c, str_cstr(&more));
}

void
pull_done(const struct err *fail, void *arg, void *call)
{
	(void)arg;
	pull_done_to(fail, call, "");
}

int
pull_take(struct call *c, enum perm_verb verb, struct form *f, int64_t *project)
{
	struct project p;

	if (web_form(c, f) == -1)
		return -1;
	if (web_project(c, verb, &p) == -1) {
		form_release(f);
		return -1;
	}
	*project = p.id;
	project_release(&p);
	return 0;
}

static void
pull_merged(const struct err *fail, void *arg, void *call)
{
	const struct svc_merge *op = arg;
	struct call *c = call;
	struct err e = ERR_INIT;
	const struct pull_again again = { .verb = "merge",
		.title = svc_text(op->title),
		.text = svc_text(op->message),
		.name = { "head", "style", "delete", "override", "wait" },
		.value = { op->want_head, merge_style_name(op->style),
		    op->delete_branch ? "1" : "", op->reason,
		    op->when_ok ? "1" : "" } };

	if (fail == NULL) {
		pull_done_to(NULL, c, "");
		return;
	}
	if (op->refused || op->forbidden)
		(void)err_set(&e, ERR_EXISTS, "%s", fail->msg);
	else
		e = *fail;
	pull_again(c, &e, &again);
	call_release(c);
}

static void
pull_on_merge(struct call *c)
{
	struct svc_merge *op;
	int64_t project;
	struct form f;
	int style;

	if (pull_take(c, PERM_WRITE, &f, &project) == -1)
		return;
	style = merge_style_parse(form_get(&f, "style"));
	if (style <= 0 || style == MERGE_STYLE_MANUAL ||
	    strlen(form_get(&f, "head")) != SHA_HEX) {
		form_release(&f);
		web_error(
		    c, 422, "Load the page again: the form is not whole.");
		return;
	}
	op = svc_merge_new(call_app(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->style = (enum merge_style)style;
	memcpy(op->want_head, form_get(&f, "head"), SHA_HEX + 1);
	if (form_get(&f, "title")[0] != '\0')
		op->title = xstrdup(form_get(&f, "title"));
	if (form_get(&f, "body")[0] != '\0')
		op->message = form_text(&f, "body");
	op->delete_branch = form_get(&f, "delete")[0] != '\0';
	op->delete_given = true;
	op->reason = xstrdup(form_get(&f, "override"));
	op->force = op->reason[0] != '\0';
	op->when_ok = !op->force && form_get(&f, "wait")[0] != '\0';
	form_release(&f);
	call_hold(c);
	svc_merge(op, pull_merged, c);
}

static void
pull_merge_post(struct call *c)
{
	web_take_form(c, pull_on_merge);
}

static void
pull_on_update(struct call *c)
{
	struct svc_update *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_WRITE, &f, &project) == -1)
		return;
	form_release(&f);
	op = svc_update_new(call_app(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	call_hold(c);
	svc_update(op, pull_done, c);
}

static void
pull_update_post(struct call *c)
{
	web_take_form(c, pull_on_update);
}

static void
pull_on_unschedule(struct call *c)
{
	struct svc_auto_cancel *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_WRITE, &f, &project) == -1)
		return;
	form_release(&f);
	op = svc_auto_cancel_new(call_app(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	call_hold(c);
	svc_auto_cancel(op, pull_done, c);
}

static void
pull_unschedule_post(struct call *c)
{
	web_take_form(c, pull_on_unschedule);
}

static void
pull_edit(struct call *c, enum issue_state state, int draft)
{
	struct svc_pull_edit *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	form_release(&f);
	op = svc_pull_edit_new(call_app(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->state = state;
	op->draft = draft;
	call_hold(c);
	svc_pull_edit(op, pull_done, c);
}

static void
pull_on_close(struct call *c)
{
	pull_edit(c, ISSUE_CLOSED, -1);
}

static void
pull_on_reopen(struct call *c)
{
	pull_edit(c, ISSUE_OPEN, -1);
}

static void
pull_on_draft(struct call *c)
{
	pull_edit(c, 0, 1);
}

static void
pull_on_ready(struct call *c)
{
	pull_edit(c, 0, 0);
}

static void
pull_close_post(struct call *c)
{
	web_take_form(c, pull_on_close);
}

static void
pull_reopen_post(struct call *c)
{
	web_take_form(c, pull_on_reopen);
}

static void
pull_draft_post(struct call *c)
{
	web_take_form(c, pull_on_draft);
}

static void
pull_ready_post(struct call *c)
{
	web_take_form(c, pull_on_ready);
}

static void
pull_dismissed(const struct err *fail, void *arg, void *call)
{
	const struct svc_look_dismiss *op = arg;
	struct call *c = call;
	char verb[48];
	const struct pull_again again = { .verb = verb, .text = op->reason };

	if (fail == NULL) {
		pull_done_to(NULL, c, "");
		return;
	}
	(void)snprintf(
	    verb, sizeof(verb), "findings/%" PRId64 "/dismiss", op->finding);
	pull_again(c, fail, &again);
	call_release(c);
}

static void
pull_on_dismiss(struct call *c)
{
	struct svc_look_dismiss *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_WRITE, &f, &project) == -1)
		return;
	op = svc_look_dismiss_new(call_app(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->finding = call_arg_id(c, 3);
	op->reason = form_text(&f, "body");
	form_release(&f);
	call_hold(c);
	svc_look_dismiss(op, pull_dismissed, c);
}

static void
pull_dismiss_post(struct call *c)
{
	web_take_form(c, pull_on_dismiss);
}

#define PULL "/{owner}/{r}/pulls/{n}/"

const struct route web_pull_act_routes[] = {
	{ "POST", PULL "merge", ROUTE_PAGE, pull_merge_post },
	{ "POST", PULL "update", ROUTE_PAGE, pull_update_post },
	{ "POST", PULL "unschedule", ROUTE_PAGE, pull_unschedule_post },
	{ "POST", PULL "close", ROUTE_PAGE, pull_close_post },
	{ "POST", PULL "reopen", ROUTE_PAGE, pull_reopen_post },
	{ "POST", PULL "draft", ROUTE_PAGE, pull_draft_post },
	{ "POST", PULL "ready", ROUTE_PAGE, pull_ready_post },
	{ "POST", PULL "findings/{id}/dismiss", ROUTE_PAGE, pull_dismiss_post },
	{ .method = NULL },
};
