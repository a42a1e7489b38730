#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/api/shape_priv.h"

/* fork: the project that the branch is of, 0: the pull request's own. */
static void
shape_branch(struct shape *s, const char *key, const char *label,
    const char *ref, const char *sha, int64_t fork)
{
	jw_object(&s->w, key);
	jw_str(&s->w, "label", label);
	jw_str(&s->w, "ref", ref);
	jw_str(&s->w, "sha", sha);
	jw_i64(&s->w, "repo_id", fork != 0 ? fork : s->project->id);
	if (fork != 0)
		shape_repository_by_id(s, "repo", fork);
	else
		shape_repository(s, "repo", s->project);
	jw_end(&s->w);
}

static void
shape_pull_branches(struct shape *s, const struct pull *p)
{
	const char *branch = p->head;
	char ref[64];

	(void)snprintf(
	    ref, sizeof(ref), "refs/pull/%" PRId64 "/head", p->issue.number);
	if (p->head_project != 0 && strchr(branch, ':') != NULL)
		branch = strchr(branch, ':') + 1;
	shape_branch(s, "base", p->base, p->base, p->base_sha, 0);
	shape_branch(s, "head", p->head, p->head_gone ? ref : branch,
	    p->head_sha, p->head_project);
	shape_str_or_null(s, "merge_base", p->merge_base);
}

static void
shape_pull_merged(struct shape *s, const struct pull *p)
{
	jw_bool(&s->w, "mergeable",
	    p->mergeable == MERGEABLE_YES && p->issue.state == ISSUE_OPEN);
	jw_bool(&s->w, "merged", p->issue.merged);
	jw_time(&s->w, "merged_at", p->merged_at);
	shape_str_or_null(s, "merge_commit_sha", p->merge_sha);
	if (p->merger.id != 0)
		shape_user(s, "merged_by", &p->merger);
	else
		jw_null(&s->w, "merged_by");
	jw_bool(&s->w, "allow_maintainer_edit", false);
}

static void
shape_pull_url(
    struct shape *s, const char *key, const struct pull *p, const char *tail)
{
	shape_url(s, key, "/api/v1/repos/%s/%s/pulls/%" PRId64 "%s",
	    s->project->owner, s->project->name, p->issue.number, tail);
}

/* The page of the pull request, and a place in it. */
static void
shape_pull_page(struct shape *s, const char *key, int64_t item,
    const char *mark, int64_t id)
{
	const struct project *p = s->project;
	char at[64] = "";

	if (id != 0)
		(void)snprintf(at, sizeof(at), "#%s-%" PRId64, mark, id);
	shape_url(
	    s, key, "/%s/%s/pulls/%" PRId64 "%s", p->owner, p->name, item, at);
}

void
shape_pull(struct shape *s, const struct pull *p)
{
	jw_object(&s->w, NULL);
	shape_item(s, &p->issue);
	shape_pull_page(s, "url", p->issue.number, "", 0);
	shape_pull_branches(s, p);
	shape_pull_merged(s, p);
	jw_bool(&s->w, "draft", p->draft);
	jw_i64(&s->w, "additions", p->additions);
	jw_i64(&s->w, "deletions", p->deletions);
	jw_i64(&s->w, "changed_files", p->changed_files);
	jw_i64(&s->w, "review_comments", p->review_comments);
	jw_array(&s->w, "requested_reviewers");
	for (size_t i = 0; i < p->n_reviewers; i++)
		shape_user(s, NULL, &p->reviewers[i]);
	jw_end(&s->w);
	jw_array(&s->w, "requested_reviewers_teams");
	jw_end(&s->w);
	shape_i64_or_null(s, "run", p->run_id);
	shape_pull_url(s, "diff_url", p, ".diff");
	shape_pull_url(s, "patch_url", p, ".patch");
	jw_end(&s->w);
}

void
shape_review(struct shape *s, const struct review *r, const char *head_sha)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	shape_user(s, "user", &r->author);
	jw_null(&s->w, "team");
	jw_str(&s->w, "state", review_state_name(r->state));
	jw_str(&s->w, "body", r->body);
	jw_str(&s->w, "commit_id", r->sha);
	jw_bool(&s->w, "official", r->official);
	jw_bool(&s->w, "stale", r->retargeted || strcmp(r->sha, head_sha) != 0);
	jw_bool(&s->w, "dismissed", r->dismissed);
	jw_i64(&s->w, "comments_count", r->comments);
	jw_time(&s->w, "submitted_at", r->submitted_at);
	jw_time(&s->w, "updated_at", r->updated_at);
	shape_pull_page(s, "html_url", r->item, "pullrequestreview", r->id);
	shape_pull_page(s, "pull_request_url", r->item, "", 0);
	jw_end(&s->w);
}

void
shape_review_comment(struct shape *s, const struct review_comment *c)
{
	bool old = c->side == REVIEW_SIDE_OLD;
	int64_t line = c->outdated ? 0 : c->line;

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", c->id);
	jw_str(&s->w, "body", c->body);
	shape_user(s, "user", &c->author);
	if (c->resolver.id != 0)
		shape_user(s, "resolver", &c->resolver);
	else
		jw_null(&s->w, "resolver");
	jw_i64(&s->w, "pull_request_review_id", c->review_id);
	jw_time(&s->w, "created_at", c->created_at);
	jw_time(&s->w, "updated_at", c->updated_at);
	jw_str(&s->w, "path", c->path);
	jw_str(&s->w, "commit_id", old ? c->sha : c->at_sha);
	jw_str(&s->w, "original_commit_id", c->sha);
	jw_str(&s->w, "diff_hunk", c->hunk);
	jw_i64(&s->w, "position", old ? 0 : line);
	jw_i64(&s->w, "original_position", old ? line : 0);
	jw_bool(&s->w, "outdated", c->outdated);
	shape_i64_or_null(s, "reply_to", c->reply_to);
	shape_pull_page(s, "html_url", c->item, "issuecomment", c->id);
	shape_pull_page(s, "pull_request_url", c->item, "", 0);
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
	if (s->project != NULL)
		shape_url(s, "url", "/api/v1/repos/%s/%s/statuses/%s",
		    s->project->owner, s->project->name, st->sha);
	shape_user(s, "creator", &st->creator);
	jw_time(&s->w, "created_at", st->created_at);
	jw_time(&s->w, "updated_at", st->created_at);
	jw_end(&s->w);
}
