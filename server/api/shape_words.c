#include <inttypes.h>

#include "server/api/shape_priv.h"
#include "server/store/attachments.h"

#include "lib/base/err.h"
#include "lib/base/log.h"

void
shape_attachment(struct shape *s, const struct attachment *a)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", a->id);
	jw_str(&s->w, "name", a->name);
	jw_i64(&s->w, "size", a->size);
	jw_i64(&s->w, "download_count", a->downloads);
	jw_time(&s->w, "created_at", a->created_at);
	jw_str(&s->w, "uuid", a->uuid);
	shape_url(s, "browser_download_url", "/attachments/%s", a->uuid);
	jw_end(&s->w);
}

void
shape_attachments(
    struct shape *s, const char *key, const struct attachment_list *l)
{
	jw_array(&s->w, key);
	for (size_t i = 0; i < l->n; i++)
		shape_attachment(s, &l->at[i]);
	jw_end(&s->w);
}

void
shape_assets(struct shape *s, const char *key, const struct words_target *of)
{
	struct attachment_list l = { .n = 0 };
	struct err e = ERR_INIT;

	if (s->t != NULL && s->asked != of->project_id) {
		bool any = true;

		s->asked = of->project_id;
		if (attachments_any(s->t, of->project_id, &any, &e) == -1)
			log_warn("shape assets reason=%s", log_val(e.msg));
		s->bare = any ? 0 : of->project_id;
	}
	if (s->t != NULL && s->bare != of->project_id &&
	    attachments_list(s->t, of, &l, &e) == -1)
		log_warn("shape assets reason=%s", log_val(e.msg));
	shape_attachments(s, key, &l);
	attachment_list_release(&l);
}

static void
shape_comment_rest(struct shape *s, const struct comment *c)
{
	const struct project *p = s->project;
	const char *what = c->item_is_pull ? "pulls" : "issues";

	jw_i64(&s->w, "id", c->id);
	shape_user(s, "user", &c->author);
	jw_str(&s->w, "original_author", "");
	jw_i64(&s->w, "original_author_id", 0);
	jw_str(&s->w, "body", c->body);
	jw_time(&s->w, "created_at", c->created_at);
	jw_time(&s->w, "updated_at", c->updated_at);
	shape_url(s, c->item_is_pull ? "pull_request_url" : "issue_url",
	    "/%s/%s/%s/%" PRId64, p->owner, p->name, what, c->item);
	jw_str(&s->w, c->item_is_pull ? "issue_url" : "pull_request_url", "");
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64 "#issuecomment-%" PRId64,
	    p->owner, p->name, what, c->item, c->id);
	shape_i64_or_null(s, "run", c->run_id);
}

void
shape_comment_member(struct shape *s, const char *key, const struct comment *c)
{
	const struct words_target of = { c->project_id, c->item, c->id };

	jw_object(&s->w, key);
	shape_comment_rest(s, c);
	shape_assets(s, "assets", &of);
	jw_end(&s->w);
}

void
shape_comment(struct shape *s, const struct comment *c)
{
	shape_comment_member(s, NULL, c);
}

/* all: by comment. */
static void
shape_comment_assets(
    struct shape *s, const struct attachment_list *all, int64_t comment)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (all->at[mid].target.comment_id < comment)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < all->n && all->at[low].target.comment_id == comment; low++)
		shape_attachment(s, &all->at[low]);
}

void
shape_comments(struct shape *s, const struct comment_list *l)
{
	struct attachment_list all = { .n = 0 };
	struct err e = ERR_INIT;

	if (attachments_of_comments(s->t, l, &all, &e) == -1)
		log_warn("shape assets reason=%s", log_val(e.msg));
	for (size_t i = 0; i < l->n; i++) {
		jw_object(&s->w, NULL);
		shape_comment_rest(s, &l->at[i]);
		jw_array(&s->w, "assets");
		shape_comment_assets(s, &all, l->at[i].id);
		jw_end(&s->w);
		jw_end(&s->w);
	}
	attachment_list_release(&all);
}

void
shape_reaction(struct shape *s, const struct reaction *r)
{
	jw_object(&s->w, NULL);
	shape_user(s, "user", &r->author);
	jw_str(&s->w, "content", r->content);
	jw_time(&s->w, "created_at", r->at);
	jw_end(&s->w);
}

void
shape_revision(struct shape *s, const struct revision *r)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	shape_user(s, "replaced_by", &r->author);
	jw_time(&s->w, "replaced_at", r->at);
	jw_str(&s->w, "body", r->body);
	jw_end(&s->w);
}

static void
shape_notice_subject(struct shape *s, const struct notice *n)
{
	const struct project *p = s->project;
	const char *what = n->is_pull ? "pulls" : "issues";

	jw_object(&s->w, "subject");
	jw_str(&s->w, "title", n->title);
	shape_url(s, "url", "/api/v1/repos/%s/%s/%s/%" PRId64, p->owner,
	    p->name, what, n->item);
	shape_url(s, "html_url", "/%s/%s/%s/%" PRId64, p->owner, p->name, what,
	    n->item);
	if (n->comment_id != 0) {
		shape_url(s, "latest_comment_url",
		    "/api/v1/repos/%s/%s/issues/comments/%" PRId64, p->owner,
		    p->name, n->comment_id);
		shape_url(s, "latest_comment_html_url",
		    "/%s/%s/%s/%" PRId64 "#issuecomment-%" PRId64, p->owner,
		    p->name, what, n->item, n->comment_id);
	} else {
		jw_str(&s->w, "latest_comment_url", "");
		jw_str(&s->w, "latest_comment_html_url", "");
	}
	jw_str(&s->w, "type", n->is_pull ? "Pull" : "Issue");
	jw_str(
	    &s->w, "state", n->merged ? "merged" : issue_state_name(n->state));
	jw_end(&s->w);
}

void
shape_notice(struct shape *s, const struct notice *n)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", n->id);
	shape_repository(s, "repository", s->project);
	shape_notice_subject(s, n);
	jw_bool(&s->w, "unread", n->status == NOTICE_UNREAD);
	jw_bool(&s->w, "pinned", n->status == NOTICE_PINNED);
	jw_time(&s->w, "updated_at", n->updated_at);
	shape_url(s, "url", "/api/v1/notifications/threads/%" PRId64, n->id);
	jw_end(&s->w);
}
