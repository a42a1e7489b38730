/* api_repos: projects in Gitea's shape: found, shown, changed, removed. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/http/param.h"
#include "server/service/svc_project.h"
#include "server/service/svc_repo.h"
#include "server/store/projects.h"
#include "server/store/users.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_SECRET_MAX = 4096,
	API_DURATION_MAX = 64
};

/* A page under f; wrapped as {"ok": true, "data": [...]}, or bare. */
static void
api_repos_page(struct call *c, struct project_filter *f, bool wrapped)
{
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	f->active = true;
	f->limit = limit;
	f->offset = (int64_t)(page - 1) * limit;
	if (projects_list(api_reader(c), f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_total(c, page, limit, list.total);
	shape_init(&s, c, NULL);
	if (wrapped) {
		jw_object(&s.w, NULL);
		jw_bool(&s.w, "ok", true);
	}
	jw_array(&s.w, wrapped ? "data" : NULL);
	shape_repositories(&s, &list);
	jw_end(&s.w);
	if (wrapped)
		jw_end(&s.w);
	shape_reply(&s, c, 200);
	project_list_release(&list);
}

/* A page of nothing: what was asked for is not here. */
static void
api_repos_none(struct call *c, bool wrapped)
{
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	call_total(c, page, limit, 0);
	shape_init(&s, c, NULL);
	if (wrapped) {
		jw_object(&s.w, NULL);
		jw_bool(&s.w, "ok", true);
	}
	jw_array(&s.w, wrapped ? "data" : NULL);
	jw_end(&s.w);
	if (wrapped)
		jw_end(&s.w);
	shape_reply(&s, c, 200);
}

/* 1 or 0 as it says, -1 when absent. */
static int
api_repos_flag(struct call *c, const char *name)
{
	const char *text = call_query(c, name);

	return text == NULL || *text == '\0' ? -1 : param_bool(text);
}

static int
api_repos_sort(struct call *c, struct project_filter *f)
{
	static const struct {
		const char *word;
		enum project_sort sort;
	} sorts[] = {
		{ "alpha", PROJECT_BY_NAME },
		{ "created", PROJECT_BY_CREATED },
		{ "updated", PROJECT_BY_UPDATED },
		{ "size", PROJECT_BY_SIZE },
		{ "git_size", PROJECT_BY_SIZE },
		{ "lfs_size", PROJECT_BY_ID },
		{ "stars", PROJECT_BY_ID },
		{ "forks", PROJECT_BY_ID },
		{ "id", PROJECT_BY_ID },
	};
	const char *sort = call_query(c, "sort"), *order;

	f->sort = PROJECT_BY_NAME;
	if (sort == NULL || *sort == '\0')
		return 0;
	order = call_query(c, "order");
	if (order != NULL && *order != '\0' && strcmp(order, "asc") != 0 &&
	    strcmp(order, "desc") != 0) {
		call_reply_error(c, 422, "order: want asc or desc");
		return -1;
	}
	f->descending = order != NULL && strcmp(order, "desc") == 0;
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		if (strcmp(sort, sorts[i].word) == 0) {
			f->sort = sorts[i].sort;
			return 0;
		}
	}
	call_reply_error(c, 422,
	    "sort: want alpha, created, updated, size, git_size, lfs_size, "
	    "stars, forks or id");
	return -1;
}

/* 0, 1: there are none of those here, -1 after the reply. */
static int
api_repos_mode(struct call *c, struct project_filter *f)
{
	const char *mode = call_query(c, "mode");

	if (mode == NULL || *mode == '\0')
		return 0;
	if (strcmp(mode, "source") == 0 || strcmp(mode, "fork") == 0) {
		f->fork = mode[0] == 'f' ? 1 : -1;
		return 0;
	}
	if (strcmp(mode, "mirror") == 0)
		return 1;
	if (strcmp(mode, "collaborative") == 0) {
		f->shared = true;
		return f->uid == 0 ? 1 : 0;
	}
	call_reply_error(
	    c, 422, "mode: want source, fork, mirror or collaborative");
	return -1;
}

static void
api_repos_search(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)) };
	int64_t team = 0, stars = 0;
	int archived, none;

	if (call_query_i64(c, "uid", 0, INT64_MAX, &f.uid) == -1 ||
	    call_query_i64(
		c, "priority_owner_id", 0, INT64_MAX, &f.first_uid) == -1 ||
	    call_query_i64(c, "team_id", 0, INT64_MAX, &team) == -1 ||
	    call_query_i64(c, "starredBy", 0, INT64_MAX, &stars) == -1 ||
	    api_repos_sort(c, &f) == -1)
		return;
	none = api_repos_mode(c, &f);
	if (none == -1)
		return;
	f.q = call_query(c, "q");
	f.in_text = call_query_bool(c, "includeDesc");
	f.by_topic = call_query_bool(c, "topic");
	f.exclusive = call_query_bool(c, "exclusive");
	f.owner = call_query(c, "owner");
	if (f.owner != NULL && *f.owner == '\0')
		f.owner = NULL;
	archived = api_repos_flag(c, "archived");
	f.archived = archived == -1 ? 0 : archived == 1 ? 1 : -1;
	if (none == 1 || team != 0 || stars != 0 ||
	    api_repos_flag(c, "private") == 0 ||
	    api_repos_flag(c, "is_private") == 0 ||
	    api_repos_flag(c, "template") == 1)
		api_repos_none(c, true);
	else
		api_repos_page(c, &f, true);
}

/* What the caller owns or has a role in. */
static void
api_repos_mine(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)),
		.uid = call_who(c)->user_id,
		.sort = PROJECT_BY_NAME };

	api_repos_page(c, &f, false);
}

static void
api_repos_watched(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)),
		.watched_by = call_who(c)->user_id,
		.sort = PROJECT_BY_NAME };

	api_repos_page(c, &f, false);
}

static void
api_repos_of_user(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)),
		.exclusive = true,
		.sort = PROJECT_BY_NAME };
	struct err e = ERR_INIT;
	struct user u;

	if (users_by_name(api_reader(c), call_arg(c, 0), &u, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	f.uid = u.id;
	api_repos_page(c, &f, false);
}

static void
api_repos_reply(struct call *c, int status, const struct project *p)
{
	struct shape s;

	shape_init(&s, c, p);
	shape_repository(&s, NULL, p);
	shape_reply(&s, c, status);
}

/* For Gitea's clients, what is being deleted is gone. */
static int
api_repos_open(struct call *c, struct project *p)
{
	if (api_project(c, PERM_READ, p) == -1)
		return -1;
	if (p->state == PROJECT_ACTIVE)
		return 0;
	project_release(p);
	call_reply_error(c, 404, "no such project");
	return -1;
}

static void
api_repos_get(struct call *c)
{
	struct project p;

	if (api_repos_open(c, &p) == -1)
		return;
	api_repos_reply(c, 200, &p);
	project_release(&p);
}

static void
api_repos_by_id(struct call *c)
{
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	if (svc_project_by_id(api_reader(c), call_who(c), call_arg_id(c, 0),
		PERM_READ, &p, &e) == -1)
		call_fail(c, &e);
	else if (p.state != PROJECT_ACTIVE)
		call_reply_error(c, 404, "no such project");
	else
		api_repos_reply(c, 200, &p);
	project_release(&p);
}

static void
api_repos_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_repo_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_repos_reply(c, 200, &op->project);
	call_release(c);
}

static int
api_repos_tri(struct call *c, const struct json *j, const char *key, int *out)
{
	struct err e = ERR_INIT;
	bool on = false;
	int rc = json_bool(j, key, &on, &e);

	if (rc == 0)
		*out = on ? 1 : 0;
	if (rc == -1)
		call_reply_error(c, 422, "%s", e.msg);
	return rc == -1 ? -1 : 0;
}

static int
api_repos_styles(struct call *c, const struct json *j, struct svc_repo_patch *x)
{
	static const struct {
		const char *key;
		enum merge_style style;
	} keys[] = {
		{ "allow_merge_commits", MERGE_STYLE_MERGE },
		{ "allow_rebase", MERGE_STYLE_REBASE },
		{ "allow_rebase_explicit", MERGE_STYLE_REBASE_MERGE },
		{ "allow_squash_merge", MERGE_STYLE_SQUASH },
		{ "allow_fast_forward_only_merge", MERGE_STYLE_FAST_FORWARD },
		{ "allow_manual_merge", MERGE_STYLE_MANUAL },
	};
	int style = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int on = -1;

		if (api_repos_tri(c, j, keys[i].key, &on) == -1)
			return -1;
		if (on == 1)
			x->styles_on |= MERGE_STYLE_BIT(keys[i].style);
		else if (on == 0)
			x->styles_off |= MERGE_STYLE_BIT(keys[i].style);
	}
	if (api_word(c, j, "default_merge_style", merge_style_parse, &style) ==
	    -1)
		return -1;
	x->merge_style = (enum merge_style)style;
	return 0;
}

static int
api_repos_interval(
    struct call *c, const struct json *j, struct svc_repo_patch *x)
{
	AUTO_FREE char *text = NULL;
	struct err e = ERR_INIT;

	if (api_text(c, j, "mirror_interval", API_DURATION_MAX, &text) == -1)
		return -1;
	if (text == NULL || text[0] == '\0')
		return 0;
	if (repo_duration_parse(text, &x->interval_s, &e) == -1) {
		call_reply_error(c, 422, "mirror_interval: %s", e.msg);
		return -1;
	}
	if (x->interval_s == 0) {
		call_reply_error(c, 422,
		    "mirror_interval: a project always follows its upstream");
		return -1;
	}
	return 0;
}

/* Members that have one value here. */
static int
api_repos_fixed(struct call *c, const struct json *j)
{
	int private = -1, template = -1;

	if (api_repos_tri(c, j, "private", &private) == -1 ||
	    api_repos_tri(c, j, "template", &template) == -1)
		return -1;
	if (private == 0) {
		call_reply_error(c, 422,
		    "private: a repository is seen by its collaborators only");
		return -1;
	}
	if (template == 1) {
		call_reply_error(c, 422, "template: there are no templates");
		return -1;
	}
	return 0;
}

static int
api_repos_patch_body(
    struct call *c, const struct json *j, struct svc_repo_patch *x)
{
	if (api_text(c, j, "name", NAME_LEN_MAX, &x->name) == -1 ||
	    api_text(c, j, "description", REPO_DESCRIPTION_MAX,
		&x->description) == -1 ||
	    api_text(c, j, "website", REPO_WEBSITE_MAX, &x->website) == -1 ||
	    api_text(c, j, "default_branch", ROUTE_ARG_MAX,
		&x->default_branch) == -1 ||
	    api_repos_fixed(c, j) == -1 ||
	    api_repos_tri(c, j, "archived", &x->archived) == -1 ||
	    api_repos_tri(c, j, "has_issues", &x->has_issues) == -1 ||
	    api_repos_tri(c, j, "has_pull_requests", &x->has_pulls) == -1 ||
	    api_repos_tri(c, j, "default_delete_branch_after_merge",
		&x->delete_branch) == -1)
		return -1;
	if (api_repos_styles(c, j, x) == -1)
		return -1;
	return api_repos_interval(c, j, x);
}

/* The upstream's credential, if the body has one; -1 after the reply. */
static int
api_repos_token(
    struct call *c, const struct json *j, int64_t project, bool follows)
{
	AUTO_FREE char *token = NULL;
	AUTO_FREE char *password = NULL;
	struct svc *svc = api_svc(c);
	struct err e = ERR_INIT;
	const char *secret;
	int rc = 0;

	if (api_text(c, j, "mirror_token", API_SECRET_MAX, &token) == -1 ||
	    api_text(c, j, "mirror_password", API_SECRET_MAX, &password) == -1)
		return -1;
	secret = token != NULL && *token != '\0' ? token : password;
	if (secret == NULL)
		return 0;
	if (!follows) {
		call_reply_error(
		    c, 422, "mirror_token: the repository has no upstream");
		rc = -1;
	} else if (svc_may(api_reader(c), call_who(c), project, PERM_ADMIN,
		       NULL, &e) == -1 ||
	    svc_project_set_token(svc, call_who(c), project, secret, &e) ==
		-1) {
		call_fail(c, &e);
		rc = -1;
	} else {
		svc->upper->mirror_wake(svc->mirror, project);
	}
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	return rc;
}

static void
api_repos_on_patch(struct call *c, const struct json *j)
{
	struct svc_repo_edit *op;
	struct project p;
	bool follows;
	int64_t id;

	if (api_repos_open(c, &p) == -1)
		return;
	id = p.id;
	follows = p.upstream[0] != '\0';
	project_release(&p);
	op = svc_repo_edit_new(api_svc(c), call_who(c));
	op->project_id = id;
	if (api_repos_patch_body(c, j, &op->patch) == -1 ||
	    api_repos_token(c, j, id, follows) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_repo_edit(op, api_repos_edited, c);
}

static void
api_repos_patch(struct call *c)
{
	call_take_json(c, api_repos_on_patch);
}

static void
api_repos_remove(struct call *c, const struct json *j)
{
	struct svc_project_edit *op;
	struct project p;

	(void)j;
	if (api_repos_open(c, &p) == -1)
		return;
	op = svc_project_edit_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	op->remove = true;
	project_release(&p);
	call_hold(c);
	svc_project_edit(op, api_done_empty, c);
}

static void
api_repos_delete(struct call *c)
{
	struct project p;
	int64_t id;

	if (call_query_bool(c, "force")) {
		api_repos_remove(c, NULL);
		return;
	}
	if (api_repos_open(c, &p) == -1)
		return;
	id = p.id;
	project_release(&p);
	api_unless_lost(c, id, PERM_ADMIN, NULL, api_repos_remove);
}

static void
api_repos_languages(struct call *c)
{
	struct shape s;

	if (api_project_id(c, PERM_READ) == 0)
		return;
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

#define API_REPO "/api/v1/repos/{o}/{r}"

const struct route api_repos_routes[] = {
	{ "GET", "/api/v1/repos/search", ROUTE_MEMBER, api_repos_search },
	{ "GET", "/api/v1/user/repos", ROUTE_MEMBER, api_repos_mine },
	{ "GET", "/api/v1/user/subscriptions", ROUTE_USER, api_repos_watched },
	{ "GET", "/api/v1/users/{name}/repos", ROUTE_MEMBER,
	    api_repos_of_user },
	{ "GET", "/api/v1/repositories/{id}", ROUTE_MEMBER, api_repos_by_id },
	{ "GET", API_REPO, ROUTE_MEMBER, api_repos_get },
	{ "PATCH", API_REPO, ROUTE_USER, api_repos_patch },
	{ "DELETE", API_REPO, ROUTE_USER, api_repos_delete },
	{ "GET", API_REPO "/languages", ROUTE_MEMBER, api_repos_languages },
	{ .method = NULL },
};
