/* api_pull_git: what git says of a pull request: diff, files, commits. */
#include "server/api/api_git.h"
#include "server/git/git_pull.h"
#include "server/store/pulls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/wire/json.h"

enum {
	API_DIFF_MAX = 4 << 20 /* bytes */
};

/* A page that a use case of git fills: kept beside the call. */
struct api_pull_page {
	struct call *c;
	struct project project;
	int64_t number;
	uint32_t page, limit;
	char from[SHA_HEX + 1];
	char head[SHA_HEX + 1];
	struct git_ask_want want; /* of commits */
};

/* The pull request of the path; the base to compare with is what the two had
 * in common, which stays true after a merge. */
static int
api_pull_git_open(struct call *c, struct pull *pull, const char **from)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct err e = ERR_INIT;

	*pull = (struct pull){ .run_id = 0 };
	if (project == 0)
		return -1;
	if (pulls_get(api_reader(c), project, call_arg_id(c, 2), pull, &e) ==
	    -1) {
		call_fail(c, &e);
		return -1;
	}
	*from = pull->merge_base[0] != '\0' ? pull->merge_base : pull->base_sha;
	return 0;
}

static void
api_pull_git_on_diff(const struct git_result *res, void *arg)
{
	struct call *c = arg;

	if (!api_failed(c, res->fail)) {
		if (json_bool_or(res->j, "truncated", false))
			call_header(c, "X-Truncated", "true");
		call_reply_text(c, 200, "text/plain;charset=utf-8", res->raw);
	}
	call_release(c);
}

static void
api_pull_git_diff(struct call *c)
{
	struct pull pull;
	const char *from;

	if (api_pull_git_open(c, &pull, &from) == -1)
		return;
	call_hold(c);
	gitpool_diff(api_svc(c)->git, pull.issue.project_id, from,
	    pull.head_sha, API_DIFF_MAX, api_pull_git_on_diff, c);
	pull_release(&pull);
}

static void
api_pull_git_patch(struct call *c)
{
	struct git_ask_show spec = { .patch = true };
	struct pull pull;

	if (api_pull_git_open(c, &pull, &spec.base) == -1)
		return;
	spec.head = pull.head_sha;
	call_hold(c);
	gitask_show(api_svc(c)->git, pull.issue.project_id, &spec,
	    api_pull_git_on_diff, c);
	pull_release(&pull);
}

static struct api_pull_page *
api_pull_page_new(struct call *c)
{
	struct api_pull_page *g;
	uint32_t page, limit;
	struct project p;
	struct pull pull;
	const char *from;

	if (call_page(c, &page, &limit) == -1 ||
	    api_pull_git_open(c, &pull, &from) == -1)
		return NULL;
	if (api_project(c, PERM_READ, &p) == -1) {
		pull_release(&pull);
		return NULL;
	}
	g = xcalloc(1, sizeof(*g));
	g->c = c;
	g->project = p;
	g->number = pull.issue.number;
	g->page = page;
	g->limit = limit;
	memcpy(g->from, from, sizeof(g->from));
	memcpy(g->head, pull.head_sha, sizeof(g->head));
	pull_release(&pull);
	call_hold(c);
	return g;
}

static void
api_pull_page_free(struct api_pull_page *g)
{
	call_release(g->c);
	project_release(&g->project);
	free(g);
}

/* A path of the repository at the head, escaped: of the API, where raw also
 * has the bytes, or of the page that shows it. */
static void
api_pull_git_url(struct shape *s, const struct api_pull_page *g,
    const char *key, const char *kind, const char *path)
{
	AUTO_STR struct str u = STR_INIT;
	struct view rest = view_of(path), part;
	const struct project *p = &g->project;
	bool page = strcmp(kind, "src") == 0;

	str_addf(&u, "%s%s/%s/%s/%s", s->url, page ? "" : "/api/v1/repos",
	    p->owner, p->name, kind);
	if (page)
		str_addf(&u, "/commit/%s", g->head);
	while (view_split(&rest, '/', &part)) {
		str_addc(&u, '/');
		esc_url(&u, part);
	}
	if (!page)
		str_addf(&u, "?ref=%s", g->head);
	jw_str(&s->w, key, str_cstr(&u));
}

static void
api_pull_git_file(
    struct shape *s, const struct api_pull_page *g, const struct json *f)
{
	const char *path = json_str_or(f, "path", "");
	const char *status = json_str_or(f, "status", "changed");
	bool moved = strcmp(status, "renamed") == 0;
	int64_t add = json_i64_or(f, "additions", 0);
	int64_t del = json_i64_or(f, "deletions", 0);

	jw_object(&s->w, NULL);
	jw_str(&s->w, "filename", path);
	jw_str(&s->w, "previous_filename",
	    moved ? json_str_or(f, "old_path", NULL) : NULL);
	jw_str(&s->w, "status", status);
	jw_i64(&s->w, "additions", add);
	jw_i64(&s->w, "deletions", del);
	jw_i64(&s->w, "changes", add + del);
	jw_bool(&s->w, "binary", json_bool_or(f, "binary", false));
	api_pull_git_url(s, g, "html_url", "src", path);
	api_pull_git_url(s, g, "contents_url", "contents", path);
	api_pull_git_url(s, g, "raw_url", "raw", path);
	jw_end(&s->w);
}

static void
api_pull_git_on_files(const struct git_result *res, void *arg)
{
	struct api_pull_page *g = arg;
	struct shape s;
	int64_t total;

	if (!api_failed(g->c, res->fail)) {
		total = json_i64_or(res->j, "total", 0);
		api_git_pages(g->c, g->page, g->limit, total,
		    (int64_t)g->page * g->limit < total);
		shape_init(&s, g->c, &g->project);
		jw_array(&s.w, NULL);
		for (const struct json *f =
			 json_first(json_get(res->j, "files"));
		     f != NULL; f = json_next(f))
			api_pull_git_file(&s, g, f);
		jw_end(&s.w);
		shape_reply(&s, g->c, 200);
	}
	api_pull_page_free(g);
}

static void
api_pull_git_files(struct call *c)
{
	struct git_pull_files spec = { .whitespace = call_query(
					   c, "whitespace"),
		.skip_to = call_query(c, "skip-to") };
	struct api_pull_page *g = api_pull_page_new(c);

	if (g == NULL)
		return;
	if (spec.skip_to != NULL && *spec.skip_to == '\0')
		spec.skip_to = NULL;
	spec.base = g->from;
	spec.head = g->head;
	spec.limit = g->limit;
	spec.skip = (g->page - 1) * g->limit;
	gitpull_files(
	    api_svc(c)->git, g->project.id, &spec, api_pull_git_on_files, g);
}

static void
api_pull_git_on_commits(const struct git_result *res, void *arg)
{
	struct api_pull_page *g = arg;
	struct shape_git out;

	if (!api_failed(g->c, res->fail)) {
		api_git_pages(g->c, g->page, g->limit,
		    json_i64_or(res->j, "total", 0),
		    json_bool_or(res->j, "more", false));
		shape_git_init(&out, g->c);
		jw_array(&out.s.w, NULL);
		for (const struct json *v =
			 json_first(json_get(res->j, "commits"));
		     v != NULL; v = json_next(v))
			shape_git_commit(&out, v, &g->want);
		jw_end(&out.s.w);
		shape_git_reply(&out, g->c, 200);
	}
	api_pull_page_free(g);
}

static void
api_pull_git_commits(struct call *c)
{
	struct api_pull_page *g = api_pull_page_new(c);
	struct git_ask_history spec = { .count = true };

	if (g == NULL)
		return;
	api_git_want(c, &g->want);
	spec.rev = g->head;
	spec.without = g->from;
	spec.skip = (g->page - 1) * g->limit;
	spec.limit = g->limit;
	spec.want = g->want;
	gitask_history(
	    api_svc(c)->git, g->project.id, &spec, api_pull_git_on_commits, g);
}

const struct route api_pull_git_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}.diff", ROUTE_RUN_OK,
	    api_pull_git_diff },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}.patch", ROUTE_RUN_OK,
	    api_pull_git_patch },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/files", ROUTE_RUN_OK,
	    api_pull_git_files },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/commits", ROUTE_RUN_OK,
	    api_pull_git_commits },
	{ .method = NULL },
};
