#include "server/api/shape_priv.h"
#include "server/domain/approval.h"

void
shape_approval(struct shape *s, const struct approval *a)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", a->id);
	jw_object(&s->w, "project");
	jw_i64(&s->w, "id", a->project_id);
	jw_str(&s->w, "full_name", a->project_name);
	jw_end(&s->w);
	jw_str(&s->w, "kind", approval_kind_name(a->kind));
	jw_str(&s->w, "subject", a->subject);
	jw_str(&s->w, "reason", a->reason);
	jw_str(&s->w, "state", approval_state_name(a->state));
	shape_i64_or_null(s, "run", a->run_id);
	shape_i64_or_null(s, "item", a->item);
	jw_bool(&s->w, "is_pull", a->is_pull);
	jw_time(&s->w, "created_at", a->created_at);
	jw_time(&s->w, "expires_at", a->expires_at);
	jw_time(&s->w, "decided_at", a->decided_at);
	shape_str_or_null(s, "by", a->by);
	jw_time(&s->w, "until", a->until);
	jw_end(&s->w);
}
