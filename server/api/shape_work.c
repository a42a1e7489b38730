#include "lib/base/auto.h"
#include "server/api/shape_priv.h"
#include "server/domain/job_name.h"
#include "server/domain/job_rule.h"
#include "server/domain/net_rule.h"
#include "server/service/log_file.h"

static void
shape_project_ref(struct shape *s, int64_t id, const char *full_name)
{
	jw_object(&s->w, "project");
	jw_i64(&s->w, "id", id);
	jw_str(&s->w, "full_name", full_name);
	jw_end(&s->w);
}

static void
shape_run_members(struct shape *s, const struct run *r)
{
	jw_i64(&s->w, "id", r->id);
	shape_project_ref(s, r->project_id, r->project_name);
	jw_i64(&s->w, "event", r->event);
	shape_i64_or_null(s, "retry_of", r->retry_of);
	jw_i64(&s->w, "attempt", r->attempt);
	jw_time(&s->w, "not_before", r->not_before);
	shape_i64_or_null(s, "item", r->item);
	jw_bool(&s->w, "is_pull", r->is_pull);
	jw_str(&s->w, "command", r->command);
	jw_str(&s->w, "access", access_name(r->access));
	jw_str(&s->w, "agent", r->agent);
	jw_str(&s->w, "network", network_name(r->network));
	jw_i64(&s->w, "wall_s", r->wall_s);
	shape_i64_or_null(s, "budget", r->budget);
	shape_str_or_null(s, "branch", r->branch);
	shape_str_or_null(s, "base", r->base);
	shape_str_or_null(s, "base_sha", r->base_sha);
	jw_str(&s->w, "state", run_state_name(r->state));
	jw_bool(&s->w, "cancel", r->cancel);
	jw_str(&s->w, "why", r->why);
	jw_str(&s->w, "message", r->message);
	if (r->has_exit)
		jw_i64(&s->w, "exit_code", r->exit_code);
	else
		jw_null(&s->w, "exit_code");
	if (r->record != NULL && r->record[0] != '\0')
		jw_raw(&s->w, "record", view_of(r->record));
	else
		jw_null(&s->w, "record");
	jw_i64(&s->w, "log_bytes", r->log_bytes);
	jw_i64(&s->w, "log_lost", log_file_lost(r->log_bytes));
	shape_i64_or_null(s, "comment", r->comment);
	shape_i64_or_null(s, "pull", r->pull);
	jw_time(&s->w, "created_at", r->created_at);
	jw_time(&s->w, "started_at", r->started_at);
	jw_time(&s->w, "ended_at", r->ended_at);
}

void
shape_run(struct shape *s, const struct run *r)
{
	jw_object(&s->w, NULL);
	shape_run_members(s, r);
	jw_end(&s->w);
}

void
shape_run_verdict(
    struct shape *s, enum run_verdict verdict, const struct run *r)
{
	jw_object(&s->w, NULL);
	jw_str(&s->w, "verdict", run_verdict_name(verdict));
	if (r->id != 0)
		shape_run_members(s, r);
	jw_end(&s->w);
}

static void
shape_job_check(struct shape *s, const struct job_check *c,
    const struct net_rule_list *rules)
{
	jw_object(&s->w, "check");
	shape_str_or_null(s, "image", c->image);
	shape_str_or_null(s, "profile", c->profile);
	shape_str_or_null(s, "setup", c->setup);
	jw_str(&s->w, "test", c->test);
	jw_object(&s->w, "network");
	jw_str(&s->w, "setup", network_name(c->network_setup));
	jw_str(&s->w, "test", network_name(c->network_test));
	jw_raw(&s->w, "presets", view_of(c->presets));
	if (rules != NULL) {
		jw_array(&s->w, "rules");
		for (size_t i = 0; i < rules->n; i++)
			shape_net_rule(s, &rules->at[i], false);
		jw_end(&s->w);
	}
	jw_end(&s->w);
	jw_i64(&s->w, "timeout_s", c->timeout_s);
	jw_i64(&s->w, "memory", c->memory);
	shape_i64_or_null(s, "cpus", c->cpus);
	shape_i64_or_null(s, "pids", c->pids);
	shape_i64_or_null(s, "disk", c->disk);
	jw_raw(&s->w, "labels", view_of(c->labels));
	jw_bool(&s->w, "required", c->required);
	jw_end(&s->w);
}

void
shape_job(
    struct shape *s, const struct job *j, const struct net_rule_list *rules)
{
	AUTO_STR struct str context = STR_INIT;
	struct job_name name = job_name_read(j->name);

	str_addf(&context, "ci/%s", j->name);
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", j->id);
	jw_i64(&s->w, "attempt", j->attempt);
	if (rules != NULL)
		jw_str(&s->w, "lease", j->lease);
	jw_time(&s->w, "lease_until", j->lease_until);
	shape_project_ref(s, j->project_id, j->project_name);
	shape_i64_or_null(s, "pull", j->pull);
	jw_str(&s->w, "sha", j->sha);
	jw_str(&s->w, "base_sha", j->base_sha);
	jw_str(&s->w, "name", j->name);
	jw_str(&s->w, "context", str_cstr(&context));
	jw_str(&s->w, "kind", job_kind_name(name.kind));
	jw_str(&s->w, "side", job_side_name(name.side));
	jw_bool(&s->w, "merge", job_rule_is_merge(j));
	shape_str_or_null(s, "tree", j->tree);
	jw_str(&s->w, "state", job_state_name(j->state));
	shape_job_check(s, &j->check, rules);
	shape_str_or_null(s, "phase", j->phase);
	if (j->has_exit)
		jw_i64(&s->w, "exit_code", j->exit_code);
	else
		jw_null(&s->w, "exit_code");
	shape_i64_or_null(s, "signal", j->signal);
	jw_str(&s->w, "why", j->why);
	if (j->runner[0] != '\0') {
		jw_object(&s->w, "runner");
		jw_i64(&s->w, "id", j->runner_id);
		jw_str(&s->w, "name", j->runner);
		jw_end(&s->w);
	} else {
		jw_null(&s->w, "runner");
	}
	jw_i64(&s->w, "priority", j->priority);
	jw_bool(&s->w, "cancel", j->cancel);
	jw_i64(&s->w, "log_bytes", j->log_bytes);
	jw_i64(&s->w, "log_lost", log_file_lost(j->log_bytes));
	jw_time(&s->w, "created_at", j->created_at);
	jw_time(&s->w, "started_at", j->started_at);
	jw_time(&s->w, "ended_at", j->ended_at);
	jw_end(&s->w);
}

void
shape_runner(struct shape *s, const struct runner *r, int64_t now)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	jw_str(&s->w, "name", r->name);
	jw_str(&s->w, "state", runner_state(r, now));
	jw_raw(&s->w, "labels", view_of(r->labels));
	jw_i64(&s->w, "slots", r->slots);
	jw_i64(&s->w, "running", r->running);
	jw_bool(&s->w, "network", r->network);
	jw_str(&s->w, "version", r->version);
	jw_time(&s->w, "created_at", r->created_at);
	jw_time(&s->w, "registered_at", r->registered_at);
	jw_time(&s->w, "seen_at", r->seen_at);
	jw_end(&s->w);
}
