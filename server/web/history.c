/* history: commits, one of them, branches and tags. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/wire/json.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"
#include "server/web/code.h"
#include "server/web/diff.h"
#include "server/web/pull.h"

static void
history_rows(struct web *w, const struct code *x, const struct json *list)
{
	static const char *const columns[] = { "Commit", "By", "Id" };
	struct html *h = &w->h;

	web_table(w, "history", columns, 3);
	for (const struct json *k = json_first(list); k != NULL;
	     k = json_next(k)) {
		const char *sha = json_str_or(k, "sha", "");

		HTML_TAG(h, "tr");
		web_cell(w, "Commit", "");
		code_subject(w, x, sha, json_str_or(k, "message", ""));
		html_end(h);
		web_cell(w, "By", "");
		code_by(w, k);
		html_end(h);
		web_cell(w, "Id", "num");
		HTML_LEAFF(h, "code", "", "%.12s", sha);
		html_end(h);
		html_end(h);
	}
	web_table_end(w);
}

static void
history_on_commits(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	const struct json *list = json_get(res->j, "commits");
	struct web w;

	if (code_failed(x, res->fail))
		return;
	code_begin(&w, x, "history");
	HTML_CLASS(&w.h, "section", "card wide");
	if (json_count(list) == 0)
		web_empty(&w, "No commit changed that.", "");
	else
		history_rows(&w, x, list);
	if (json_bool_or(res->j, "late", false))
		HTML_LEAF(&w.h, "p", "sub",
		    "The history is long: this is what was found in time.");
	HTML_TAG(&w.h, "nav");
	HTML_ATTR(&w.h, "class", "pager");
	HTML_ATTR(&w.h, "aria-label", "Pages");
	if (x->page > 1) {
		HTML_TAG(&w.h, "a");
		HTML_ATTR(&w.h, "rel", "prev");
		HTML_URL(&w.h, "href", "?page=%u", x->page - 1);
		html_text(&w.h, "Newer");
		html_end(&w.h);
	}
	if (json_bool_or(res->j, "more", false)) {
		HTML_TAG(&w.h, "a");
		HTML_ATTR(&w.h, "rel", "next");
		HTML_URL(&w.h, "href", "?page=%u", x->page + 1);
		html_text(&w.h, "Older");
		html_end(&w.h);
	}
	html_end(&w.h);
	html_end(&w.h);
	web_reply(&w, 200);
	code_free(x);
}

static void
history_go(struct code *x)
{
	const struct git_ask_history spec = { .rev = x->sha,
		.path = x->path[0] != '\0' ? x->path : NULL,
		.skip = (x->page - 1) * CODE_PAGE,
		.limit = CODE_PAGE };

	gitask_history(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    history_on_commits, x);
}

static void
history_get(struct call *c)
{
	struct code *x = code_new(c);

	if (x != NULL)
		code_resolve(x, history_go);
}

/* ---- one commit ---- */

static void
history_parents(struct web *w, const struct code *x, const struct json *k)
{
	struct html *h = &w->h;

	for (const struct json *p = json_first(json_get(k, "parents"));
	     p != NULL; p = json_next(p)) {
		const char *sha = json_string(p);

		if (sha == NULL)
			continue;
		HTML_TAG(h, "a");
		HTML_URL(
		    h, "href", "/%s/%s/commit/%s", x->p.owner, x->p.name, sha);
		HTML_LEAFF(h, "code", "", "%.12s", sha);
		html_end(h);
		html_text(h, " ");
	}
}

static void
history_message(struct html *h, const char *message)
{
	struct view rest = view_trim(view_of(message)), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *text = view_dup(line);

		html_shown(h, text);
		html_text(h, "\n");
	}
}

static void
history_commit_head(struct web *w, const struct code *x)
{
	const struct json *k = json_at(json_get(x->entry, "commits"), 0);
	const struct json *by = json_get(k, "author");
	const struct json *put = json_get(k, "committer");
	struct html *h = &w->h;

	HTML_CLASS(h, "section", "card wide");
	HTML_CLASS(h, "pre", "message");
	history_message(h, json_str_or(k, "message", ""));
	html_end(h);
	HTML_TAG(h, "dl");
	web_term(w, "Commit");
	HTML_LEAF(h, "code", "", json_str_or(k, "sha", ""));
	html_end(h);
	web_term(w, "Author");
	html_shown(h, json_str_or(by, "name", "?"));
	html_text(h, " <");
	html_shown(h, json_str_or(by, "email", ""));
	html_text(h, "> ");
	web_time(w, json_i64_or(by, "at", 0));
	html_end(h);
	if (strcmp(json_str_or(by, "email", ""),
		json_str_or(put, "email", "")) != 0) {
		web_term(w, "Committer");
		html_shown(h, json_str_or(put, "name", "?"));
		html_text(h, " ");
		web_time(w, json_i64_or(put, "at", 0));
		html_end(h);
	}
	web_term(w, "Parents");
	history_parents(w, x, k);
	html_end(h);
	if (json_get(k, "signature") != NULL) {
		web_term(w, "Signature");
		html_text(h, "there is one; who made it is not checked here");
		html_end(h);
	}
	web_term(w, "Files");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/src/commit/%s", x->p.owner, x->p.name,
	    json_str_or(k, "sha", ""));
	html_text(h, "as they are in this commit");
	html_end(h);
	html_end(h);
	html_end(h);
	html_end(h);
}

static void
history_on_show(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	AUTO_FREE char *here = NULL;
	AUTO_FREE char *blob = NULL;
	struct web w;

	if (code_failed(x, res->fail))
		return;
	here = xasprintf("%s/commit/%s", x->at, x->sha);
	blob = xasprintf("%s/src/commit/%s", x->at, x->sha);
	code_begin(&w, x, "commit");
	history_commit_head(&w, x);
	code_diff(&w, x, res, here, blob);
	web_reply(&w, 200);
	code_free(x);
}

static void
history_on_commit(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	struct git_ask_show spec = { .head = x->sha };

	if (code_failed(x, res->fail) || code_keep(x, res->j) == -1)
		return;
	(void)snprintf(x->sha, sizeof(x->sha), "%s",
	    json_str_or(json_at(json_get(res->j, "commits"), 0), "sha", ""));
	web_diff_asked(x->c, &spec);
	gitask_show(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    history_on_show, x);
}

static void
history_commit(struct call *c)
{
	struct code *x = code_new(c);
	struct git_ask_history spec = { .limit = 1,
		.want = { .verify = true } };

	if (x == NULL)
		return;
	spec.rev = call_arg(c, 2);
	gitask_history(((struct svc *)call_app(c))->git, x->p.id, &spec,
	    history_on_commit, x);
}

/* ---- branches and tags ---- */

static void
history_ref_row(
    struct web *w, const struct code *x, const struct ref_row *r, bool tag)
{
	const char *name = r->name + strlen(tag ? "refs/tags/" : "refs/heads/");
	struct html *h = &w->h;
	AUTO_STR struct str url = STR_INIT;
	char sha[GIT_SHA_TEXT];

	(void)snprintf(
	    sha, sizeof(sha), "%.40s", r->peeled != NULL ? r->peeled : r->sha);
	str_addf(&url, "%s/src/%s/", x->at, tag ? "tag" : "branch");
	esc_url_path(&url, view_of(name));
	HTML_TAG(h, "tr");
	web_cell(w, "Name", "");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&url));
	html_shown(h, name);
	html_end(h);
	if (!tag && strcmp(name, x->p.default_branch) == 0)
		web_badge(w, "good", "default");
	html_end(h);
	web_cell(w, "Commit", "");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/commit/%s", x->p.owner, x->p.name, sha);
	HTML_LEAFF(h, "code", "", "%.12s", sha);
	html_end(h);
	html_end(h);
	web_cell(w, "", "");
	if (!tag && strcmp(name, x->p.default_branch) != 0) {
		str_reset(&url);
		str_addf(&url, "%s/compare/", x->at);
		esc_url(&url, view_of(x->p.default_branch));
		str_add(&url, "...");
		esc_url(&url, view_of(name));
		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", str_cstr(&url));
		html_text(h, "compare");
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
history_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	static const char *const columns[] = { "Name", "Commit", "" };
	struct code *x = arg;
	bool tag = x->kind[0] == 't';
	const char *place = tag ? "refs/tags/" : "refs/heads/";
	size_t skip = (size_t)(x->page - 1) * CODE_PAGE, n = 0;
	struct web w;

	if (code_failed(x, fail))
		return;
	code_begin(&w, x, tag ? "tags" : "branches");
	if (!tag) {
		HTML_CLASS(&w.h, "p", "bar");
		pull_new_link(&w, &x->p);
		html_end(&w.h);
	}
	HTML_CLASS(&w.h, "section", "card wide");
	web_table(&w, "refs", columns, 3);
	for (size_t i = refsnap_seek(s, REF_SIDE_WORK, view_of(place));
	     i < refsnap_count(s, REF_SIDE_WORK); i++) {
		struct ref_row r = refsnap_row(s, REF_SIDE_WORK, i);

		if (strncmp(r.name, place, strlen(place)) != 0)
			break;
		if (n++ >= skip && n <= skip + CODE_PAGE)
			history_ref_row(&w, x, &r, tag);
	}
	web_table_end(&w);
	if (n == 0)
		web_empty(
		    &w, tag ? "There is no tag." : "There is no branch.", "");
	web_pager(&w, x->page, CODE_PAGE, (int64_t)n, "");
	html_end(&w.h);
	web_reply(&w, 200);
	code_free(x);
}

static void
history_refs(struct call *c, const char *kind)
{
	struct code *x = code_new(c);

	if (x == NULL)
		return;
	(void)snprintf(x->kind, sizeof(x->kind), "%s", kind);
	if (ref_cache_ask(gitpool_ref_cache(((struct svc *)call_app(c))->git),
		x->p.id, history_on_refs, x) != NULL)
		return;
	web_error(c, 503, "Too many wait for this repository: try again.");
	code_free(x);
}

static void
history_branches(struct call *c)
{
	history_refs(c, "branch");
}

static void
history_tags(struct call *c)
{
	history_refs(c, "tag");
}

const struct route web_history_routes[] = {
	{ "GET", "/{owner}/{r}/commits/{kind}/{path...}", ROUTE_PAGE,
	    history_get },
	{ "GET", "/{owner}/{r}/commit/{sha}", ROUTE_PAGE, history_commit },
	{ "GET", "/{owner}/{r}/branches", ROUTE_PAGE, history_branches },
	{ "GET", "/{owner}/{r}/tags", ROUTE_PAGE, history_tags },
	{ .method = NULL },
};
