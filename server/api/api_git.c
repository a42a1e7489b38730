/* api_git: branches, commits and files of a project, asked of the pool. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/git/git_pool.h"
#include "server/http/param.h"
#include "server/store/projects.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_GIT_FILE_MAX = 4 << 20 /* bytes of raw */
};

/* A page of branches: their names first, then the commit of each. */
struct api_branches {
	struct call *c;
	int64_t project;
	char *protect; /* the default branch */
	uint32_t page, limit;
	char *names[PARAM_LIMIT_MAX];
	char shas[PARAM_LIMIT_MAX][GIT_SHA_TEXT];
	size_t n, at;
	struct shape s;
	bool one; /* not a list */
};

static void api_branches_next(struct api_branches *b);

static void
api_branches_free(struct api_branches *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->names[i]);
	str_release(&b->s.body);
	free(b->protect);
	call_release(b->c);
	free(b);
}

static void
api_git_payload_commit(struct shape *s, const struct json *commit)
{
	const struct json *who = json_get(commit, "committer");

	jw_object(&s->w, "commit");
	jw_str(&s->w, "id", json_str_or(commit, "sha", ""));
	jw_str(&s->w, "message", json_str_or(commit, "message", ""));
	jw_time(&s->w, "timestamp", json_i64_or(who, "at", 0));
	jw_end(&s->w);
}

static void
api_branches_on_commit(const struct git_result *res, void *arg)
{
	struct api_branches *b = arg;
	const struct json *commit = json_at(json_get(res->j, "commits"), 0);

	/* A branch that went away meanwhile is no error of the list. */
	if (res->fail == NULL && commit != NULL) {
		jw_object(&b->s.w, NULL);
		jw_str(&b->s.w, "name", b->names[b->at]);
		api_git_payload_commit(&b->s, commit);
		jw_bool(&b->s.w, "protected",
		    strcmp(b->names[b->at], b->protect) == 0);
		jw_end(&b->s.w);
	} else if (b->one) {
		call_reply_error(b->c, 404, "no such branch");
		api_branches_free(b);
		return;
	}
	b->at++;
	api_branches_next(b);
}

static void
api_branches_next(struct api_branches *b)
{
	struct git_log_spec spec = { .limit = 1 };

	if (b->at < b->n) {
		spec.rev = b->shas[b->at];
		gitpool_log(api_svc(b->c)->git, b->project, &spec,
		    api_branches_on_commit, b);
		return;
	}
	if (!b->one)
		jw_end(&b->s.w);
	shape_reply(&b->s, b->c, 200);
	api_branches_free(b);
}

static void
api_branches_on_refs(const struct git_result *res, void *arg)
{
	struct api_branches *b = arg;
	struct view rest = res->raw;
	struct git_ref r;
	size_t i = 0, from = (size_t)(b->page - 1) * b->limit;

	if (res->fail != NULL) {
		call_fail(b->c, res->fail);
		api_branches_free(b);
		return;
	}
	while (rest.len > 0 && gitpool_ref_next(&rest, &r)) {
		if (i >= from && b->n < b->limit) {
			memcpy(b->shas[b->n], r.sha, sizeof(r.sha));
			b->names[b->n++] = view_dup(
			    view_from(r.name, strlen("refs/heads/")));
		}
		i++;
	}
	call_total(b->c, b->page, b->limit, (int64_t)i);
	jw_array(&b->s.w, NULL);
	api_branches_next(b);
}

static struct api_branches *
api_branches_new(struct call *c)
{
	struct api_branches *b;
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->c = c;
	b->project = p.id;
	b->protect = xstrdup(p.default_branch);
	project_release(&p);
	shape_init(&b->s, c, NULL);
	call_hold(c);
	return b;
}

static void
api_git_branches(struct call *c)
{
	struct api_branches *b;
	uint32_t page, limit;

	if (call_page(c, &page, &limit) == -1)
		return;
	b = api_branches_new(c);
	if (b == NULL)
		return;
	b->page = page;
	b->limit = limit;
	gitpool_refs(api_svc(c)->git, b->project, "refs/heads/",
	    api_branches_on_refs, b);
}

static void
api_branches_on_resolve(const struct git_result *res, void *arg)
{
	struct api_branches *b = arg;

	if (res->fail != NULL) {
		if (res->fail->code == ERR_NOTFOUND ||
		    res->fail->code == ERR_INVALID)
			call_reply_error(b->c, 404, "no such branch");
		else
			call_fail(b->c, res->fail);
		api_branches_free(b);
		return;
	}
	gitpool_sha(res, "sha", b->shas[0]);
	b->n = 1;
	api_branches_next(b);
}

static void
api_git_branch(struct call *c)
{
	struct api_branches *b = api_branches_new(c);
	AUTO_FREE char *ref = NULL;

	if (b == NULL)
		return;
	b->one = true;
	b->names[0] = xstrdup(call_arg(c, 2));
	b->n = 1;
	ref = xasprintf("refs/heads/%s", call_arg(c, 2));
	gitpool_resolve(
	    api_svc(c)->git, b->project, ref, api_branches_on_resolve, b);
}

static void
api_git_person(struct shape *s, const char *key, const struct json *who)
{
	jw_object(&s->w, key);
	jw_str(&s->w, "name", json_str_or(who, "name", ""));
	jw_str(&s->w, "email", json_str_or(who, "email", ""));
	jw_time(&s->w, "date", json_i64_or(who, "at", 0));
	jw_end(&s->w);
}

void
shape_commit(struct shape *s, const struct json *commit)
{
	const struct json *parents = json_get(commit, "parents");

	jw_object(&s->w, NULL);
	jw_str(&s->w, "sha", json_str_or(commit, "sha", ""));
	jw_object(&s->w, "commit");
	jw_str(&s->w, "message", json_str_or(commit, "message", ""));
	api_git_person(s, "author", json_get(commit, "author"));
	api_git_person(s, "committer", json_get(commit, "committer"));
	jw_end(&s->w);
	jw_array(&s->w, "parents");
	for (const struct json *p = json_first(parents); p != NULL;
	     p = json_next(p)) {
		jw_object(&s->w, NULL);
		jw_str(&s->w, "sha", json_string(p));
		jw_end(&s->w);
	}
	jw_end(&s->w);
	jw_end(&s->w);
}

void
api_done_commits(const struct git_result *res, void *arg)
{
	struct call *c = arg;
	struct shape s;

	if (!api_failed(c, res->fail)) {
		call_header(c, "X-HasMore",
		    json_bool_or(res->j, "more", false) ? "true" : "false");
		shape_init(&s, c, NULL);
		jw_array(&s.w, NULL);
		for (const struct json *v =
			 json_first(json_get(res->j, "commits"));
		     v != NULL; v = json_next(v))
			shape_commit(&s, v);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_git_commits(struct call *c)
{
	const char *sha = call_query(c, "sha");
	struct git_log_spec spec = { .rev = sha };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;

	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	if (sha == NULL || *sha == '\0')
		spec.rev = p.default_branch;
	spec.limit = limit;
	spec.skip = (page - 1) * limit;
	if (gitpool_rev_told(spec.rev, &e) == -1) {
		call_fail(c, &e);
	} else if (*spec.rev == '\0') {
		call_reply_error(c, 409, "the repository is empty");
	} else {
		call_hold(c);
		gitpool_log(api_svc(c)->git, p.id, &spec, api_done_commits, c);
	}
	project_release(&p);
}

static void
api_git_on_blob(const struct git_result *res, void *arg)
{
	struct call *c = arg;

	if (!api_failed(c, res->fail)) {
		/* Whatever it is, a browser must not run it. */
		call_header(c, "Content-Security-Policy",
		    "default-src 'none'; sandbox");
		call_header(c, "Content-Disposition", "attachment");
		call_reply_text(c, 200,
		    json_bool_or(res->j, "binary", true)
			? "application/octet-stream"
			: "text/plain;charset=utf-8",
		    res->raw);
	}
	call_release(c);
}

static void
api_git_raw(struct call *c)
{
	const char *ref = call_query(c, "ref");
	struct err e = ERR_INIT;
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (ref == NULL || *ref == '\0')
		ref = p.default_branch;
	if (gitpool_rev_told(ref, &e) == -1) {
		call_fail(c, &e);
	} else {
		call_hold(c);
		gitpool_blob(api_svc(c)->git, p.id, ref, call_arg(c, 2),
		    API_GIT_FILE_MAX, api_git_on_blob, c);
	}
	project_release(&p);
}

const struct route api_git_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/branches", ROUTE_MEMBER,
	    api_git_branches },
	{ "GET", "/api/v1/repos/{o}/{r}/branches/{path...}", ROUTE_MEMBER,
	    api_git_branch },
	{ "GET", "/api/v1/repos/{o}/{r}/commits", ROUTE_MEMBER,
	    api_git_commits },
	{ "GET", "/api/v1/repos/{o}/{r}/raw/{path...}", ROUTE_MEMBER,
	    api_git_raw },
	{ .method = NULL },
};
