#include "server/web/item_side.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/store/assignees.h"
#include "server/store/labels.h"
#include "server/store/milestones.h"
#include "server/store/repo_facts.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/post.h"
#include "server/web/web.h"

enum {
	ITEM_SIDE_PEOPLE = 50,
	ITEM_SIDE_SPOKE = 20
};

void
item_people(struct web *w, int64_t project)
{
	struct author_list list = { .n = 0 };
	struct err e = ERR_INIT;

	if (members_named(w->t, project, MEMBER_WRITERS, ITEM_SIDE_PEOPLE,
		&list, &e) == -1)
		log_error("web people reason=%s", log_val(e.msg));
	HTML_TAG(&w->h, "datalist");
	HTML_ATTR(&w->h, "id", "people");
	for (size_t i = 0; i < list.n; i++) {
		HTML_TAG(&w->h, "option");
		HTML_ATTR(&w->h, "value", list.at[i].login);
		html_end(&w->h);
	}
	html_end(&w->h);
	author_list_release(&list);
}

static void
item_milestone_option(struct web *w, const struct milestone *m, bool chosen)
{
	char id[24];

	(void)snprintf(id, sizeof(id), "%" PRId64, m->id);
	field_option(w, id, m->title, chosen);
}

void
item_milestone_options(struct web *w, int64_t project, int64_t chosen)
{
	const struct milestone_filter f = { .project_id = project,
		.state = ISSUE_OPEN };
	struct milestone_list list = { .n = 0 };
	struct milestone one = { .id = 0 };
	struct err e = ERR_INIT;
	bool seen = chosen == 0;

	if (milestones_list(w->t, &f, &list, &e) == -1)
		log_error("web milestones reason=%s", log_val(e.msg));
	for (size_t i = 0; i < list.n; i++) {
		seen = seen || list.at[i].id == chosen;
		item_milestone_option(w, &list.at[i], list.at[i].id == chosen);
	}
	if (!seen && milestones_get(w->t, project, chosen, &one, &e) == 0) {
		item_milestone_option(w, &one, true);
		milestone_release(&one);
	}
	milestone_list_release(&list);
}

/* ---- the parts ---- */

struct item_side {
	const struct project *p;
	const struct issue *i;
	bool may; /* a maintainer */
};

static void
item_side_form(struct web *w, const struct item_side *s, const char *name)
{
	AUTO_FREE char *at = xasprintf(
	    "issues/%" PRId64 "/change", s->i->number);

	post_project_form(w, s->p, "", at, name);
}

static void
item_side_part(struct web *w, const char *title)
{
	HTML_TAG(&w->h, "section");
	HTML_LEAF(&w->h, "h2", "", title);
}

/* "×" that takes one away; what says of what. */
static void
item_side_drop(
    struct web *w, const char *name, const char *value, const char *of)
{
	HTML_CLASS(&w->h, "button", "drop");
	HTML_ATTR(&w->h, "name", name);
	HTML_ATTR(&w->h, "value", value);
	HTML_TAG(&w->h, "span");
	HTML_ATTR(&w->h, "class", "unseen");
	html_text(&w->h, "Remove ");
	html_text(&w->h, of);
	html_end(&w->h);
	HTML_TAG(&w->h, "span");
	HTML_ATTR(&w->h, "aria-hidden", "true");
	html_text(&w->h, "×");
	html_end(&w->h);
	html_end(&w->h);
}

static bool
item_side_has(const struct label_list *l, int64_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].id == id)
			return true;
	return false;
}

static void
item_side_unseen(struct web *w, const char *id, const char *text)
{
	HTML_TAG(&w->h, "label");
	HTML_ATTR(&w->h, "class", "unseen");
	HTML_ATTR(&w->h, "for", id);
	html_text(&w->h, text);
	html_end(&w->h);
}

static void
item_side_label_field(struct web *w)
{
	HTML_CLASS(&w->h, "div", "row");
	field_select(w,
	    &(struct field){ .name = "label",
		.id = "side-label",
		.label = "A label more",
		.unseen = true });
}

/* Those that it has not. */
static void
item_side_label_add(struct web *w, const struct item_side *s)
{
	struct label_list all = { .n = 0 };
	struct html *h = &w->h;
	struct err e = ERR_INIT;
	size_t n = 0;
	char id[24];

	if (labels_list(w->t, s->p->id, 0, 0, &all, &e) == -1)
		log_error("web labels reason=%s", log_val(e.msg));
	for (size_t i = 0; i < all.n; i++) {
		const struct label *l = &all.at[i];

		if (l->archived || item_side_has(&s->i->labels, l->id))
			continue;
		if (n++ == 0)
			item_side_label_field(w);
		(void)snprintf(id, sizeof(id), "%" PRId64, l->id);
		field_option(w, id, l->name, n == 1);
	}
	if (n > 0) {
		html_end(h);
		field_button(w, "", "act", "label", "Add");
		html_end(h);
	} else if (all.n == 0) {
		HTML_CLASS(h, "p", "hint");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/labels", s->p->owner, s->p->name);
		html_text(h, "Make the first label");
		html_end(h);
		html_end(h);
	}
	label_list_release(&all);
}

static void
item_side_labels(struct web *w, const struct item_side *s)
{
	const struct label_list *l = &s->i->labels;
	struct html *h = &w->h;
	char id[24];

	item_side_part(w, "Labels");
	if (s->may)
		item_side_form(w, s, "labels");
	if (l->n == 0)
		HTML_LEAF(h, "p", "none", "none");
	for (size_t i = 0; i < l->n; i++) {
		HTML_CLASS(h, "span", "with");
		item_chip(w, s->p, &l->at[i], s->i->is_pull);
		(void)snprintf(id, sizeof(id), "%" PRId64, l->at[i].id);
		if (s->may)
			item_side_drop(w, "unlabel", id, l->at[i].name);
		html_end(h);
		html_text(h, " ");
	}
	if (s->may) {
		item_side_label_add(w, s);
		post_form_end(w);
	}
	html_end(h);
}

static void
item_side_assignees(struct web *w, const struct item_side *s)
{
	const struct author_list *l = &s->i->assignees;
	struct html *h = &w->h;
	char max[8];

	(void)snprintf(max, sizeof(max), "%d", NAME_LEN_MAX);
	item_side_part(w, "Assigned to");
	if (s->may)
		item_side_form(w, s, "assign");
	if (l->n == 0)
		HTML_LEAF(h, "p", "none", "nobody");
	for (size_t i = 0; i < l->n; i++) {
		HTML_CLASS(h, "span", "with");
		HTML_LEAF(h, "span", "chip", l->at[i].login);
		if (s->may)
			item_side_drop(
			    w, "unassign", l->at[i].login, l->at[i].login);
		html_end(h);
		html_text(h, " ");
	}
	if (s->may) {
		item_people(w, s->p->id);
		HTML_CLASS(h, "div", "row");
		item_side_unseen(w, "side-assignee", "One more");
		HTML_VOID(h, "input");
		HTML_ATTR(h, "id", "side-assignee");
		HTML_ATTR(h, "name", "assignee");
		HTML_ATTR(h, "type", "text");
		HTML_ATTR(h, "list", "people");
		HTML_ATTR(h, "maxlength", max);
		HTML_ATTR(h, "autocomplete", "off");
		HTML_ATTR(h, "placeholder", "a name");
		HTML_ATTR(h, "value", post_typed(w, "assignee", ""));
		field_button(w, "", "act", "assign", "Add");
		html_end(h);
		post_form_end(w);
	}
	html_end(h);
}

static void
item_side_milestone(struct web *w, const struct item_side *s)
{
	const struct milestone *m = &s->i->milestone;
	struct html *h = &w->h;

	item_side_part(w, "Milestone");
	if (m->id == 0 && !s->may) {
		HTML_LEAF(h, "p", "none", "none");
	} else if (m->id != 0) {
		HTML_TAG(h, "p");
		HTML_TAG(h, "a");
		HTML_URL(h, "href",
		    "/%s/%s/issues?state=all&milestone=%" PRId64, s->p->owner,
		    s->p->name, m->id);
		html_shown(h, m->title);
		html_end(h);
		HTML_LEAFF(h, "span", "sub", " %" PRId64 " of %" PRId64 " done",
		    m->closed_items, m->closed_items + m->open_items);
		html_end(h);
	}
	if (s->may) {
		item_side_form(w, s, "milestone");
		HTML_CLASS(h, "div", "row");
		field_select(w,
		    &(struct field){ .name = "milestone",
			.id = "side-milestone",
			.label = "Another milestone",
			.unseen = true });
		field_option(w, "0", "none", m->id == 0);
		item_milestone_options(w, s->p->id, m->id);
		html_end(h);
		field_button(w, "", "act", "milestone", "Set");
		html_end(h);
		post_form_end(w);
	}
	html_end(h);
}

static void
item_side_due(struct web *w, const struct item_side *s)
{
	char text[CLOCK_TEXT_MAX] = "";
	struct html *h = &w->h;

	if (s->i->due_at == 0 && !s->may)
		return;
	item_side_part(w, "Due");
	if (s->i->due_at != 0) {
		HTML_TAG(h, "p");
		web_time(w, s->i->due_at);
		html_end(h);
		clock_rfc3339(s->i->due_at, text);
		text[sizeof("2026-01-31") - 1] = '\0';
	}
	if (s->may) {
		item_side_form(w, s, "due");
		HTML_CLASS(h, "div", "row");
		field_date(w,
		    &(struct field){ .name = "due",
			.id = "side-due",
			.label = "The day it is due",
			.unseen = true },
		    text);
		field_button(w, "", "act", "due", "Set");
		html_end(h);
		post_form_end(w);
	}
	html_end(h);
}

static void
item_side_spoke(struct web *w, const struct item_side *s)
{
	struct author_list list = { .n = 0 };
	struct err e = ERR_INIT;

	if (participants_list(w->t, s->p->id, s->i->number, ITEM_SIDE_SPOKE, 0,
		&list, &e) == -1)
		log_error("web participants reason=%s", log_val(e.msg));
	if (list.n > 0) {
		item_side_part(w, "Who spoke");
		HTML_TAG(&w->h, "p");
		for (size_t i = 0; i < list.n; i++)
			html_textf(&w->h, "%s%s", i == 0 ? "" : ", ",
			    list.at[i].login);
		if (list.total > (int64_t)list.n)
			html_textf(&w->h, " and %" PRId64 " more",
			    list.total - (int64_t)list.n);
		html_end(&w->h);
		html_end(&w->h);
	}
	author_list_release(&list);
}

static void
item_side_lock(struct web *w, const struct item_side *s)
{
	struct html *h = &w->h;
	char max[8];

	(void)snprintf(max, sizeof(max), "%d", LOCK_REASON_MAX);
	item_side_form(w, s, "lock");
	HTML_CLASS(h, "div", "row");
	if (s->i->locked) {
		field_button(w, "", "act", "unlock", "Unlock");
	} else {
		item_side_unseen(w, "side-reason", "Why it is locked");
		HTML_VOID(h, "input");
		HTML_ATTR(h, "id", "side-reason");
		HTML_ATTR(h, "name", "reason");
		HTML_ATTR(h, "type", "text");
		HTML_ATTR(h, "maxlength", max);
		HTML_ATTR(h, "autocomplete", "off");
		HTML_ATTR(h, "placeholder", "why");
		HTML_ATTR(h, "value", post_typed(w, "reason", ""));
		field_button(w, "", "act", "lock", "Lock");
	}
	html_end(h);
	post_form_end(w);
}

/* Close, pin, lock.  A pull request has a form of its own to be closed. */
static void
item_side_state(struct web *w, const struct item_side *s)
{
	const struct issue *i = s->i;
	bool close = !i->is_pull && (s->may || item_may_edit(w, i));
	struct html *h = &w->h;

	if (!close && !s->may && !i->locked && i->pin == 0)
		return;
	item_side_part(w, i->is_pull ? "This pull request" : "This issue");
	if (i->locked) {
		HTML_TAG(h, "p");
		html_text(h, "Locked: only maintainers speak here");
		if (svc_text(i->lock_reason)[0] != '\0') {
			html_text(h, " (");
			html_shown(h, i->lock_reason);
			html_text(h, ")");
		}
		html_end(h);
	}
	if (i->pin > 0 && !s->may)
		HTML_LEAF(h, "p", "", "Pinned");
	if (close || s->may) {
		item_side_form(w, s, "state");
		HTML_CLASS(h, "div", "row");
		if (close)
			field_button(w, "", "act",
			    i->state == ISSUE_OPEN ? "close" : "reopen",
			    i->state == ISSUE_OPEN ? "Close" : "Open again");
		if (s->may)
			field_button(w, "", "act", i->pin > 0 ? "unpin" : "pin",
			    i->pin > 0 ? "Unpin" : "Pin");
		html_end(h);
		post_form_end(w);
	}
	if (s->may)
		item_side_lock(w, s);
	html_end(h);
}

void
item_side_begin(struct web *w)
{
	HTML_CLASS(&w->h, "div", "beside");
	HTML_TAG(&w->h, "div");
}

void
item_side_end(struct web *w, const struct project *p, const struct issue *i)
{
	const struct item_side s = {
		.p = p, .i = i, .may = web_may(w, p->id, PERM_WRITE)
	};

	html_end(&w->h);
	HTML_TAG(&w->h, "section");
	HTML_ATTR(&w->h, "class", "card side");
	HTML_ATTR(&w->h, "id", "side");
	HTML_ATTR(&w->h, "aria-label", "What is set");
	HTML_FLAG(&w->h, "data-live");
	item_side_labels(w, &s);
	item_side_assignees(w, &s);
	item_side_milestone(w, &s);
	item_side_due(w, &s);
	item_side_state(w, &s);
	item_side_spoke(w, &s);
	html_end(&w->h);
	html_end(&w->h);
}
