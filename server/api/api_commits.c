/* api_commits: history, single commits, their diffs, and what merged them. */
#include "server/api/api_git.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/domain/rev_text.h"
#include "server/store/merged.h"
#include "server/store/pulls.h"

static void
api_commits_put(struct shape_git *g, const struct json *commits,
    const struct git_ask_want *want)
{
	const struct json *v;

	jw_array(&g->s.w, NULL);
	for (v = json_first(commits); v != NULL; v = json_next(v))
		shape_git_commit(g, v, want);
	jw_end(&g->s.w);
}

static void
api_commits_on_page(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	struct shape_git g;

	if (res->fail != NULL && res->fail->code == ERR_NOTFOUND &&
	    x->text == NULL) {
		call_reply_error(x->c, 409, "Git Repository is empty.");
		api_git_free(x);
		return;
	}
	if (api_git_failed(x, res->fail, NULL))
		return;
	api_git_pages(x->c, x->page, x->limit, json_i64_or(res->j, "total", 0),
	    json_bool_or(res->j, "more", false));
	shape_git_init(&g, x->c);
	api_commits_put(&g, json_get(res->j, "commits"), &x->want);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

/* A time of the query; 0 when absent, -1 after a 422. */
static int
api_commits_time(struct call *c, const char *name, int64_t *out)
{
	const char *text = call_query(c, name);
	struct err e = ERR_INIT;

	*out = 0;
	if (text == NULL || text[0] == '\0' || clock_parse(text, out, &e) == 0)
		return 0;
	call_reply_error(c, 422, "%s: %s", name, e.msg);
	return -1;
}

static int
api_commits_spec(struct call *c, struct api_git *x, struct git_ask_history *out)
{
	const char *without = call_query(c, "not");

	*out = (struct git_ask_history){ .rev = call_query(c, "sha"),
		.path = call_query(c, "path"),
		.limit = x->limit,
		.skip = (x->page - 1) * x->limit,
		.count = true,
		.without = without };
	api_git_want(c, &x->want);
	out->want = x->want;
	if (out->rev == NULL || out->rev[0] == '\0')
		out->rev = x->p.default_branch;
	else
		x->text = xstrdup(out->rev);
	if (x->text == NULL && without != NULL)
		x->text = xstrdup(without);
	if (out->rev[0] == '\0') {
		call_reply_error(c, 409, "Git Repository is empty.");
		return -1;
	}
	if (api_git_told(c, out->rev) == -1 ||
	    (without != NULL && api_git_told(c, without) == -1) ||
	    api_commits_time(c, "since", &out->since) == -1 ||
	    api_commits_time(c, "until", &out->until) == -1)
		return -1;
	return 0;
}

static void
api_commits_list(struct call *c)
{
	struct git_ask_history spec;
	uint32_t page, limit;
	struct api_git *x;

	if (call_page(c, &page, &limit) == -1)
		return;
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	x->page = page;
	x->limit = limit;
	if (api_commits_spec(c, x, &spec) == -1)
		api_git_free(x);
	else
		gitask_history(
		    api_svc(c)->git, x->p.id, &spec, api_commits_on_page, x);
}

static void
api_commits_on_one(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	shape_git_init(&g, x->c);
	shape_git_commit(&g, json_at(json_get(res->j, "commits"), 0), &x->want);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

static void
api_commits_on_text(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;

	if (api_git_failed(x, res->fail, NULL))
		return;
	if (json_bool_or(res->j, "truncated", false))
		call_header(x->c, "X-Truncated", "true");
	call_reply_text(x->c, 200, "text/plain;charset=utf-8", res->raw);
	api_git_free(x);
}

static void
api_commits_get(struct call *c)
{
	AUTO_FREE char *rev = NULL;
	enum rev_form form = rev_form_shown(call_arg(c, 2), &rev);
	struct git_ask_history one = { .rev = rev, .limit = 1 };
	const struct git_ask_show show = { .head = rev,
		.patch = form == REV_PATCH };
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	if (api_git_told(c, rev) == -1) {
		api_git_free(x);
	} else if (form == REV_PLAIN) {
		api_git_want(c, &x->want);
		one.want = x->want;
		gitask_history(
		    api_svc(c)->git, x->p.id, &one, api_commits_on_one, x);
	} else {
		gitask_show(
		    api_svc(c)->git, x->p.id, &show, api_commits_on_text, x);
	}
}

/* By the commit that a merge made. */
static void
api_commits_pull(struct call *c)
{
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;
	int64_t number;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (merged_find(api_reader(c), p.id, call_arg(c, 2), &number, &e) ==
		-1 ||
	    pulls_get(api_reader(c), p.id, number, &pull, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, &p);
		shape_pull(&s, &pull);
		shape_reply(&s, c, 200);
	}
	pull_release(&pull);
	project_release(&p);
}

const struct route api_commits_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/commits", ROUTE_MEMBER,
	    api_commits_list },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{sha}/pull", ROUTE_MEMBER,
	    api_commits_pull },
	{ "GET", "/api/v1/repos/{o}/{r}/git/commits/{path...}", ROUTE_MEMBER,
	    api_commits_get },
	{ .method = NULL },
};
