/* A file, link, folder or submodule as ContentsResponse. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "server/api/shape_git.h"
#include "server/api/shape_priv.h"
#include "server/domain/rev_text.h"

/* The addresses of one entry, already escaped. */
struct contents_urls {
	struct str path, ref;
	const char *kind; /* of the ref, in the addresses of pages */
};

static void
contents_urls_make(struct contents_urls *u, const struct shape_git_entry *x)
{
	esc_url_path(&u->path, view_of(json_str_or(x->entry, "path", "")));
	esc_url(&u->ref, view_of(x->ref));
	u->kind = strlen(x->ref) == 40 && rev_is_short_id(x->ref) ? "commit"
								  : "branch";
}

static void
contents_html(
    struct shape_git *g, const char *key, const struct contents_urls *u)
{
	shape_url(&g->s, key, "/%s/src/%s/%s/%s", g->full, u->kind,
	    str_cstr(&u->ref), str_cstr(&u->path));
}

static void
contents_self(
    struct shape_git *g, const char *key, const struct contents_urls *u)
{
	shape_url(&g->s, key, "/api/v1/repos/%s/contents/%s?ref=%s", g->full,
	    str_cstr(&u->path), str_cstr(&u->ref));
}

/* A submodule's commit is elsewhere. */
static void
contents_git(struct shape_git *g, const char *key, const struct json *entry)
{
	const char *type = json_str_or(entry, "type", "");

	if (strcmp(type, "submodule") == 0)
		jw_null(&g->s.w, key);
	else
		shape_url(&g->s, key, "/api/v1/repos/%s/git/%s/%s", g->full,
		    strcmp(type, "dir") == 0 ? "trees" : "blobs",
		    json_str_or(entry, "sha", ""));
}

static void
contents_last(struct shape_git *g, const struct json *last)
{
	if (last == NULL) {
		jw_null(&g->s.w, "last_commit_sha");
		jw_null(&g->s.w, "last_committer_date");
		jw_null(&g->s.w, "last_author_date");
		jw_null(&g->s.w, "last_commit_message");
		return;
	}
	jw_str(&g->s.w, "last_commit_sha", json_str_or(last, "sha", ""));
	jw_time(&g->s.w, "last_committer_date", json_i64_or(last, "at", 0));
	jw_time(&g->s.w, "last_author_date", json_i64_or(last, "author_at", 0));
	jw_str(
	    &g->s.w, "last_commit_message", json_str_or(last, "message", ""));
}

static void
contents_bytes(struct shape_git *g, const struct shape_git_entry *x)
{
	AUTO_STR struct str text = STR_INIT;

	if (x->bytes == NULL) {
		jw_null(&g->s.w, "encoding");
		jw_null(&g->s.w, "content");
		return;
	}
	esc_base64(&text, *x->bytes);
	jw_str(&g->s.w, "encoding", "base64");
	jw_view(&g->s.w, "content", str_view(&text));
}

static void
contents_download(
    struct shape_git *g, const struct contents_urls *u, const char *type)
{
	if (strcmp(type, "file") == 0 || strcmp(type, "symlink") == 0)
		shape_url(&g->s, "download_url",
		    "/api/v1/repos/%s/raw/%s?ref=%s", g->full,
		    str_cstr(&u->path), str_cstr(&u->ref));
	else
		jw_null(&g->s.w, "download_url");
}

void
shape_git_contents(
    struct shape_git *g, const char *key, const struct shape_git_entry *x)
{
	const struct json *e = x->entry;
	const char *type = json_str_or(e, "type", "");
	struct contents_urls u = { .kind = NULL };

	contents_urls_make(&u, x);
	jw_object(&g->s.w, key);
	jw_str(&g->s.w, "name", json_str_or(e, "name", ""));
	jw_str(&g->s.w, "path", json_str_or(e, "path", ""));
	jw_str(&g->s.w, "sha", json_str_or(e, "sha", ""));
	contents_last(g, json_get(e, "last"));
	jw_str(&g->s.w, "type", type);
	jw_i64(&g->s.w, "size", json_i64_or(e, "size", 0));
	contents_bytes(g, x);
	jw_str(&g->s.w, "target", json_str_or(e, "target", NULL));
	contents_self(g, "url", &u);
	contents_html(g, "html_url", &u);
	contents_git(g, "git_url", e);
	contents_download(g, &u, type);
	jw_str(&g->s.w, "submodule_git_url", json_str_or(e, "submodule", NULL));
	jw_object(&g->s.w, "_links");
	contents_self(g, "self", &u);
	contents_git(g, "git", e);
	contents_html(g, "html", &u);
	jw_end(&g->s.w);
	jw_null(&g->s.w, "lfs_oid");
	jw_null(&g->s.w, "lfs_size");
	jw_end(&g->s.w);
	str_release(&u.path);
	str_release(&u.ref);
}
