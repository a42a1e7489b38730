/* shape_timeline: comments and what else happened to an item, as Gitea's
 * TimelineComment. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/api/shape_priv.h"
#include "server/service/svc.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/milestones.h"
#include "server/store/projects.h"
#include "server/store/reviews.h"
#include "server/store/timeline.h"
#include "server/store/users.h"

/* The members that every entry has. */
struct shape_entry {
	const struct issue *item;
	int64_t id;
	const char *type;
	const struct author *user;
	const char *body;
	int64_t created_at;
	int64_t updated_at;
};

static void
shape_entry_start(struct shape *s, const struct shape_entry *x)
{
	const struct project *p = s->project;
	const char *what = x->item->is_pull ? "pulls" : "issues";

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", x->id);
	jw_str(&s->w, "type", x->type);
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64 "#issuecomment-%" PRId64,
	    p->owner, p->name, what, x->item->number, x->id);
	shape_url(s, x->item->is_pull ? "pull_request_url" : "issue_url",
	    "/%s/%s/%s/%" PRId64, p->owner, p->name, what, x->item->number);
	jw_str(&s->w, x->item->is_pull ? "issue_url" : "pull_request_url", "");
	shape_user(s, "user", x->user);
	jw_str(&s->w, "body", x->body);
	jw_time(&s->w, "created_at", x->created_at);
	jw_time(&s->w, "updated_at", x->updated_at);
}

/* A milestone may be gone: its title is what is known then. */
static void
shape_entry_milestone(
    struct shape *s, const char *key, int64_t id, const char *title)
{
	struct milestone m = { .id = 0 };
	struct err e = ERR_INIT;

	if (id != 0 && milestones_get(s->t, s->project->id, id, &m, &e) == -1)
		m = (struct milestone){ .id = id,
			.title = xstrdup(title),
			.description = xstrdup("") };
	shape_milestone(s, key, &m);
	milestone_release(&m);
}

static void
shape_entry_label(struct shape *s, const struct json *j)
{
	struct label l = { .id = json_i64_or(j, "id", 0) };

	if (l.id == 0) {
		jw_null(&s->w, "label");
		return;
	}
	l.name = xstrdup(json_str_or(j, "name", ""));
	l.description = xstrdup("");
	(void)label_color(json_str_or(j, "color", ""), l.color);
	shape_label(s, "label", &l);
	label_release(&l);
}

static void
shape_entry_user(struct shape *s, const char *key, int64_t id)
{
	struct author a = { .id = 0 };
	struct err e = ERR_INIT;
	struct user u;

	if (id == 0 || users_by_id(s->t, id, &u, &e) == -1) {
		jw_null(&s->w, key);
		return;
	}
	a.id = u.id;
	a.kind = u.kind;
	a.created_at = u.created_at;
	memcpy(a.login, u.login, sizeof(a.login));
	shape_user(s, key, &a);
}

/* Where it was referred to; only that which `who` may see gets here. */
static void
shape_entry_ref(struct shape *s, const struct json *data)
{
	const struct project *here = s->project;
	int64_t id = json_i64_or(data, "project", here->id);
	int64_t comment = json_i64_or(data, "comment", 0);
	struct project other = { .id = 0 };
	struct issue i = { .id = 0 };
	struct comment m = { .id = 0 };
	struct err e = ERR_INIT;

	if (id != here->id && projects_by_id(s->t, id, &other, &e) == 0)
		s->project = &other;
	if (issues_get(s->t, id, json_i64_or(data, "item", 0), &i, &e) == 0)
		shape_issue_member(s, "ref_issue", &i);
	else
		jw_null(&s->w, "ref_issue");
	if (comment != 0 && comments_get(s->t, id, comment, &m, &e) == 0)
		shape_comment_member(s, "ref_comment", &m);
	else
		jw_null(&s->w, "ref_comment");
	s->project = here;
	comment_release(&m);
	issue_release(&i);
	project_release(&other);
}

static const char *
shape_entry_sha(const struct json *data)
{
	return json_str_or(data, "sha", json_str_or(data, "commit", ""));
}

static void
shape_entry_rest(struct shape *s, const char *type, const struct json *data)
{
	bool ref = strcmp(type, "issue_ref") == 0 ||
	    strcmp(type, "comment_ref") == 0 || strcmp(type, "pull_ref") == 0;

	jw_str(&s->w, "old_title", json_str_or(data, "old_title", ""));
	jw_str(&s->w, "new_title", json_str_or(data, "new_title", ""));
	jw_str(&s->w, "old_ref", json_str_or(data, "old_ref", ""));
	jw_str(&s->w, "new_ref", json_str_or(data, "new_ref", ""));
	shape_entry_milestone(s, "milestone", json_i64_or(data, "milestone", 0),
	    json_str_or(data, "title", ""));
	shape_entry_milestone(s, "old_milestone",
	    json_i64_or(data, "old_milestone", 0),
	    json_str_or(data, "was", ""));
	shape_entry_label(s, json_get(data, "label"));
	shape_entry_user(s, "assignee", json_i64_or(data, "assignee", 0));
	jw_null(&s->w, "assignee_team");
	jw_bool(
	    &s->w, "removed_assignee", json_bool_or(data, "removed", false));
	if (ref) {
		shape_entry_ref(s, data);
	} else {
		jw_null(&s->w, "ref_issue");
		jw_null(&s->w, "ref_comment");
	}
	jw_str(&s->w, "ref_action", json_str_or(data, "action", "none"));
	jw_str(&s->w, "ref_commit_sha", shape_entry_sha(data));
	jw_i64(&s->w, "review_id", json_i64_or(data, "review", 0));
	jw_i64(&s->w, "project_id", 0);
	jw_i64(&s->w, "old_project_id", 0);
	jw_null(&s->w, "tracked_time");
	jw_null(&s->w, "resolve_doer");
	jw_null(&s->w, "dependent_issue");
	jw_end(&s->w);
}

/* The words of a review are its own; a push lists its commits. */
static char *
shape_entry_body(
    struct shape *s, const struct timeline_entry *x, const struct json *data)
{
	AUTO_STR struct str body = STR_INIT;
	struct review r = { .id = 0 };
	struct err e = ERR_INIT;

	if (strcmp(x->kind, "label") == 0) {
		str_add(&body, json_bool_or(data, "added", false) ? "1" : "");
	} else if (strcmp(x->kind, "review") == 0 &&
	    reviews_get(s->t, s->project->id, json_i64_or(data, "review", 0),
		&r, &e) == 0) {
		str_add(&body, r.body);
	} else if (strcmp(x->kind, "pull_push") == 0) {
		json_print(data, &body);
	} else {
		str_add(&body, json_str_or(data, "body", ""));
	}
	review_release(&r);
	return str_steal(&body);
}

void
shape_timeline_comment(
    struct shape *s, const struct issue *item, const struct comment *c)
{
	const struct shape_entry x = { .item = item,
		.id = c->id,
		.type = "comment",
		.user = &c->author,
		.body = c->body,
		.created_at = c->created_at,
		.updated_at = c->updated_at };

	shape_entry_start(s, &x);
	shape_entry_rest(s, "comment", NULL);
}

/* An item of a project that `who` may not see has not referred to this one. */
static bool
shape_entry_seen(const struct shape *s, const struct json *data)
{
	int64_t id = json_i64_or(data, "project", s->project->id);
	struct err e = ERR_INIT;

	return id == s->project->id ||
	    svc_may(s->t, s->who, id, PERM_READ, NULL, &e) == 0;
}

void
shape_timeline_entry(
    struct shape *s, const struct issue *item, const struct timeline_entry *e)
{
	struct err fail = ERR_INIT;
	struct json *data = json_parse(view_of(e->data), 0, &fail);
	struct shape_entry x = { .item = item,
		.id = e->id,
		.type = e->kind,
		.user = &e->actor,
		.created_at = e->at,
		.updated_at = e->at };
	AUTO_FREE char *body = shape_entry_body(s, e, data);

	x.body = body;
	if (shape_entry_seen(s, data)) {
		shape_entry_start(s, &x);
		shape_entry_rest(s, e->kind, data);
	}
	json_free(data);
}
