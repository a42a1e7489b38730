#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/api/shape_priv.h"
#include "server/auth/auth.h"
#include "server/service/svc.h"

/* What Gitea shows of a repository that was never archived. */
#define SHAPE_EPOCH "1970-01-01T00:00:00Z"

static void
shape_repo_permissions(struct shape *s, const struct project *p, enum role role)
{
	const struct identity *who = s->who;
	bool admin = who != NULL &&
	    (who->kind == IDENTITY_ADMIN ||
		(who->kind == IDENTITY_USER && role == ROLE_ADMIN));
	bool push = admin ||
	    (who != NULL &&
		((who->kind == IDENTITY_USER && role == ROLE_MAINTAINER) ||
		    (who->project_id == p->id && who->access == ACCESS_WRITE)));

	jw_object(&s->w, "permissions");
	jw_bool(&s->w, "admin", admin);
	jw_bool(&s->w, "push", push);
	jw_bool(&s->w, "pull", true);
	jw_end(&s->w);
}

static void
shape_repo_units(struct shape *s, const struct repo_profile *f)
{
	jw_bool(&s->w, "has_code", true);
	jw_bool(&s->w, "has_issues", f->has_issues);
	if (f->has_issues) {
		jw_object(&s->w, "internal_tracker");
		jw_bool(&s->w, "enable_time_tracker", false);
		jw_bool(&s->w, "allow_only_contributors_to_track_time", false);
		jw_bool(&s->w, "enable_issue_dependencies", false);
		jw_end(&s->w);
	}
	jw_bool(&s->w, "has_wiki", false);
	jw_bool(&s->w, "has_pull_requests", f->has_pulls);
	jw_bool(&s->w, "has_projects", false);
	jw_str(&s->w, "projects_mode", "all");
	jw_bool(&s->w, "has_releases", false);
	jw_bool(&s->w, "has_packages", false);
	jw_bool(&s->w, "has_actions", false);
}

static void
shape_repo_merges(struct shape *s, const struct repo_profile *f)
{
	static const struct {
		const char *key;
		enum merge_style style;
	} styles[] = {
		{ "allow_merge_commits", MERGE_STYLE_MERGE },
		{ "allow_rebase", MERGE_STYLE_REBASE },
		{ "allow_rebase_explicit", MERGE_STYLE_REBASE_MERGE },
		{ "allow_squash_merge", MERGE_STYLE_SQUASH },
		{ "allow_fast_forward_only_merge", MERGE_STYLE_FAST_FORWARD },
		{ "allow_manual_merge", MERGE_STYLE_MANUAL },
	};

	jw_bool(&s->w, "ignore_whitespace_conflicts", false);
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		jw_bool(&s->w, styles[i].key,
		    f->has_pulls && repo_profile_allows(f, styles[i].style));
	jw_bool(&s->w, "allow_merge_update", f->has_pulls);
	jw_bool(&s->w, "allow_rebase_update", f->has_pulls);
	jw_bool(&s->w, "autodetect_manual_merge", false);
	jw_bool(&s->w, "default_delete_branch_after_merge", f->delete_branch);
	jw_str(&s->w, "default_merge_style", merge_style_name(f->merge_style));
	jw_str(&s->w, "default_update_style", "merge");
	jw_bool(&s->w, "default_allow_maintainer_edit", false);
}

static void
shape_repo_counts(
    struct shape *s, const struct project *p, const struct repo_facts *f)
{
	int64_t changed = f->changed_at > p->created_at ? f->changed_at
							: p->created_at;

	jw_i64(&s->w, "stars_count", 0);
	jw_i64(&s->w, "forks_count", f->forks);
	jw_i64(&s->w, "watchers_count", f->watchers);
	jw_i64(&s->w, "branch_count", f->branches);
	jw_i64(&s->w, "open_issues_count", f->issues);
	jw_i64(&s->w, "open_pr_counter", f->pulls);
	jw_i64(&s->w, "release_counter", 0);
	jw_str(&s->w, "default_branch",
	    p->default_branch[0] != '\0' ? p->default_branch : "main");
	jw_str(&s->w, "default_target_branch", "");
	jw_bool(&s->w, "archived", p->profile.archived_at != 0);
	jw_time(&s->w, "created_at", p->created_at);
	jw_time(&s->w, "updated_at", changed);
	if (p->profile.archived_at != 0)
		jw_time(&s->w, "archived_at", p->profile.archived_at);
	else
		jw_str(&s->w, "archived_at", SHAPE_EPOCH);
}

static void
shape_repo_mirror(struct shape *s, const struct project *p)
{
	char interval[32] = "";

	if (p->upstream[0] != '\0')
		repo_duration_text(p->settings.interval_s, interval);
	jw_str(&s->w, "mirror_interval", interval);
	if (p->mirror.last_ok_at != 0)
		jw_time(&s->w, "mirror_updated", p->mirror.last_ok_at);
	else
		jw_str(&s->w, "mirror_updated", SHAPE_TIME_NONE);
	if (p->mirror.last_ok_at >= p->mirror.attempt_at)
		jw_time(&s->w, "mirror_last_sync_at", p->mirror.last_ok_at);
	else
		jw_time(&s->w, "mirror_last_sync_at", p->mirror.attempt_at);
}

/* Names and addresses. */
static void
shape_repo_head(
    struct shape *s, const struct project *p, const struct repo_facts *f)
{
	AUTO_STR struct str full = STR_INIT;
	struct author owner = f->owner;

	if (owner.id == 0) {
		owner.id = p->owner_id;
		(void)snprintf(
		    owner.login, sizeof(owner.login), "%s", p->owner);
	}
	str_addf(&full, "%s/%s", p->owner, p->name);
	jw_i64(&s->w, "id", p->id);
	shape_user(s, "owner", &owner);
	jw_str(&s->w, "name", p->name);
	jw_str(&s->w, "full_name", str_cstr(&full));
	jw_str(&s->w, "description", p->profile.description);
	jw_bool(&s->w, "empty", f->branches == 0);
	jw_bool(&s->w, "private", true);
	jw_bool(&s->w, "fork", p->parent_id != 0);
	jw_bool(&s->w, "template", false);
	if (p->parent_id != 0 && !s->inner)
		shape_repository_by_id(s, "parent", p->parent_id);
	else
		jw_null(&s->w, "parent");
	jw_bool(&s->w, "mirror", false);
	jw_i64(&s->w, "size", f->size / 1024);
	jw_str(&s->w, "language", "");
	shape_url(s, "languages_url", "/api/v1/repos/%s/languages", full.p);
	shape_url(s, "html_url", "/%s", full.p);
	shape_url(s, "url", "/api/v1/repos/%s", full.p);
	jw_str(&s->w, "link", "");
	jw_str(&s->w, "ssh_url", "");
	shape_url(s, "clone_url", "/%s.git", full.p);
	jw_str(&s->w, "original_url", p->upstream);
	jw_str(&s->w, "website", p->profile.website);
}

static void shape_repo(struct shape *s, const char *key,
    const struct project *p, const struct repo_facts *f);
static void shape_repo_facts(
    struct shape *s, const struct project *p, size_t n, struct repo_facts *out);

void
shape_repository_by_id(struct shape *s, const char *key, int64_t id)
{
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	struct repo_facts f;
	bool inner = s->inner, own;

	if (s->t == NULL || s->who == NULL ||
	    svc_project_by_id(s->t, s->who, id, PERM_READ, &p, &e) == -1) {
		jw_null(&s->w, key);
		return;
	}
	/* Who proposes a branch of his fork shows it. */
	own = s->project != NULL && p.parent_id == s->project->id &&
	    strcasecmp(p.owner, s->who->login) == 0;
	if (s->reader != NULL && !own &&
	    svc_may(s->t, s->reader, id, PERM_READ, NULL, &e) == -1) {
		jw_null(&s->w, key);
		project_release(&p);
		return;
	}
	shape_repo_facts(s, &p, 1, &f);
	s->inner = true;
	shape_repo(s, key, &p, &f);
	s->inner = inner;
	project_release(&p);
}

static void
shape_repo(struct shape *s, const char *key, const struct project *p,
    const struct repo_facts *f)
{
	jw_object(&s->w, key);
	shape_repo_head(s, p, f);
	shape_repo_counts(s, p, f);
	shape_repo_permissions(s, p, f->role);
	shape_repo_units(s, &p->profile);
	shape_repo_merges(s, &p->profile);
	jw_str(&s->w, "avatar_url", "");
	jw_bool(&s->w, "internal", false);
	shape_repo_mirror(s, p);
	jw_str(&s->w, "object_format_name", "sha1");
	jw_null(&s->w, "repo_transfer");
	jw_raw(
	    &s->w, "topics", view_of(f->topics[0] != '\0' ? f->topics : "[]"));
	jw_array(&s->w, "licenses");
	jw_end(&s->w);
	jw_end(&s->w);
}

/* What cannot be counted is shown as none. */
static void
shape_repo_facts(
    struct shape *s, const struct project *p, size_t n, struct repo_facts *out)
{
	struct err e = ERR_INIT;

	if (s->t == NULL ||
	    repo_facts_get(s->t, p, n, s->who != NULL ? s->who->user_id : 0,
		out, &e) == -1)
		for (size_t i = 0; i < n; i++)
			out[i] = (struct repo_facts){ .project_id = p[i].id };
	if (e.code != ERR_NONE)
		log_error("repository facts project=%" PRId64 " err=%s", p->id,
		    log_val(e.msg));
}

void
shape_repository(struct shape *s, const char *key, const struct project *p)
{
	if (s->facts.project_id != p->id)
		shape_repo_facts(s, p, 1, &s->facts);
	shape_repo(s, key, p, &s->facts);
}

void
shape_repositories(struct shape *s, const struct project_list *l)
{
	AUTO_FREE struct repo_facts *v = NULL;

	if (l->n == 0)
		return;
	v = xcalloc(l->n, sizeof(*v));
	shape_repo_facts(s, l->at, l->n, v);
	for (size_t i = 0; i < l->n; i++)
		shape_repo(s, NULL, &l->at[i], &v[i]);
}

void
shape_repository_meta(struct shape *s, const char *key, const struct project *p)
{
	AUTO_STR struct str full = STR_INIT;

	str_addf(&full, "%s/%s", p->owner, p->name);
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", p->id);
	jw_str(&s->w, "name", p->name);
	jw_str(&s->w, "owner", p->owner);
	jw_str(&s->w, "full_name", str_cstr(&full));
	jw_end(&s->w);
}
