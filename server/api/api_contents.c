/* api_contents: files, folders and archives of a repository, read. */
#include "server/api/api_git.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/auth/auth.h"
#include "server/domain/rev_text.h"

/* Of a list: a file by itself has its bytes, a folder's have not. */
static void
api_contents_on_entry(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	bool folder = json_bool_or(res->j, "folder", false);
	bool whole = json_bool_or(res->j, "whole", false);
	struct shape_git_entry row = { .ref = x->rev };
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	if (json_bool_or(res->j, "truncated", false))
		call_header(x->c, "X-Truncated", "true");
	if (folder)
		call_count(
		    x->c, (int64_t)json_count(json_get(res->j, "entries")));
	shape_git_init(&g, x->c);
	if (folder)
		jw_array(&g.s.w, NULL);
	for (row.entry = json_first(json_get(res->j, "entries"));
	     row.entry != NULL; row.entry = json_next(row.entry)) {
		if (!folder && whole)
			row.bytes = &res->raw;
		shape_git_contents(&g, NULL, &row);
	}
	if (folder)
		jw_end(&g.s.w);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

static void
api_contents_ask(struct call *c, const char *path)
{
	struct api_git *x = api_git_new(c, PERM_READ);
	struct git_ask_entry spec = {
		.path = path, .max = GIT_ASK_BLOB_MAX, .last = true
	};

	if (x == NULL)
		return;
	spec.rev = api_git_ref(c, &x->p, call_query(c, "ref"));
	if (spec.rev == NULL) {
		api_git_free(x);
		return;
	}
	x->rev = xstrdup(spec.rev);
	gitask_entry(api_svc(c)->git, x->p.id, &spec, api_contents_on_entry, x);
}

static void
api_contents_root(struct call *c)
{
	api_contents_ask(c, "");
}

static void
api_contents_get(struct call *c)
{
	api_contents_ask(c, call_arg(c, 2));
}

/* Whatever it is, a browser must not run it. */
static void
api_raw_headers(struct call *c, const char *path, const char *etag)
{
	const char *slash = strrchr(path, '/');
	AUTO_STR struct str text = STR_INIT;

	str_add(&text, "attachment; filename*=UTF-8''");
	esc_url(&text, view_of(slash != NULL ? slash + 1 : path));
	call_header(c, "Content-Disposition", str_cstr(&text));
	call_header(
	    c, "Content-Security-Policy", "default-src 'none'; sandbox");
	call_header(c, "ETag", etag);
	call_header(c, "Cache-Control", "private, no-cache");
}

/* Does the caller have those bytes? */
static bool
api_raw_known(struct call *c, const char *etag)
{
	struct request *q = call_request(c);
	const char *known = q != NULL ? request_header_in(q, "If-None-Match")
				      : NULL;

	return known != NULL &&
	    (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
}

static void
api_raw_stream(struct api_git *x, const char *sha)
{
	const struct svc_upper *up = api_svc(x->c)->upper;
	struct request *q = call_take_over(x->c);

	if (q == NULL)
		return;
	request_header(q, "X-Content-Type-Options", "nosniff");
	up->reply_blob(api_svc(x->c)->githttp, q, x->p.id,
	    auth_credential(call_who(x->c)), sha);
}

static void
api_raw_on_entry(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	const struct json *entry = json_at(json_get(res->j, "entries"), 0);
	const char *type = json_str_or(entry, "type", "");
	const char *sha = json_str_or(entry, "sha", "");
	AUTO_FREE char *etag = xasprintf("\"%s\"", sha);

	if (api_git_failed(x, res->fail, NULL))
		return;
	if (json_bool_or(res->j, "folder", false) ||
	    (strcmp(type, "file") != 0 && strcmp(type, "symlink") != 0)) {
		call_reply_error(x->c, 404, "no such file");
		api_git_free(x);
		return;
	}
	api_raw_headers(x->c, json_str_or(entry, "path", ""), etag);
	if (api_raw_known(x->c, etag))
		call_reply_empty(x->c, 304);
	else if (json_bool_or(res->j, "whole", false))
		call_reply_text(x->c, 200,
		    json_bool_or(res->j, "binary", true)
			? "application/octet-stream"
			: "text/plain;charset=utf-8",
		    res->raw);
	else
		api_raw_stream(x, sha);
	api_git_free(x);
}

/* Without ?ref= the path may begin with a branch, a tag or an id. */
static void
api_raw_get(struct call *c)
{
	const char *ref = call_query(c, "ref");
	struct git_ask_entry spec = { .path = call_arg(c, 2),
		.max = GIT_ASK_BLOB_MAX,
		.leading = ref == NULL || ref[0] == '\0' };
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	spec.rev = api_git_ref(c, &x->p, ref);
	if (spec.rev == NULL) {
		api_git_free(x);
		return;
	}
	gitask_entry(api_svc(c)->git, x->p.id, &spec, api_raw_on_entry, x);
}

static void
api_archive_on_commit(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	const char *form = x->status == REV_ZIP ? "zip" : "tar.gz";
	const char *sha = json_str_or(
	    json_at(json_get(res->j, "commits"), 0), "sha", "");
	AUTO_STR struct str name = STR_INIT;
	AUTO_FREE char *prefix = NULL, *file = NULL;
	struct request *q;

	if (api_git_failed(x, res->fail, NULL))
		return;
	prefix = xasprintf("%s/", x->p.name);
	str_addf(&name, "attachment; filename*=UTF-8''%s-", x->p.name);
	file = xstrdup(x->rev);
	for (char *at = strchr(file, '/'); at != NULL; at = strchr(at, '/'))
		*at = '-';
	esc_url(&name, view_of(file));
	str_addf(&name, ".%s", form);
	q = call_take_over(x->c);
	if (q != NULL) {
		const struct svc_upper *up = api_svc(x->c)->upper;
		const struct svc_archive a = { .project = x->p.id,
			.credential = auth_credential(call_who(x->c)),
			.sha = sha,
			.form = form,
			.prefix = prefix };

		request_header(q, "Content-Disposition", str_cstr(&name));
		request_header(q, "X-Content-Type-Options", "nosniff");
		up->reply_archive(api_svc(x->c)->githttp, q, &a);
	}
	api_git_free(x);
}

static void
api_archive_get(struct call *c)
{
	struct git_ask_history spec = { .limit = 1 };
	AUTO_FREE char *rev = NULL;
	enum rev_form form;
	struct err e = ERR_INIT;
	struct api_git *x;

	if (rev_form_archive(call_arg(c, 2), &form, &rev, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	if (api_git_told(c, rev) == -1) {
		api_git_free(x);
		return;
	}
	x->status = (int)form;
	x->rev = STEAL(rev);
	spec.rev = x->rev;
	gitask_history(
	    api_svc(c)->git, x->p.id, &spec, api_archive_on_commit, x);
}

const struct route api_contents_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/contents", ROUTE_MEMBER,
	    api_contents_root },
	{ "GET", "/api/v1/repos/{o}/{r}/contents/{path...}", ROUTE_MEMBER,
	    api_contents_get },
	{ "GET", "/api/v1/repos/{o}/{r}/raw/{path...}", ROUTE_MEMBER,
	    api_raw_get },
	{ "GET", "/api/v1/repos/{o}/{r}/media/{path...}", ROUTE_MEMBER,
	    api_raw_get },
	{ "GET", "/api/v1/repos/{o}/{r}/archive/{path...}", ROUTE_MEMBER,
	    api_archive_get },
	{ .method = NULL },
};
