/* api_refs: refs, trees and blobs of a repository. */
#include "server/api/api_git.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/wire/json.h"
#include "server/api/shape_priv.h"
#include "server/http/param.h"

enum {
	API_REFS_MAX = 5000 /* of one reply; more by pages */
};

static void
api_refs_put(struct shape_git *g, const struct ref_row *row)
{
	AUTO_FREE char *sha = xstrndup(row->sha, REF_SHA_LEN);

	shape_git_ref(
	    g, row->name, sha, row->peeled != NULL ? "tag" : "commit");
}

/* text: what all names begin with. */
static void
api_refs_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct api_git *x = arg;
	size_t from, n = 0, max;
	struct shape_git g;

	if (api_git_failed(x, fail, "no such repository"))
		return;
	max = x->limit != 0 ? x->limit : API_REFS_MAX;
	from = (size_t)(x->page - 1) * max;
	shape_git_init(&g, x->c);
	jw_array(&g.s.w, NULL);
	for (size_t i = refsnap_seek(s, REF_SIDE_WORK, view_of(x->text));
	     i < refsnap_count(s, REF_SIDE_WORK); i++) {
		struct ref_row row = refsnap_row(s, REF_SIDE_WORK, i);

		if (strncmp(row.name, x->text, strlen(x->text)) != 0)
			break;
		if (n >= from && n < from + max)
			api_refs_put(&g, &row);
		n++;
	}
	jw_end(&g.s.w);
	if (n == 0) {
		str_reset(&g.s.body);
		jw_init(&g.s.w, &g.s.body);
		jw_object(&g.s.w, NULL);
		jw_str(&g.s.w, "message", "no ref begins with that name");
		shape_url(&g.s, "url", "/api/swagger");
		jw_end(&g.s.w);
	} else {
		call_total(x->c, x->page, (uint32_t)max, (int64_t)n);
	}
	shape_git_reply(&g, x->c, n == 0 ? 404 : 200);
	api_git_free(x);
}

static void
api_refs_ask(struct call *c, const char *prefix)
{
	const char *limit = call_query(c, "limit");
	struct api_git *x;
	uint32_t page, n;

	if (call_page(c, &page, &n) == -1)
		return;
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	x->page = page;
	x->limit = limit != NULL && limit[0] != '\0' ? n : 0;
	x->text = xasprintf("refs/%s", prefix);
	api_git_refs(x, api_refs_on_refs);
}

static void
api_refs_list(struct call *c)
{
	api_refs_ask(c, "");
}

static void
api_refs_some(struct call *c)
{
	api_refs_ask(c, call_arg(c, 2));
}

static void
api_trees_put(struct shape_git *g, const struct json *entry)
{
	const char *type = json_str_or(entry, "type", "");
	const char *sha = json_str_or(entry, "sha", "");

	jw_object(&g->s.w, NULL);
	jw_str(&g->s.w, "path", json_str_or(entry, "path", ""));
	jw_str(&g->s.w, "mode", json_str_or(entry, "mode", ""));
	jw_str(&g->s.w, "type", type);
	jw_i64(&g->s.w, "size", json_i64_or(entry, "size", 0));
	jw_str(&g->s.w, "sha", sha);
	/* The commit of a submodule is elsewhere. */
	if (strcmp(type, "commit") == 0)
		jw_str(&g->s.w, "url", "");
	else
		shape_url(&g->s, "url", "/api/v1/repos/%s/git/%ss/%s", g->full,
		    type, sha);
	jw_end(&g->s.w);
}

static void
api_trees_on_tree(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	int64_t total = json_i64_or(res->j, "total", 0);
	const char *sha = json_str_or(res->j, "sha", "");
	const struct json *v;
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	shape_git_init(&g, x->c);
	jw_object(&g.s.w, NULL);
	jw_str(&g.s.w, "sha", sha);
	shape_url(&g.s, "url", "/api/v1/repos/%s/git/trees/%s", g.full, sha);
	jw_array(&g.s.w, "tree");
	for (v = json_first(json_get(res->j, "tree")); v != NULL;
	     v = json_next(v))
		api_trees_put(&g, v);
	jw_end(&g.s.w);
	jw_bool(&g.s.w, "truncated", (int64_t)x->page * x->limit < total);
	jw_i64(&g.s.w, "page", x->page);
	jw_i64(&g.s.w, "total_count", total);
	jw_end(&g.s.w);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

static void
api_trees_get(struct call *c)
{
	struct git_ask_tree spec = { .recursive = call_query_bool(
					 c, "recursive"),
		.rev = call_arg(c, 2) };
	int64_t page = 1, limit = GIT_ASK_TREE_MAX;
	struct api_git *x;

	if (call_query_i64(c, "page", 0, PARAM_PAGE_MAX, &page) == -1 ||
	    call_query_i64(c, "per_page", 0, INT64_MAX, &limit) == -1)
		return;
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	x->page = page < 1 ? 1 : (uint32_t)page;
	x->limit = limit < 1 || limit > GIT_ASK_TREE_MAX ? GIT_ASK_TREE_MAX
							 : (uint32_t)limit;
	spec.skip = (x->page - 1) * x->limit;
	spec.limit = x->limit;
	if (api_git_told(c, spec.rev) == -1)
		api_git_free(x);
	else
		gitask_tree(
		    api_svc(c)->git, x->p.id, &spec, api_trees_on_tree, x);
}

static void
api_blobs_on_blob(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	AUTO_STR struct str text = STR_INIT;
	const char *sha;
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	sha = json_str_or(res->j, "sha", "");
	shape_git_init(&g, x->c);
	jw_object(&g.s.w, NULL);
	if (json_bool_or(res->j, "whole", false)) {
		esc_base64(&text, res->raw);
		jw_view(&g.s.w, "content", str_view(&text));
		jw_str(&g.s.w, "encoding", "base64");
	} else {
		jw_null(&g.s.w, "content");
		jw_null(&g.s.w, "encoding");
	}
	shape_url(&g.s, "url", "/api/v1/repos/%s/git/blobs/%s", g.full, sha);
	jw_str(&g.s.w, "sha", sha);
	jw_i64(&g.s.w, "size", json_i64_or(res->j, "size", 0));
	jw_null(&g.s.w, "lfs_oid");
	jw_null(&g.s.w, "lfs_size");
	jw_end(&g.s.w);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

static void
api_blobs_get(struct call *c)
{
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	if (!gitpool_sha_ok(call_arg(c, 2))) {
		call_reply_error(c, 400, "want the 40 hex digits of a blob");
		api_git_free(x);
		return;
	}
	gitask_blob(api_svc(c)->git, x->p.id, call_arg(c, 2), GIT_ASK_BLOB_MAX,
	    api_blobs_on_blob, x);
}

const struct route api_refs_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/git/refs", ROUTE_MEMBER,
	    api_refs_list },
	{ "GET", "/api/v1/repos/{o}/{r}/git/refs/{path...}", ROUTE_MEMBER,
	    api_refs_some },
	{ "GET", "/api/v1/repos/{o}/{r}/git/trees/{path...}", ROUTE_MEMBER,
	    api_trees_get },
	{ "GET", "/api/v1/repos/{o}/{r}/git/blobs/{any}", ROUTE_MEMBER,
	    api_blobs_get },
	{ .method = NULL },
};
