#include "server/web/code.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/wire/json.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"
#include "server/web/diff.h"

struct code *
code_new(struct call *c)
{
	AUTO_STR struct str at = STR_INIT;
	struct code *x;
	struct project p;
	uint32_t limit;

	if (web_project(c, PERM_READ, &p) == -1)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->p = p;
	if (call_page(c, &x->page, &limit) == -1) {
		project_release(&x->p);
		free(x);
		return NULL;
	}
	str_addc(&at, '/');
	esc_url(&at, view_of(p.owner));
	str_addc(&at, '/');
	esc_url(&at, view_of(p.name));
	x->at = str_steal(&at);
	call_hold(c);
	return x;
}

void
code_free(struct code *x)
{
	struct call *c = x->c;

	project_release(&x->p);
	json_free(x->entry);
	free(x->rev);
	free(x->path);
	free(x->at);
	free(x->where);
	free(x);
	call_release(c);
}

bool
code_failed(struct code *x, const struct err *fail)
{
	if (fail == NULL)
		return false;
	web_fail(x->c, fail);
	code_free(x);
	return true;
}

static void
code_set(struct code *x, const char *kind, const char *rev, const char *path)
{
	AUTO_STR struct str where = STR_INIT;

	(void)snprintf(x->kind, sizeof(x->kind), "%s", kind);
	x->rev = xstrdup(rev);
	x->path = xstrdup(path);
	str_addf(&where, "%s/", kind);
	esc_url_path(&where, view_of(rev));
	x->where = str_steal(&where);
}

/* The longest beginning of text that is a ref below place; its path behind. */
static bool
code_leading(const struct ref_snapshot *s, const char *place, const char *text,
    struct ref_row *row, char **name, const char **path)
{
	size_t n = strlen(text);

	for (;;) {
		AUTO_FREE char *full = xasprintf("%s%.*s", place, (int)n, text);

		if (refsnap_find(s, REF_SIDE_WORK, full, row)) {
			*name = xstrndup(text, n);
			*path = text[n] == '/' ? text + n + 1 : "";
			return true;
		}
		do {
			if (n == 0)
				return false;
		} while (text[--n] != '/');
	}
}

/* What git knows of the repository is there. */
struct code_wait {
	struct code *x;
	code_go_fn *go;
	bool usual; /* the default branch */
};

static void
code_not_found(struct code *x, const char *what)
{
	web_error(x->c, 404, what);
	code_free(x);
}

static void
code_empty(struct code *x)
{
	const struct web_head head = { .title = x->p.name, .tab = "" };
	struct web w;

	web_begin(&w, x->c, &head);
	web_project_title(&w, &x->p, PART_CODE, "code");
	HTML_CLASS(&w.h, "section", "card wide");
	web_empty(&w, "Nothing was pushed or mirrored yet.",
	    "git push origin HEAD:main");
	html_end(&w.h);
	web_reply(&w, 200);
	code_free(x);
}

static bool
code_by_ref(struct code *x, const struct ref_snapshot *s, const char *kind,
    const char *text)
{
	bool tag = strcmp(kind, "tag") == 0;
	AUTO_FREE char *name = NULL;
	const char *path;
	struct ref_row row;

	if (!code_leading(s, tag ? "refs/tags/" : "refs/heads/", text, &row,
		&name, &path))
		return false;
	(void)snprintf(x->sha, sizeof(x->sha), "%s",
	    row.peeled != NULL ? row.peeled : row.sha);
	code_set(x, kind, name, path);
	return true;
}

static void
code_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct code_wait *wait = arg;
	struct code *x = wait->x;
	code_go_fn *go = wait->go;
	bool usual = wait->usual;
	const char *kind;

	free(wait);
	if (code_failed(x, fail))
		return;
	if (usual) {
		if (x->p.default_branch[0] == '\0' ||
		    !code_by_ref(x, s, "branch", x->p.default_branch))
			code_empty(x);
		else
			go(x);
		return;
	}
	kind = call_arg(x->c, 2);
	if (!code_by_ref(x, s, kind, call_arg(x->c, 3)))
		code_not_found(x,
		    strcmp(kind, "tag") == 0 ? "There is no such tag."
					     : "There is no such branch.");
	else
		go(x);
}

static void
code_by_id(struct code *x, const char *text, code_go_fn *go)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *sha = xstrndup(
	    text, slash != NULL ? (size_t)(slash - text) : strlen(text));

	if (!gitpool_sha_ok(sha)) {
		code_not_found(x, "A commit is named by 40 digits here.");
		return;
	}
	memcpy(x->sha, sha, sizeof(x->sha));
	code_set(x, "commit", sha, slash != NULL ? slash + 1 : "");
	go(x);
}

static void
code_ask_refs(struct code *x, code_go_fn *go, bool usual)
{
	struct svc *s = call_app(x->c);
	struct code_wait *wait = xcalloc(1, sizeof(*wait));

	*wait = (struct code_wait){ .x = x, .go = go, .usual = usual };
	if (ref_cache_ask(
		gitpool_ref_cache(s->git), x->p.id, code_on_refs, wait) != NULL)
		return;
	free(wait);
	web_error(x->c, 503, "Too many wait for this repository: try again.");
	code_free(x);
}

void
code_resolve(struct code *x, code_go_fn *go)
{
	const char *kind = call_arg(x->c, 2);

	if (strcmp(kind, "commit") == 0)
		code_by_id(x, call_arg(x->c, 3), go);
	else if (strcmp(kind, "branch") != 0 && strcmp(kind, "tag") != 0)
		code_not_found(x, "It is a branch, a tag or a commit.");
	else
		code_ask_refs(x, go, false);
}

void
code_resolve_default(struct code *x, code_go_fn *go)
{
	code_ask_refs(x, go, true);
}

void
code_href(
    struct web *w, const struct code *x, const char *what, const char *path)
{
	AUTO_STR struct str url = STR_INIT;

	str_addf(&url, "%s/%s/%s", x->at, what, x->where);
	if (path[0] != '\0') {
		str_addc(&url, '/');
		esc_url_path(&url, view_of(path));
	}
	HTML_ATTR(&w->h, "href", str_cstr(&url));
}

/* Each folder on the way, as a link. */
static void
code_crumbs(struct web *w, const struct code *x)
{
	struct html *h = &w->h;
	AUTO_STR struct str way = STR_INIT;
	struct view rest = view_of(x->path), part;

	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "crumbs");
	HTML_ATTR(h, "aria-label", "Where this is");
	HTML_TAG(h, "a");
	code_href(w, x, "src", "");
	html_shown(h, strcmp(x->kind, "commit") == 0 ? "commit" : x->rev);
	html_end(h);
	if (strcmp(x->kind, "commit") == 0)
		HTML_LEAFF(h, "code", "", "%.12s", x->sha);
	while (rest.len > 0 && view_split(&rest, '/', &part)) {
		AUTO_FREE char *name = view_dup(part);

		str_addf(&way, "%s%s", way.len > 0 ? "/" : "", name);
		html_text(h, " / ");
		HTML_TAG(h, "a");
		code_href(w, x, "src", str_cstr(&way));
		html_shown(h, name);
		html_end(h);
	}
	html_end(h);
}

static void
code_tab(struct web *w, const struct code *x, const char *page,
    const char *what, const char *text)
{
	HTML_TAG(&w->h, "a");
	code_href(w, x, page, x->path);
	if (strcmp(what, text) == 0)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, text);
	html_end(&w->h);
}

static void
code_place(struct web *w, const struct code *x, const char *page,
    const char *what, const char *text)
{
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/%s", x->p.owner, x->p.name, page);
	if (strcmp(what, text) == 0)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, text);
	html_end(&w->h);
}

void
code_begin(struct web *w, struct code *x, const char *what)
{
	AUTO_FREE char *title = xasprintf("%s%s%s · %s", what,
	    x->path != NULL && x->path[0] != '\0' ? " " : "",
	    x->path != NULL ? x->path : "", x->p.name);
	const struct web_head head = { .title = title, .tab = "" };

	web_begin(w, x->c, &head);
	web_project_title(w, &x->p, PART_CODE, what);
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "Of this repository");
	if (x->where != NULL) {
		code_tab(w, x, "src", what, "files");
		code_tab(w, x, "commits", what, "history");
		if (strcmp(what, "file") == 0 || strcmp(what, "blame") == 0)
			code_tab(w, x, "blame", what, "blame");
	}
	code_place(w, x, "branches", what, "branches");
	code_place(w, x, "tags", what, "tags");
	html_end(&w->h);
	if (x->where != NULL)
		code_crumbs(w, x);
}

void
code_by(struct web *w, const struct json *commit)
{
	const struct json *by = json_get(commit, "author");

	html_shown(&w->h, json_str_or(by, "name", "?"));
	html_text(&w->h, " ");
	web_time(w, json_i64_or(by, "at", 0));
}

void
code_subject(
    struct web *w, const struct code *x, const char *sha, const char *message)
{
	AUTO_FREE char *line = xstrndup(message, strcspn(message, "\n"));

	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s/commit/%s", x->p.owner, x->p.name, sha);
	html_shown(&w->h, line[0] != '\0' ? line : "(no message)");
	html_end(&w->h);
}

int
code_keep(struct code *x, const struct json *j)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	json_print(j, &text);
	x->entry = json_parse(str_view(&text), text.len, &e);
	if (x->entry != NULL)
		return 0;
	(void)code_failed(x, &e);
	return -1;
}

void
code_diff(struct web *w, const struct code *x, const struct git_result *res,
    const char *here, const char *blob)
{
	struct diff_view v = { .here = here,
		.blob = blob,
		.truncated = json_bool_or(res->j, "truncated", false) };

	web_diff_query(x->c, &v);
	web_diff_sum(w, res->j);
	web_diff(w, &v, res->raw);
}
