/* shape_issue: issues, labels and milestones. */
#include <inttypes.h>

#include "server/api/shape_priv.h"

void
shape_label(struct shape *s, const char *key, const struct label *l)
{
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", l->id);
	jw_str(&s->w, "name", l->name);
	jw_bool(&s->w, "exclusive", l->exclusive);
	jw_bool(&s->w, "is_archived", l->archived);
	jw_str(&s->w, "color", l->color);
	jw_str(&s->w, "description", l->description);
	shape_url(s, "url", "/api/v1/repos/%s/%s/labels/%" PRId64,
	    s->project->owner, s->project->name, l->id);
	jw_end(&s->w);
}

void
shape_milestone(struct shape *s, const char *key, const struct milestone *m)
{
	if (m->id == 0 || m->title == NULL) {
		jw_null(&s->w, key);
		return;
	}
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", m->id);
	jw_str(&s->w, "title", m->title);
	jw_str(&s->w, "description", m->description);
	jw_str(&s->w, "state", m->closed ? "closed" : "open");
	jw_i64(&s->w, "open_issues", m->open_items);
	jw_i64(&s->w, "closed_issues", m->closed_items);
	jw_time(&s->w, "created_at", m->created_at);
	jw_time(&s->w, "updated_at", m->updated_at);
	jw_time(&s->w, "closed_at", m->closed_at);
	jw_time(&s->w, "due_on", m->due_at);
	jw_end(&s->w);
}

static void
shape_item_people(struct shape *s, const struct issue *i)
{
	shape_user(s, "user", &i->author);
	if (i->assignees.n > 0)
		shape_user(s, "assignee", &i->assignees.at[0]);
	else
		jw_null(&s->w, "assignee");
	jw_array(&s->w, "assignees");
	for (size_t k = 0; k < i->assignees.n; k++)
		shape_user(s, NULL, &i->assignees.at[k]);
	jw_end(&s->w);
}

void
shape_item(struct shape *s, const struct issue *i)
{
	const struct project *p = s->project;

	jw_i64(&s->w, "id", i->id);
	jw_i64(&s->w, "number", i->number);
	jw_str(&s->w, "title", i->title);
	jw_str(&s->w, "body", i->body);
	jw_str(&s->w, "state", issue_state_name(i->state));
	shape_item_people(s, i);
	jw_i64(&s->w, "comments", i->comments);
	jw_array(&s->w, "labels");
	for (size_t k = 0; k < i->labels.n; k++)
		shape_label(s, NULL, &i->labels.at[k]);
	jw_end(&s->w);
	shape_milestone(s, "milestone", &i->milestone);
	jw_bool(&s->w, "is_locked", i->locked);
	jw_i64(&s->w, "pin_order", i->pin);
	jw_i64(&s->w, "content_version", i->version);
	jw_time(&s->w, "due_date", i->due_at);
	jw_time(&s->w, "created_at", i->created_at);
	jw_time(&s->w, "updated_at", i->updated_at);
	jw_time(&s->w, "closed_at", i->closed_at);
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64, p->owner, p->name,
	    i->is_pull ? "pulls" : "issues", i->number);
}

static void
shape_issue_pull(struct shape *s, const struct issue *i)
{
	const struct project *p = s->project;

	if (!i->is_pull) {
		jw_null(&s->w, "pull_request");
		return;
	}
	jw_object(&s->w, "pull_request");
	jw_bool(&s->w, "merged", i->merged);
	jw_time(&s->w, "merged_at", i->merged_at);
	jw_bool(&s->w, "draft", i->draft);
	shape_url(s, "html_url", "/%s/%s/pulls/%" PRId64, p->owner, p->name,
	    i->number);
	jw_end(&s->w);
}

void
shape_issue_member(struct shape *s, const char *key, const struct issue *i)
{
	const struct words_target of = { i->project_id, i->number, 0 };
	const struct project *p = s->project;

	jw_object(&s->w, key);
	shape_item(s, i);
	shape_url(s, "url", "/api/v1/repos/%s/%s/issues/%" PRId64, p->owner,
	    p->name, i->number);
	jw_str(&s->w, "ref", i->ref);
	jw_str(&s->w, "original_author", "");
	jw_i64(&s->w, "original_author_id", 0);
	jw_i64(&s->w, "time_estimate", 0);
	jw_array(&s->w, "projects");
	jw_end(&s->w);
	shape_assets(s, "assets", &of);
	shape_issue_pull(s, i);
	shape_repository_meta(s, "repository", p);
	jw_end(&s->w);
}

void
shape_issue(struct shape *s, const struct issue *i)
{
	shape_issue_member(s, NULL, i);
}
