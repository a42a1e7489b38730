#include <inttypes.h>

#include "server/api/shape_priv.h"

void
shape_item(struct shape *s, const struct issue *i)
{
	const struct project *p = s->project;

	jw_i64(&s->w, "id", i->id);
	jw_i64(&s->w, "number", i->number);
	jw_str(&s->w, "title", i->title);
	jw_str(&s->w, "body", i->body);
	jw_str(&s->w, "state", issue_state_name(i->state));
	shape_user(s, "user", &i->author);
	jw_i64(&s->w, "comments", i->comments);
	jw_array(&s->w, "labels");
	jw_end(&s->w);
	jw_array(&s->w, "assignees");
	jw_end(&s->w);
	jw_time(&s->w, "created_at", i->created_at);
	jw_time(&s->w, "updated_at", i->updated_at);
	jw_time(&s->w, "closed_at", i->closed_at);
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64, p->owner, p->name,
	    i->is_pull ? "pulls" : "issues", i->number);
	shape_url(s, "url", "/api/v1/repos/%s/%s/%s/%" PRId64, p->owner,
	    p->name, i->is_pull ? "pulls" : "issues", i->number);
}

void
shape_issue(struct shape *s, const struct issue *i)
{
	jw_object(&s->w, NULL);
	shape_item(s, i);
	if (i->is_pull) {
		jw_object(&s->w, "pull_request");
		jw_bool(&s->w, "merged", i->merged);
		jw_end(&s->w);
	} else {
		jw_null(&s->w, "pull_request");
	}
	jw_end(&s->w);
}

void
shape_comment(struct shape *s, const struct comment *c)
{
	const struct project *p = s->project;
	const char *what = c->item_is_pull ? "pulls" : "issues";

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", c->id);
	jw_str(&s->w, "body", c->body);
	shape_user(s, "user", &c->author);
	jw_time(&s->w, "created_at", c->created_at);
	jw_time(&s->w, "updated_at", c->updated_at);
	shape_url(s, c->item_is_pull ? "pull_request_url" : "issue_url",
	    "/%s/%s/%s/%" PRId64, p->owner, p->name, what, c->item);
	jw_str(&s->w, c->item_is_pull ? "issue_url" : "pull_request_url", "");
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64 "#issuecomment-%" PRId64,
	    p->owner, p->name, what, c->item, c->id);
	shape_i64_or_null(s, "run", c->run_id);
	jw_end(&s->w);
}
