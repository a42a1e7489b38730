/* api_compare: what one commit has beyond another. */
#include "server/api/api_git.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/domain/rev_text.h"

enum {
	API_COMPARE_MAX = 250 /* commits, unless by pages */
};

struct api_compare {
	struct api_git *x;
	struct rev_range r;
	int64_t ahead;
};

static void
api_compare_free(struct api_compare *k)
{
	rev_range_release(&k->r);
	api_git_free(k->x);
	free(k);
}

static void
api_compare_on_commits(const struct git_result *res, void *arg)
{
	struct api_compare *k = arg;
	struct api_git *x = k->x;
	const struct json *v;
	struct shape_git g;

	if (!api_failed(x->c, res->fail)) {
		api_git_pages(x->c, x->page, x->limit, k->ahead,
		    json_bool_or(res->j, "more", false));
		shape_git_init(&g, x->c);
		jw_object(&g.s.w, NULL);
		jw_i64(&g.s.w, "total_commits", k->ahead);
		jw_array(&g.s.w, "commits");
		for (v = json_first(json_get(res->j, "commits")); v != NULL;
		     v = json_next(v))
			shape_git_commit(&g, v, &x->want);
		jw_end(&g.s.w);
		jw_end(&g.s.w);
		shape_git_reply(&g, x->c, 200);
	}
	api_compare_free(k);
}

static void
api_compare_on_text(const struct git_result *res, void *arg)
{
	struct api_compare *k = arg;
	struct call *c = k->x->c;

	if (!api_failed(c, res->fail)) {
		if (json_bool_or(res->j, "truncated", false))
			call_header(c, "X-Truncated", "true");
		call_reply_text(c, 200, "text/plain;charset=utf-8", res->raw);
	}
	api_compare_free(k);
}

static void
api_compare_on_range(const struct git_result *res, void *arg)
{
	struct api_compare *k = arg;
	struct api_git *x = k->x;
	struct git_ask_history spec = { .limit = x->limit,
		.skip = (x->page - 1) * x->limit,
		.want = x->want };

	if (api_failed(x->c, res->fail)) {
		api_compare_free(k);
		return;
	}
	k->ahead = json_i64_or(res->j, "ahead", 0);
	spec.rev = json_str_or(res->j, "head", "");
	spec.without = json_str_or(res->j, "base", "");
	gitask_history(
	    api_svc(x->c)->git, x->p.id, &spec, api_compare_on_commits, k);
}

/* OWNER:BRANCH of this repository is BRANCH. */
static void
api_compare_plain(struct api_git *x, char **rev)
{
	size_t n = strlen(x->p.owner);

	if (strncmp(*rev, x->p.owner, n) == 0 && (*rev)[n] == ':')
		memmove(*rev, *rev + n + 1, strlen(*rev) - n);
	if ((*rev)[0] == '\0') {
		free(*rev);
		*rev = xstrdup(x->p.default_branch);
	}
}

static void
api_compare_ask(struct api_compare *k, const char *output)
{
	struct api_git *x = k->x;
	struct git_ask_show show = {
		.base = k->r.base, .head = k->r.head, .direct = k->r.direct
	};

	if (output == NULL || output[0] == '\0') {
		gitask_range(api_svc(x->c)->git, x->p.id, k->r.base, k->r.head,
		    api_compare_on_range, k);
		return;
	}
	show.patch = strcmp(output, "patch") == 0;
	if (!show.patch && strcmp(output, "diff") != 0) {
		call_reply_error(x->c, 400, "output: want diff or patch");
		api_compare_free(k);
		return;
	}
	gitask_show(api_svc(x->c)->git, x->p.id, &show, api_compare_on_text, k);
}

static void
api_compare_get(struct call *c)
{
	const char *limit = call_query(c, "limit");
	const char *paged = call_query(c, "page");
	struct api_compare *k;
	struct rev_range r;
	struct err e = ERR_INIT;
	struct api_git *x;
	uint32_t page, n;

	if (call_page(c, &page, &n) == -1)
		return;
	if (rev_range_parse(call_arg(c, 2), &r, &e) == -1) {
		call_reply_error(c, 400, "%s", e.msg);
		return;
	}
	x = api_git_new(c, PERM_READ);
	if (x == NULL) {
		rev_range_release(&r);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->x = x;
	k->r = r;
	x->page = page;
	x->limit = limit != NULL || paged != NULL ? n : API_COMPARE_MAX;
	api_git_want(c, &x->want);
	api_compare_plain(x, &k->r.base);
	api_compare_plain(x, &k->r.head);
	if (api_git_told(c, k->r.base) == -1 ||
	    api_git_told(c, k->r.head) == -1)
		api_compare_free(k);
	else
		api_compare_ask(k, call_query(c, "output"));
}

const struct route api_compare_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/compare/{path...}", ROUTE_MEMBER,
	    api_compare_get },
	{ .method = NULL },
};
