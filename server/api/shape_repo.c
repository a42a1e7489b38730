#include <stdio.h>

#include "lib/base/auto.h"
#include "server/api/shape_priv.h"

void
shape_repository(struct shape *s, const char *key, const struct project *p)
{
	AUTO_STR struct str full = STR_INIT;
	struct author owner = { .id = p->owner_id };

	(void)snprintf(owner.login, sizeof(owner.login), "%s", p->owner);
	str_addf(&full, "%s/%s", p->owner, p->name);
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", p->id);
	shape_user(s, "owner", &owner);
	jw_str(&s->w, "name", p->name);
	jw_str(&s->w, "full_name", str_cstr(&full));
	jw_bool(&s->w, "private", true);
	jw_bool(&s->w, "fork", false);
	jw_bool(&s->w, "mirror", false);
	jw_bool(&s->w, "empty", p->default_branch[0] == '\0');
	jw_bool(&s->w, "archived", false);
	jw_str(&s->w, "default_branch",
	    p->default_branch[0] != '\0' ? p->default_branch : "main");
	shape_url(s, "clone_url", "/%s.git", full.p);
	shape_url(s, "html_url", "/%s", full.p);
	shape_url(s, "url", "/api/v1/repos/%s", full.p);
	jw_str(&s->w, "original_url", p->upstream);
	jw_time(&s->w, "mirror_updated", p->mirror.last_ok_at);
	jw_time(&s->w, "created_at", p->created_at);
	jw_time(&s->w, "updated_at",
	    p->mirror.last_ok_at != 0 ? p->mirror.last_ok_at : p->created_at);
	jw_bool(&s->w, "has_issues", true);
	jw_bool(&s->w, "has_pull_requests", true);
	jw_bool(&s->w, "allow_merge_commits", true);
	jw_bool(&s->w, "allow_squash_merge", true);
	jw_bool(&s->w, "allow_fast_forward_only_merge", true);
	jw_bool(&s->w, "allow_rebase", false);
	jw_end(&s->w);
}
