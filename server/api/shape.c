#include "server/api/shape.h"
#include "server/store/care.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/mirror_fail.h"
#include "server/domain/mirror_plan.h"
#include "server/http/call.h"
#include "server/store/statuses.h"
#include "server/store/upstream.h"

void
shape_init(struct shape *s, struct call *c, const struct project *p)
{
	s->body = STR_INIT;
	s->url = call_url(c);
	s->project = p;
	jw_init(&s->w, &s->body);
}

void
shape_page(struct shape *s, struct call *c, const struct project *p,
    uint32_t page, uint32_t limit, int64_t total)
{
	call_total(c, page, limit, total);
	shape_init(s, c, p);
	jw_array(&s->w, NULL);
}

void
shape_reply(struct shape *s, struct call *c, int status)
{
	if (!str_ok(&s->body)) {
		str_release(&s->body);
		call_reply_error(c, 500, "the reply is too large");
		return;
	}
	call_reply_json(c, status, &s->body);
}

__attribute__((format(printf, 3, 4))) static void
shape_url(struct shape *s, const char *key, const char *fmt, ...)
{
	AUTO_STR struct str u = STR_INIT_MAX(4096);
	va_list ap;

	str_add(&u, s->url);
	va_start(ap, fmt);
	str_vaddf(&u, fmt, ap);
	va_end(ap);
	jw_str(&s->w, key, str_cstr(&u));
}

void
shape_i64_or_null(struct shape *s, const char *key, int64_t n)
{
	if (n != 0)
		jw_i64(&s->w, key, n);
	else
		jw_null(&s->w, key);
}

void
shape_str_or_null(struct shape *s, const char *key, const char *v)
{
	jw_str(&s->w, key, v != NULL && v[0] != '\0' ? v : NULL);
}

void
shape_user(struct shape *s, const char *key, const char *login)
{
	jw_object(&s->w, key);
	jw_str(&s->w, "login", login);
	jw_str(&s->w, "username", login);
	jw_end(&s->w);
}

void
shape_user_full(struct shape *s, const struct user *u)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", u->id);
	jw_str(&s->w, "login", u->login);
	jw_str(&s->w, "username", u->login);
	jw_str(&s->w, "full_name", "");
	jw_str(&s->w, "email", "");
	jw_str(&s->w, "kind", user_kind_name(u->kind));
	jw_bool(&s->w, "is_admin", u->kind == USER_ADMIN);
	jw_time(&s->w, "created", u->created_at);
	jw_end(&s->w);
}

void
shape_repository(struct shape *s, const char *key, const struct project *p)
{
	AUTO_STR struct str full = STR_INIT;

	str_addf(&full, "%s/%s", p->owner, p->name);
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", p->id);
	shape_user(s, "owner", p->owner);
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
	jw_i64(&s->w, "max_wakes", x->max_wakes);
	jw_i64(&s->w, "memory", x->memory);
	jw_i64(&s->w, "cpus", x->cpus);
	jw_i64(&s->w, "pids", x->pids);
	jw_i64(&s->w, "disk", x->disk);
	jw_i64(&s->w, "wall_s", x->wall_s);
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

		(void)statuses_latest(m->t, p->id,
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
	    mirror_plan_stale(m->now, x->last_ok_at, p->settings.interval_s));
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
	jw_object(&s->w, "sandbox");
	jw_str(&s->w, "want", sandbox_want_name(p->sandbox.want));
	jw_str(&s->w, "state", sandbox_status_name(p->sandbox.state));
	jw_str(&s->w, "reason", p->sandbox.reason);
	jw_str(&s->w, "address", p->sandbox.address);
	jw_time(&s->w, "updated_at", p->sandbox.updated_at);
	jw_end(&s->w);
	shape_settings(s, &p->settings);
	jw_end(&s->w);
}

/* The members that an issue and a pull request share. */
static void
shape_item(struct shape *s, const struct issue *i)
{
	const struct project *p = s->project;

	jw_i64(&s->w, "id", i->id);
	jw_i64(&s->w, "number", i->number);
	jw_str(&s->w, "title", i->title);
	jw_str(&s->w, "body", i->body);
	jw_str(&s->w, "state", issue_state_name(i->state));
	shape_user(s, "user", i->author.login);
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
	shape_user(s, "user", c->author.login);
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
	shape_user(s, "user", r->author.login);
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
	shape_user(s, "creator", st->creator.login);
	jw_time(&s->w, "created_at", st->created_at);
	jw_time(&s->w, "updated_at", st->created_at);
	jw_end(&s->w);
}

static void
shape_project_ref(struct shape *s, int64_t id, const char *full_name)
{
	jw_object(&s->w, "project");
	jw_i64(&s->w, "id", id);
	jw_str(&s->w, "full_name", full_name);
	jw_end(&s->w);
}

void
shape_run(struct shape *s, const struct run *r)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", r->id);
	shape_project_ref(s, r->project_id, r->project_name);
	jw_i64(&s->w, "event", r->event);
	shape_i64_or_null(s, "item", r->item);
	jw_bool(&s->w, "is_pull", r->is_pull);
	jw_str(&s->w, "command", r->command);
	jw_str(&s->w, "access", access_name(r->access));
	jw_str(&s->w, "agent", r->agent);
	jw_str(&s->w, "network", network_name(r->network));
	jw_i64(&s->w, "wall_s", r->wall_s);
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
	shape_i64_or_null(s, "comment", r->comment);
	shape_i64_or_null(s, "pull", r->pull);
	jw_time(&s->w, "created_at", r->created_at);
	jw_time(&s->w, "started_at", r->started_at);
	jw_time(&s->w, "ended_at", r->ended_at);
	jw_end(&s->w);
}

static void
shape_job_check(struct shape *s, const struct job_check *c)
{
	jw_object(&s->w, "check");
	shape_str_or_null(s, "setup", c->setup);
	jw_str(&s->w, "test", c->test);
	jw_object(&s->w, "network");
	jw_str(&s->w, "setup", network_name(c->network_setup));
	jw_str(&s->w, "test", network_name(c->network_test));
	jw_end(&s->w);
	jw_i64(&s->w, "timeout_s", c->timeout_s);
	jw_i64(&s->w, "memory", c->memory);
	jw_bool(&s->w, "required", c->required);
	jw_end(&s->w);
}

void
shape_job(struct shape *s, const struct job *j, bool with_lease)
{
	AUTO_STR struct str context = STR_INIT;

	str_addf(&context, "ci/%s", j->name);
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", j->id);
	jw_i64(&s->w, "attempt", j->attempt);
	if (with_lease)
		jw_str(&s->w, "lease", j->lease);
	jw_time(&s->w, "lease_until", j->lease_until);
	shape_project_ref(s, j->project_id, j->project_name);
	shape_i64_or_null(s, "pull", j->pull);
	jw_str(&s->w, "sha", j->sha);
	jw_str(&s->w, "base_sha", j->base_sha);
	jw_str(&s->w, "name", j->name);
	jw_str(&s->w, "context", str_cstr(&context));
	jw_str(&s->w, "state", job_state_name(j->state));
	shape_job_check(s, &j->check);
	shape_str_or_null(s, "phase", j->phase);
	if (j->has_exit)
		jw_i64(&s->w, "exit_code", j->exit_code);
	else
		jw_null(&s->w, "exit_code");
	shape_i64_or_null(s, "signal", j->signal);
	jw_str(&s->w, "why", j->why);
	jw_str(&s->w, "runner", j->runner);
	jw_i64(&s->w, "log_bytes", j->log_bytes);
	jw_time(&s->w, "created_at", j->created_at);
	jw_time(&s->w, "started_at", j->started_at);
	jw_time(&s->w, "ended_at", j->ended_at);
	jw_end(&s->w);
}
