#include <inttypes.h>
#include <string.h>

#include "server/api/shape_priv.h"

static void
shape_branch(
    struct shape *s, const char *key, const char *branch, const char *sha)
{
	jw_object(&s->w, key);
	jw_str(&s->w, "label", branch);
	jw_str(&s->w, "ref", branch);
	jw_str(&s->w, "sha", sha);
	jw_end(&s->w);
}

void
shape_pull(struct shape *s, const struct pull *p)
{
	jw_object(&s->w, NULL);
	shape_item(s, &p->issue);
	shape_branch(s, "head", p->head, p->head_sha);
	shape_branch(s, "base", p->base, p->base_sha);
	shape_str_or_null(s, "merge_base", p->merge_base);
	jw_bool(&s->w, "mergeable", p->mergeable == MERGEABLE_YES);
	jw_bool(&s->w, "merged", p->issue.merged);
	jw_time(&s->w, "merged_at", p->merged_at);
	shape_str_or_null(s, "merge_commit_sha", p->merge_sha);
	jw_bool(&s->w, "draft", p->draft);
	shape_i64_or_null(s, "run", p->run_id);
	shape_url(s, "diff_url", "/api/v1/repos/%s/%s/pulls/%" PRId64 ".diff",
	    s->project->owner, s->project->name, p->issue.number);
	jw_end(&s->w);
}

void
shape_review(struct shape *s, const struct review *r, const char *head_sha)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	shape_user(s, "user", &r->author);
	jw_str(&s->w, "state", review_state_name(r->state));
	jw_str(&s->w, "body", r->body);
	jw_str(&s->w, "commit_id", r->sha);
	jw_bool(&s->w, "official", r->official);
	jw_bool(&s->w, "stale", strcmp(r->sha, head_sha) != 0);
	jw_bool(&s->w, "dismissed", r->dismissed);
	jw_time(&s->w, "submitted_at", r->submitted_at);
	jw_end(&s->w);
}

void
shape_status(struct shape *s, const struct status *st)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", st->id);
	jw_str(&s->w, "status", status_state_name(st->state));
	jw_str(&s->w, "state", status_state_name(st->state));
	jw_str(&s->w, "context", st->context);
	jw_str(&s->w, "description", st->description);
	jw_str(&s->w, "target_url", st->target_url);
	shape_user(s, "creator", &st->creator);
	jw_time(&s->w, "created_at", st->created_at);
	jw_time(&s->w, "updated_at", st->created_at);
	jw_end(&s->w);
}
