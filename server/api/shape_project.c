#include <inttypes.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/api/shape_priv.h"
#include "server/auth/auth.h"
#include "server/domain/look.h"
#include "server/domain/mirror_fail.h"
#include "server/domain/mirror_plan.h"
#include "server/domain/verdict.h"
#include "server/service/svc_use.h"
#include "server/store/care.h"
#include "server/store/options.h"
#include "server/store/statuses.h"
#include "server/store/upstream.h"

static void
shape_settings(struct shape *s, const struct project_settings *x)
{
	jw_object(&s->w, "settings");
	jw_i64(&s->w, "interval_s", x->interval_s);
	jw_str(&s->w, "network", network_name(x->network));
	jw_str(&s->w, "agent", x->agent);
	jw_array(&s->w, "agent_command");
	for (size_t i = 0; i < x->agent_command_n; i++)
		jw_str(&s->w, NULL, x->agent_command[i]);
	jw_end(&s->w);
	jw_bool(&s->w, "pickup", x->pickup);
	jw_bool(&s->w, "hold", x->hold);
	jw_i64(&s->w, "keep_days", x->keep_days);
	jw_i64(&s->w, "approvals", x->approvals);
	jw_bool(&s->w, "current", x->current);
	jw_bool(&s->w, "conversations", x->conversations);
	jw_str(&s->w, "findings", look_gate_name(x->findings));
	jw_bool(&s->w, "test_merge_result", x->test_merge);
	jw_i64(&s->w, "max_wakes", x->max_wakes);
	jw_i64(&s->w, "memory", x->memory);
	jw_i64(&s->w, "cpus", x->cpus);
	jw_i64(&s->w, "pids", x->pids);
	jw_i64(&s->w, "disk", x->disk);
	jw_i64(&s->w, "wall_s", x->wall_s);
	jw_bool(&s->w, "runs_paused", x->runs_paused);
	jw_str(&s->w, "trigger_label", x->trigger_label);
	jw_i64(&s->w, "max_retries", x->max_retries);
	jw_i64(&s->w, "retry_s", x->retry_s);
	jw_i64(&s->w, "max_item_runs", x->max_item_runs);
	jw_i64(&s->w, "max_day_runs", x->max_day_runs);
	options_write(&s->w, &x->sandbox);
	jw_end(&s->w);
}

/* JSON that the server wrote itself, or null. */
static void
shape_memo(struct shape *s, const char *key, const char *json, const char *none)
{
	jw_raw(
	    &s->w, key, view_of(json != NULL && json[0] != '\0' ? json : none));
}

/* The state of ci/NAME; "pending" when nobody has said anything. */
static const char *
shape_verdict(const struct status_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->at[i].context, "ci/", 3) == 0 &&
		    strcmp(list->at[i].context + 3, name) == 0)
			return status_state_name(list->at[i].state);
	return status_state_name(STATUS_PENDING);
}

/* An entry whose required checks have not all passed. */
static void
shape_unverified_one(
    struct shape *s, const struct status_list *list, const struct json *entry)
{
	const struct json *required = json_get(entry, "required");
	bool good = true;

	for (const struct json *r = json_first(required); r != NULL;
	     r = json_next(r))
		good = good &&
		    strcmp(shape_verdict(list, json_string(r)),
			status_state_name(STATUS_SUCCESS)) == 0;
	if (good)
		return;
	jw_object(&s->w, NULL);
	jw_str(&s->w, "ref", json_str_or(entry, "ref", NULL));
	jw_str(&s->w, "sha", json_str_or(entry, "sha", NULL));
	jw_array(&s->w, "checks");
	for (const struct json *r = json_first(required); r != NULL;
	     r = json_next(r)) {
		jw_object(&s->w, NULL);
		jw_str(&s->w, "name", json_string(r));
		jw_str(&s->w, "state", shape_verdict(list, json_string(r)));
		jw_end(&s->w);
	}
	jw_end(&s->w);
	jw_end(&s->w);
}

/* What is unknown is shown as not verified. */
static void
shape_unverified(
    struct shape *s, const struct project *p, const struct shape_mirror *m)
{
	struct err ignored = ERR_INIT;
	struct json *all = NULL;

	if (m->memo->unverified != NULL && m->memo->unverified[0] != '\0')
		all = json_parse(view_of(m->memo->unverified), 0, &ignored);
	for (const struct json *x = json_first(all); x != NULL;
	     x = json_next(x)) {
		struct status_list list = { .n = 0 };

		(void)statuses_verdicts(m->t, p->id,
		    json_str_or(x, "sha", SHA_ZERO), &list, &ignored);
		shape_unverified_one(s, &list, x);
		status_list_release(&list);
	}
	json_free(all);
}

static void
shape_mirror(
    struct shape *s, const struct project *p, const struct shape_mirror *m)
{
	const struct mirror_state *x = &p->mirror;
	int64_t tried = x->attempt_at > x->last_ok_at ? x->attempt_at
						      : x->last_ok_at;

	jw_object(&s->w, "mirror");
	jw_str(&s->w, "state", mirror_status_name(x->state));
	jw_i64(&s->w, "refs", x->refs);
	jw_time(&s->w, "last_ok_at", x->last_ok_at);
	jw_time(&s->w, "last_attempt_at", tried);
	shape_str_or_null(s, "last_error", x->last_error);
	shape_str_or_null(s, "error_kind", mirror_fail_name(x->kind));
	jw_time(&s->w, "next_at", x->next_at);
	jw_bool(&s->w, "stale",
	    x->state != MIRROR_NONE &&
		mirror_plan_stale(
		    m->now, x->last_ok_at, p->settings.interval_s));
	if (x->last_ok_at > 0)
		jw_i64(&s->w, "age_s",
		    m->now > x->last_ok_at ? (m->now - x->last_ok_at) / 1000
					   : 0);
	else
		jw_null(&s->w, "age_s");
	shape_memo(s, "waiting", m->memo->waiting, "[]");
	shape_memo(s, "report", m->memo->report, "null");
	jw_array(&s->w, "unverified");
	shape_unverified(s, p, m);
	jw_end(&s->w);
	jw_end(&s->w);
}

static void
shape_upstream(struct shape *s, const struct upstream_info *x)
{
	if (x->checked_at == 0) {
		jw_null(&s->w, "upstream_info");
		return;
	}
	jw_object(&s->w, "upstream_info");
	jw_time(&s->w, "checked_at", x->checked_at);
	shape_str_or_null(s, "full_name", x->full_name);
	shape_str_or_null(s, "description", x->description);
	shape_str_or_null(s, "default_branch", x->default_branch);
	shape_str_or_null(s, "parent", x->parent);
	shape_str_or_null(s, "pushed_at", x->pushed_at);
	jw_bool(&s->w, "archived", x->archived);
	jw_bool(&s->w, "private", x->is_private);
	jw_bool(&s->w, "disabled", x->disabled);
	shape_str_or_null(s, "moved_to", x->moved_to);
	shape_str_or_null(s, "error", x->error);
	jw_end(&s->w);
}

void
shape_care(struct shape *s, const struct care_row *r)
{
	jw_object(&s->w, "repository");
	jw_i64(&s->w, "size", r->size);
	jw_i64(&s->w, "packs", r->packs);
	jw_i64(&s->w, "loose", r->loose);
	jw_time(&s->w, "maintained_at", r->maintained_at);
	jw_time(&s->w, "checked_at", r->past.checked_at);
	jw_time(&s->w, "walked_at", r->past.walked_at);
	jw_str(&s->w, "health", care_health_name(r->past.health));
	shape_str_or_null(s, "error", r->error);
	shape_str_or_null(s, "problem", r->problem);
	jw_bool(&s->w, "purging", r->past.purge_at != 0);
	jw_end(&s->w);
}

static void
shape_sandbox(struct shape *s, const struct sandbox_state *x,
    const struct shape_mirror *m)
{
	const struct svc_use *use = m->use;

	jw_object(&s->w, "sandbox");
	jw_str(&s->w, "want", sandbox_want_name(x->want));
	jw_str(&s->w, "state", sandbox_status_name(x->state));
	jw_str(&s->w, "cause", x->cause);
	jw_str(&s->w, "reason", x->reason);
	jw_str(&s->w, "address", x->address);
	jw_i64(&s->w, "generation", x->generation);
	jw_time(&s->w, "updated_at", x->updated_at);
	jw_bool(&s->w, "served", m->served);
	jw_str(&s->w, "driver", m->driver);
	jw_bool(&s->w, "lockdown", m->lockdown);
	if (use == NULL) {
		jw_null(&s->w, "use");
	} else {
		jw_object(&s->w, "use");
		jw_time(&s->w, "at", use->at);
		for (const struct svc_use_row *r = svc_use_rows;
		     r->name != NULL; r++) {
			int64_t v;

			memcpy(&v, (const char *)use + r->offset, sizeof(v));
			jw_i64(&s->w, r->name, v);
		}
		jw_end(&s->w);
	}
	jw_end(&s->w);
}

/* The member "prove". */
static void
shape_verdict_on(
    struct shape *s, const struct project *p, const struct shape_mirror *m)
{
	const struct verdict *v = m->verdict;

	if (v->at == 0) {
		jw_null(&s->w, "prove");
		return;
	}
	jw_object(&s->w, "prove");
	jw_time(&s->w, "at", v->at);
	jw_str(&s->w, "result", verdict_result_name(v->result));
	jw_bool(&s->w, "stale", verdict_is_stale(v, p, m->lockdown));
	jw_i64(&s->w, "passed", v->passed);
	jw_i64(&s->w, "failed", v->failed);
	jw_i64(&s->w, "untestable", v->untestable);
	jw_i64(&s->w, "generation", v->generation);
	jw_str(&s->w, "network", v->network);
	jw_str(&s->w, "driver", v->driver);
	shape_memo(s, "failed_rows", v->failed_rows, "[]");
	jw_end(&s->w);
}

/* Without it agentd leaves the project as it is. */
static void
shape_policy(
    struct shape *s, const struct project *p, const struct shape_mirror *m)
{
	struct err e = ERR_INIT;

	if (s->who == NULL || s->who->kind != IDENTITY_SERVICE ||
	    shape_net_policy(s, m->t, p->id, m->now, &e) == 0)
		return;
	log_error(
	    "project policy project=%" PRId64 " err=%s", p->id, log_val(e.msg));
	jw_null(&s->w, "policy");
}

void
shape_project(
    struct shape *s, const struct project *p, const struct shape_mirror *m)
{
	AUTO_STR struct str full = STR_INIT;

	str_addf(&full, "%s/%s", p->owner, p->name);
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", p->id);
	jw_str(&s->w, "owner", p->owner);
	jw_str(&s->w, "name", p->name);
	jw_str(&s->w, "full_name", str_cstr(&full));
	jw_str(&s->w, "upstream", p->upstream);
	jw_str(&s->w, "default_branch", p->default_branch);
	jw_str(&s->w, "state", project_state_name(p->state));
	jw_time(&s->w, "created_at", p->created_at);
	shape_url(s, "clone_url", "/%s.git", full.p);
	shape_mirror(s, p, m);
	shape_upstream(s, m->info);
	shape_memo(s, "contents", m->memo->contents, "null");
	shape_care(s, m->care);
	shape_sandbox(s, &p->sandbox, m);
	shape_verdict_on(s, p, m);
	shape_settings(s, &p->settings);
	shape_policy(s, p, m);
	jw_end(&s->w);
}
