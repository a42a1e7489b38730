#include "server/api/shape_priv.h"
#include "server/domain/protect_rule.h"
#include "server/service/svc_protect.h"

static void
shape_protect_people(
    struct shape *s, const struct protect_rule *r, enum protect_people list)
{
	jw_array(&s->w, protect_people_name(list));
	for (size_t i = 0; i < r->people[list].n; i++)
		jw_str(&s->w, NULL, r->people[list].at[i].login);
	jw_end(&s->w);
	jw_array(&s->w, protect_teams_name(list));
	jw_end(&s->w);
}

static void
shape_protect_contexts(struct shape *s, const struct protect_rule *r)
{
	jw_array(&s->w, "status_check_contexts");
	for (size_t i = 0; r != NULL && i < r->n_contexts; i++)
		jw_str(&s->w, NULL, r->contexts[i]);
	jw_end(&s->w);
}

void
shape_protection(struct shape *s, const struct protect_rule *r)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	jw_str(&s->w, "rule_name", r->name);
	jw_str(&s->w, "branch_name",
	    protect_glob_is_plain(view_of(r->name)) ? r->name : "");
	jw_i64(&s->w, "priority", r->priority);
	for (int i = 0; i < PROTECT_FLAGS; i++)
		jw_bool(&s->w, protect_flag_name((enum protect_flag)i),
		    protect_has(r, (enum protect_flag)i));
	for (int i = 0; i < PROTECT_PEOPLE; i++)
		shape_protect_people(s, r, (enum protect_people)i);
	shape_protect_contexts(s, r);
	jw_i64(&s->w, "required_approvals", r->approvals);
	jw_str(&s->w, "protected_file_patterns", r->files);
	jw_str(&s->w, "unprotected_file_patterns", r->open_files);
	jw_time(&s->w, "created_at", r->created_at);
	jw_time(&s->w, "updated_at", r->updated_at);
	jw_end(&s->w);
}

void
shape_branch_protection(struct shape *s, const struct svc_branch_view *v)
{
	const struct protect_rule *r = v->rule;

	jw_bool(&s->w, "protected", v->protected);
	jw_i64(&s->w, "required_approvals", v->approvals);
	jw_bool(&s->w, "enable_status_check",
	    r != NULL && protect_has(r, PROTECT_STATUS));
	shape_protect_contexts(s, r);
	jw_bool(&s->w, "user_can_push", v->may_push);
	jw_bool(&s->w, "user_can_merge", v->may_merge);
	jw_str(&s->w, "effective_branch_protection_name",
	    r != NULL ? r->name : "");
}
