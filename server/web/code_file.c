/* code_file: a folder or a file of a commit, and who wrote which line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/utf8.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/auth/auth.h"
#include "server/text/md.h"
#include "server/web/code.h"
#include "server/web/markdown.h"
#include "server/web/marks.h"

/* ---- a folder ---- */

static void
code_entry_row(struct web *w, const struct code *x, const struct json *e)
{
	const char *type = json_str_or(e, "type", "");
	const char *name = json_str_or(e, "name", "");
	const struct json *last = json_get(e, "last");
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Name", "");
	if (strcmp(type, "submodule") == 0) {
		html_shown(h, name);
		HTML_LEAFF(h, "span", "sub", " submodule at %.12s",
		    json_str_or(e, "sha", ""));
	} else {
		HTML_TAG(h, "a");
		code_href(w, x, "src", json_str_or(e, "path", ""));
		html_shown(h, name);
		html_text(h, strcmp(type, "dir") == 0 ? "/" : "");
		html_end(h);
		if (strcmp(type, "symlink") == 0)
			HTML_LEAF(h, "span", "sub", " link");
	}
	html_end(h);
	web_cell(w, "Last change", "");
	if (json_is_object(last))
		code_subject(w, x, json_str_or(last, "sha", ""),
		    json_str_or(last, "message", ""));
	html_end(h);
	web_cell(w, "When", "");
	if (json_is_object(last))
		web_time(w, json_i64_or(last, "at", 0));
	html_end(h);
	web_cell(w, "Size", "num");
	if (strcmp(type, "file") == 0)
		web_bytes(w, json_i64_or(e, "size", 0));
	html_end(h);
	html_end(h);
}

static void
code_folder_table(struct web *w, const struct code *x)
{
	static const char *const columns[] = { "Name", "Last change", "When",
		"Size" };
	const struct json *list = json_get(x->entry, "entries");
	int64_t total = json_i64_or(x->entry, "total", 0);

	HTML_CLASS(&w->h, "section", "card wide");
	if (total == 0) {
		web_empty(w, "This folder is empty.", "");
		html_end(&w->h);
		return;
	}
	web_table(w, "files", columns, 4);
	for (const struct json *e = json_first(list); e != NULL;
	     e = json_next(e))
		code_entry_row(w, x, e);
	web_table_end(w);
	web_pager(w, x->page, CODE_FOLDER_PAGE, total, "");
	html_end(&w->h);
}

void
code_readme(struct web *w, const struct code *x, struct view tokens)
{
	AUTO_FREE char *project = xasprintf("%s/%s", x->p.owner, x->p.name);
	AUTO_FREE char *src = xasprintf("%s/src/%s", x->at, x->where);
	AUTO_FREE char *raw = xasprintf("%s/raw/%s", x->at, x->where);
	const struct web_markdown ctx = { .project = project,
		.here = call_url(w->c),
		.src = src,
		.raw = raw,
		.folder = x->path };
	struct html_try try;

	HTML_CLASS(&w->h, "section", "card wide");
	HTML_ATTR(&w->h, "aria-label", "README");
	try = html_try_begin(&w->h, MARKS_ALL);
	web_markdown(w, &ctx, tokens);
	if (!html_try_end(&w->h, &try))
		HTML_LEAF(&w->h, "p", "none",
		    "It is too long for this page; see the file.");
	html_end(&w->h);
}

static void
code_folder_reply(struct code *x, struct view tokens)
{
	struct web w;

	code_begin(&w, x, "files");
	code_folder_table(&w, x);
	if (tokens.len > 0)
		code_readme(&w, x, tokens);
	web_reply(&w, 200);
	code_free(x);
}

static void
code_on_markdown(const struct git_result *res, void *arg)
{
	code_folder_reply(
	    arg, res->fail == NULL ? res->raw : (struct view){ "", 0 });
}

static void
code_on_readme(const struct git_result *res, void *arg)
{
	struct code *x = arg;

	if (res->fail != NULL || !json_bool_or(res->j, "whole", false) ||
	    json_bool_or(res->j, "binary", true) || res->raw.len > MD_TEXT_MAX)
		code_folder_reply(x, (struct view){ "", 0 });
	else
		gitask_markdown(((struct svc *)call_app(x->c))->git, x->p.id,
		    res->raw, code_on_markdown, x);
}

static void
code_folder(struct code *x, const struct git_result *res)
{
	const char *name = x->page == 1 ? json_str_or(res->j, "readme", NULL)
					: NULL;
	AUTO_FREE char *path = NULL;
	struct git_ask_entry spec = { .rev = x->sha, .max = MD_TEXT_MAX };
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	/* The result lives until this returns. */
	json_print(res->j, &text);
	x->entry = json_parse(str_view(&text), text.len, &e);
	if (x->entry == NULL) {
		(void)code_failed(x, &e);
		return;
	}
	if (name == NULL) {
		code_folder_reply(x, (struct view){ "", 0 });
		return;
	}
	path = xasprintf(
	    "%s%s%s", x->path, x->path[0] != '\0' ? "/" : "", name);
	spec.path = path;
	gitask_entry(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    code_on_readme, x);
}

/* ---- a file ---- */

static void
code_file_head(struct web *w, const struct code *x, const struct json *e)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "p", "sub");
	web_bytes(w, json_i64_or(e, "size", 0));
	if (strcmp(json_str_or(e, "mode", ""), "100755") == 0)
		html_text(h, ", a program");
	html_text(h, " · ");
	HTML_TAG(h, "a");
	code_href(w, x, "raw", x->path);
	html_text(h, "raw");
	html_end(h);
	if (strcmp(x->kind, "commit") != 0) {
		html_text(h, " · ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/src/commit/%s", x->p.owner,
		    x->p.name, x->sha);
		html_text(h, "permanent link");
		html_end(h);
	}
	html_end(h);
}

static bool
code_is_lfs(struct view text)
{
	return text.len < 1024 &&
	    view_starts(text, "version https://git-lfs.github.com/spec/");
}

static void
code_file_text(struct web *w, const struct code *x, struct view text)
{
	if (code_is_lfs(text))
		HTML_LEAF(&w->h, "p", "alert",
		    "This is a pointer of git-lfs; the content is stored "
		    "elsewhere, and not mirrored.");
	if (text.len == 0) {
		web_empty(w, "The file is empty.", "");
		return;
	}
	web_code_lines(w, text, x->path, CODE_LINES_MAX);
}

static void
code_file_reply(struct code *x, const struct git_result *res)
{
	const struct json *e = json_at(json_get(res->j, "entries"), 0);
	const char *type = json_str_or(e, "type", "");
	struct web w;

	code_begin(&w, x, "file");
	HTML_CLASS(&w.h, "section", "card wide");
	if (strcmp(type, "submodule") == 0) {
		HTML_LEAFF(&w.h, "p", "", "A submodule, at commit %s.",
		    json_str_or(e, "sha", ""));
		web_reply(&w, 200);
		code_free(x);
		return;
	}
	code_file_head(&w, x, e);
	if (strcmp(type, "symlink") == 0) {
		HTML_TAG(&w.h, "p");
		html_text(&w.h, "A symbolic link to ");
		HTML_TAG(&w.h, "code");
		html_shown(&w.h, json_str_or(e, "target", ""));
		html_end(&w.h);
		html_end(&w.h);
	} else if (!json_bool_or(res->j, "whole", false)) {
		HTML_LEAF(&w.h, "p", "",
		    "The file is too large for a page; see it raw.");
	} else if (json_bool_or(res->j, "binary", true) ||
	    !utf8_valid(res->raw)) {
		HTML_LEAF(&w.h, "p", "", "The file is binary; see it raw.");
	} else {
		code_file_text(&w, x, res->raw);
	}
	html_end(&w.h);
	web_reply(&w, 200);
	code_free(x);
}

static void
code_on_entry(const struct git_result *res, void *arg)
{
	struct code *x = arg;

	if (code_failed(x, res->fail))
		return;
	if (json_bool_or(res->j, "folder", false))
		code_folder(x, res);
	else
		code_file_reply(x, res);
}

static void
code_src_go(struct code *x)
{
	const struct git_ask_entry spec = { .rev = x->sha,
		.path = x->path,
		.max = CODE_FILE_MAX,
		.skip = (uint64_t)(x->page - 1) * CODE_FOLDER_PAGE,
		.limit = CODE_FOLDER_PAGE,
		.last = true };

	gitask_entry(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    code_on_entry, x);
}

static void
code_src_default(struct call *c)
{
	struct code *x = code_new(c);

	if (x != NULL)
		code_resolve_default(x, code_src_go);
}

static void
code_src(struct call *c)
{
	struct code *x = code_new(c);

	if (x != NULL)
		code_resolve(x, code_src_go);
}

/* ---- the bytes ---- */

/* An image may be shown, by its first bytes; whatever else it is, no browser
 * may run it here. */
static const char *
code_raw_type(struct view b, bool binary)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *type;
	} rows[] = {
		{ "\x89PNG\r\n\x1a\n", 8, "image/png" },
		{ "\xff\xd8\xff", 3, "image/jpeg" },
		{ "GIF87a", 6, "image/gif" },
		{ "GIF89a", 6, "image/gif" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (b.len >= rows[i].n &&
		    memcmp(b.p, rows[i].magic, rows[i].n) == 0)
			return rows[i].type;
	if (b.len >= 12 && memcmp(b.p, "RIFF", 4) == 0 &&
	    memcmp(b.p + 8, "WEBP", 4) == 0)
		return "image/webp";
	return binary ? "application/octet-stream" : "text/plain;charset=utf-8";
}

static void
code_raw_stream(struct code *x, const char *sha)
{
	struct svc *s = call_app(x->c);
	struct request *q = call_take_over(x->c);

	if (q == NULL)
		return;
	request_header(q, "X-Content-Type-Options", "nosniff");
	s->upper->reply_blob(
	    s->githttp, q, x->p.id, auth_credential(call_who(x->c)), sha);
}

static void
code_raw_on_entry(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	const struct json *e = json_at(json_get(res->j, "entries"), 0);

	if (code_failed(x, res->fail))
		return;
	if (json_bool_or(res->j, "folder", false) ||
	    strcmp(json_str_or(e, "type", ""), "file") != 0) {
		web_error(x->c, 404, "It is no file.");
		code_free(x);
		return;
	}
	call_header(
	    x->c, "Content-Security-Policy", "default-src 'none'; sandbox");
	call_header(x->c, "Cache-Control", "private, no-cache");
	if (json_bool_or(res->j, "whole", false)) {
		call_header(x->c, "X-Content-Type-Options", "nosniff");
		call_reply_text(x->c, 200,
		    code_raw_type(
			res->raw, json_bool_or(res->j, "binary", true)),
		    res->raw);
	} else {
		code_raw_stream(x, json_str_or(e, "sha", ""));
	}
	code_free(x);
}

static void
code_raw_go(struct code *x)
{
	const struct git_ask_entry spec = {
		.rev = x->sha, .path = x->path, .max = GIT_ASK_BLOB_MAX
	};

	gitask_entry(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    code_raw_on_entry, x);
}

static void
code_raw(struct call *c)
{
	struct code *x = code_new(c);

	if (x != NULL)
		code_resolve(x, code_raw_go);
}

const struct route web_code_routes[] = {
	{ "GET", "/{owner}/{r}/src", ROUTE_PAGE, code_src_default },
	{ "GET", "/{owner}/{r}/src/{kind}/{path...}", ROUTE_PAGE, code_src },
	{ "GET", "/{owner}/{r}/raw/{kind}/{path...}", ROUTE_PAGE, code_raw },
	{ .method = NULL },
};
