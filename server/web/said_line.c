/* said_line: what was done to an issue or pull request, each a line. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/store/projects.h"
#include "server/store/reviews.h"
#include "server/web/item.h"
#include "server/web/said.h"

struct said_act {
	struct web *w;
	const struct said *x;
	const struct timeline_entry *e;
	const struct json *data;
};

typedef void said_act_fn(const struct said_act *a);

static const char *
said_act_text(const struct said_act *a, const char *key)
{
	return json_str_or(a->data, key, "");
}

static void
said_act_code(const struct said_act *a, const char *key, const char *fmt)
{
	HTML_TAG(&a->w->h, "code");
	if (fmt != NULL)
		html_textf(&a->w->h, "%.10s", said_act_text(a, key));
	else
		html_shown(&a->w->h, said_act_text(a, key));
	html_end(&a->w->h);
}

/* " (why)" */
static void
said_act_why(const struct said_act *a, const char *key)
{
	if (said_act_text(a, key)[0] == '\0')
		return;
	html_text(&a->w->h, ": ");
	html_shown(&a->w->h, said_act_text(a, key));
}

static void
said_act_label(const struct said_act *a)
{
	const struct json *l = json_get(a->data, "label");
	char color[LABEL_COLOR_HEX + 1] = "888888";

	(void)label_color(json_str_or(l, "color", ""), color);
	html_text(&a->w->h,
	    json_bool_or(a->data, "added", false) ? " added the label "
						  : " removed the label ");
	HTML_CLASS(&a->w->h, "span", "chip");
	item_dot(a->w, color);
	html_shown(&a->w->h, json_str_or(l, "name", ""));
	html_end(&a->w->h);
}

static void
said_act_assignee(const struct said_act *a)
{
	html_text(&a->w->h,
	    json_bool_or(a->data, "removed", false) ? " unassigned "
						    : " assigned ");
	HTML_LEAF(&a->w->h, "strong", "", said_act_text(a, "login"));
}

static void
said_act_milestone(const struct said_act *a)
{
	bool set = json_i64_or(a->data, "milestone", 0) != 0;

	html_text(
	    &a->w->h, set ? " set the milestone " : " removed the milestone ");
	HTML_TAG(&a->w->h, "strong");
	html_shown(&a->w->h, said_act_text(a, set ? "title" : "was"));
	html_end(&a->w->h);
}

static void
said_act_state(const struct said_act *a)
{
	int64_t pull = json_i64_or(a->data, "pull", 0);

	html_text(&a->w->h,
	    strcmp(a->e->kind, "close") == 0 ? " closed it"
					     : " opened it again");
	if (pull == 0 || json_i64_or(a->data, "project", 0) != a->x->p.id)
		return;
	html_text(&a->w->h, " by merging ");
	HTML_TAG(&a->w->h, "a");
	HTML_URL(&a->w->h, "href", "/%s/%s/pulls/%" PRId64, a->x->p.owner,
	    a->x->p.name, pull);
	html_textf(&a->w->h, "#%" PRId64, pull);
	html_end(&a->w->h);
}

static void
said_act_title(const struct said_act *a)
{
	html_text(&a->w->h, " renamed it from ");
	HTML_TAG(&a->w->h, "del");
	html_shown(&a->w->h, said_act_text(a, "old_title"));
	html_end(&a->w->h);
	html_text(&a->w->h, " to ");
	HTML_TAG(&a->w->h, "strong");
	html_shown(&a->w->h, said_act_text(a, "new_title"));
	html_end(&a->w->h);
}

static void
said_act_ref(const struct said_act *a)
{
	html_text(&a->w->h,
	    strcmp(a->e->kind, "change_target_branch") == 0
		? " set the base to "
		: " set the branch to ");
	said_act_code(a, "new_ref", NULL);
	if (said_act_text(a, "old_ref")[0] == '\0')
		return;
	html_text(&a->w->h, ", it was ");
	said_act_code(a, "old_ref", NULL);
}

static void
said_act_lock(const struct said_act *a)
{
	html_text(&a->w->h,
	    strcmp(a->e->kind, "lock") == 0 ? " locked it" : " unlocked it");
	said_act_why(a, "body");
}

static void
said_act_pin(const struct said_act *a)
{
	html_text(&a->w->h,
	    strcmp(a->e->kind, "pin") == 0 ? " pinned it" : " unpinned it");
}

static void
said_act_due(const struct said_act *a)
{
	if (strcmp(a->e->kind, "removed_deadline") == 0) {
		html_text(&a->w->h, " removed the day it is due");
		return;
	}
	html_textf(&a->w->h, " set the day it is due to %.10s",
	    said_act_text(a, "body"));
}

/* Of another project: with its name, which the viewer may know. */
static void
said_act_refer(const struct said_act *a)
{
	int64_t id = json_i64_or(a->data, "project", a->x->p.id);
	int64_t item = json_i64_or(a->data, "item", 0);
	const char *action = said_act_text(a, "action");
	struct project other = { .id = 0 };
	const struct project *p = &a->x->p;
	struct err e = ERR_INIT;

	if (id != p->id) {
		if (projects_by_id(a->w->t, id, &other, &e) == -1)
			return;
		p = &other;
	}
	html_text(&a->w->h,
	    strcmp(action, "closes") == 0        ? " would close it by "
		: strcmp(action, "reopens") == 0 ? " would open it again by "
						 : " referred to it in ");
	HTML_TAG(&a->w->h, "a");
	if (strcmp(a->e->kind, "pull_ref") == 0)
		HTML_URL(&a->w->h, "href", "/%s/%s/pulls/%" PRId64, p->owner,
		    p->name, item);
	else
		HTML_URL(&a->w->h, "href", "/%s/%s/issues/%" PRId64, p->owner,
		    p->name, item);
	if (p == &other)
		html_textf(&a->w->h, "%s/%s", p->owner, p->name);
	html_textf(&a->w->h, "#%" PRId64, item);
	html_end(&a->w->h);
	project_release(&other);
}

static void
said_act_push(const struct said_act *a)
{
	const char *commit = said_act_text(a, "head_sha");

	html_text(&a->w->h, " pushed");
	if (commit[0] == '\0')
		return;
	html_text(&a->w->h, " ");
	HTML_TAG(&a->w->h, "a");
	HTML_URL(&a->w->h, "href", "/%s/%s/commit/%s", a->x->p.owner,
	    a->x->p.name, commit);
	HTML_LEAFF(&a->w->h, "code", "", "%.10s", commit);
	html_end(&a->w->h);
}

static void
said_act_review(const struct said_act *a)
{
	int64_t id = json_i64_or(a->data, "review", 0);
	struct err no = ERR_INIT;
	struct review r;

	if (reviews_get(a->w->t, a->x->p.id, id, &r, &no) == -1) {
		html_text(&a->w->h, " reviewed it");
		return;
	}
	html_text(&a->w->h,
	    r.state == REVIEW_APPROVED              ? " approved "
		: r.state == REVIEW_REQUEST_CHANGES ? " wants changes to "
						    : " reviewed ");
	HTML_LEAFF(&a->w->h, "code", "", "%.10s", r.sha);
	if (r.dismissed)
		html_text(&a->w->h, ", dismissed since");
	review_release(&r);
}

static void
said_act_undo(const struct said_act *a)
{
	html_text(&a->w->h, " dismissed the review of ");
	HTML_LEAF(&a->w->h, "strong", "",
	    json_str_or(json_get(a->data, "reviewer"), "login", ""));
	said_act_why(a, "body");
}

static void
said_act_asked(const struct said_act *a)
{
	html_text(&a->w->h,
	    json_bool_or(a->data, "removed", false)
		? " no longer asks for a review of "
		: " asked for a review of ");
	HTML_LEAF(&a->w->h, "strong", "",
	    json_str_or(json_get(a->data, "reviewer"), "login", ""));
}

static void
said_act_line(const struct said_act *a)
{
	html_text(&a->w->h, " spoke of ");
	HTML_TAG(&a->w->h, "a");
	HTML_URL(&a->w->h, "href", "/%s/%s/pulls/%" PRId64 "/files",
	    a->x->p.owner, a->x->p.name, a->x->issue.number);
	html_shown(&a->w->h, said_act_text(a, "path"));
	html_end(&a->w->h);
}

static void
said_act_finding(const struct said_act *a)
{
	html_text(&a->w->h, " let pass ");
	said_act_code(a, "rule", NULL);
	if (said_act_text(a, "file")[0] != '\0') {
		html_text(&a->w->h, " in ");
		said_act_code(a, "file", NULL);
	}
	said_act_why(a, "reason");
}

static void
said_act_branch(const struct said_act *a)
{
	html_text(&a->w->h, " deleted the branch ");
	said_act_code(a, "old_ref", NULL);
}

static void
said_act_merge(const struct said_act *a)
{
	html_text(&a->w->h, " merged it as ");
	said_act_code(a, "commit", "short");
	said_act_why(a, "body");
}

static void
said_act_auto(const struct said_act *a)
{
	html_text(&a->w->h,
	    json_bool_or(a->data, "waits", false)
		? " will have it merged when the gate opens"
		: " no longer waits for the gate");
}

static const struct said_kind {
	const char *kind;
	said_act_fn *fn;
} said_kinds[] = {
	{ "label", said_act_label },
	{ "assignees", said_act_assignee },
	{ "milestone", said_act_milestone },
	{ "close", said_act_state },
	{ "reopen", said_act_state },
	{ "change_title", said_act_title },
	{ "change_issue_ref", said_act_ref },
	{ "change_target_branch", said_act_ref },
	{ "lock", said_act_lock },
	{ "unlock", said_act_lock },
	{ "pin", said_act_pin },
	{ "unpin", said_act_pin },
	{ "added_deadline", said_act_due },
	{ "modified_deadline", said_act_due },
	{ "removed_deadline", said_act_due },
	{ "issue_ref", said_act_refer },
	{ "comment_ref", said_act_refer },
	{ "pull_ref", said_act_refer },
	{ "pull_push", said_act_push },
	{ "review", said_act_review },
	{ "dismiss_review", said_act_undo },
	{ "review_request", said_act_asked },
	{ "code", said_act_line },
	{ "dismiss_finding", said_act_finding },
	{ "delete_branch", said_act_branch },
	{ "merge_pull", said_act_merge },
	{ "pull_scheduled_merge", said_act_auto },
	{ "pull_cancel_scheduled_merge", said_act_auto },
};

enum {
	SAID_KINDS = sizeof(said_kinds) / sizeof(said_kinds[0])
};

/* An item of a project that the viewer may not see has not referred to this
 * one. */
static bool
said_act_seen(const struct said_act *a)
{
	int64_t id = json_i64_or(a->data, "project", a->x->p.id);

	return id == a->x->p.id || web_may(a->w, id, PERM_READ);
}

bool
said_line(struct web *w, const struct said *x, const struct timeline_entry *e)
{
	struct err fail = ERR_INIT;
	struct json *data = json_parse(view_of(e->data), 0, &fail);
	const struct said_act a = { .w = w, .x = x, .e = e, .data = data };
	bool seen = data != NULL && said_act_seen(&a);
	size_t i = 0;

	while (i < SAID_KINDS && strcmp(said_kinds[i].kind, e->kind) != 0)
		i++;
	if (seen) {
		HTML_CLASS(&w->h, "p", "did");
		HTML_LEAF(&w->h, "strong", "", e->actor.login);
		if (i < SAID_KINDS)
			said_kinds[i].fn(&a);
		else
			html_textf(&w->h, ": %s", e->kind);
		html_text(&w->h, " ");
		HTML_CLASS(&w->h, "span", "sub");
		web_time(w, e->at);
		html_end(&w->h);
		html_end(&w->h);
	}
	json_free(data);
	return seen;
}
