/* pull_files: the commits of a pull request, and its files with what people say
 * of their lines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"
#include "server/web/code.h"
#include "server/web/diff.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

struct pull_page {
	struct code *x; /* project and call */
	struct pull pull;
	struct review_comment_list said;
	char at[16];       /* the line that a form is asked for, "R12" */
	const char *alone; /* its file */
};

static void
pull_page_free(struct pull_page *g)
{
	struct code *x = g->x;

	pull_release(&g->pull);
	review_comment_list_release(&g->said);
	free(g);
	code_free(x);
}

static struct pull_page *
pull_page_new(struct call *c)
{
	struct code *x = code_new(c);
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	struct pull_page *g;

	if (x == NULL)
		return NULL;
	g = xcalloc(1, sizeof(*g));
	g->x = x;
	if (pulls_get(db_reader(s->db), x->p.id, call_arg_id(c, 2), &g->pull,
		&e) == 0)
		return g;
	web_fail(c, &e);
	pull_page_free(g);
	return NULL;
}

/* ---- commits ---- */

static void
pull_on_commits(const struct git_result *res, void *arg)
{
	struct pull_page *g = arg;
	const struct web_head head = { .title = g->pull.issue.title,
		.tab = "" };
	const struct json *k;
	struct web w;

	if (res->fail != NULL) {
		web_fail(g->x->c, res->fail);
		pull_page_free(g);
		return;
	}
	web_begin(&w, g->x->c, &head);
	pull_begin(&w, &g->x->p, &g->pull, "Commits");
	HTML_CLASS(&w.h, "section", "card wide");
	HTML_CLASS(&w.h, "ul", "items");
	for (k = json_first(json_get(res->j, "commits")); k != NULL;
	     k = json_next(k)) {
		HTML_TAG(&w.h, "li");
		code_subject(&w, g->x, json_str_or(k, "sha", ""),
		    json_str_or(k, "message", ""));
		HTML_CLASS(&w.h, "span", "sub");
		html_textf(&w.h, " %.10s, ", json_str_or(k, "sha", ""));
		code_by(&w, k);
		html_end(&w.h);
		html_end(&w.h);
	}
	html_end(&w.h);
	html_end(&w.h);
	if (json_bool_or(res->j, "more", false))
		HTML_LEAF(&w.h, "p", "sub", "There are more than these.");
	web_reply(&w, 200);
	pull_page_free(g);
}

static void
pull_commits(struct call *c)
{
	struct pull_page *g = pull_page_new(c);
	struct git_ask_history spec = { .limit = 250 };

	if (g == NULL)
		return;
	spec.rev = g->pull.head_sha;
	spec.without = g->pull.merge_base[0] != '\0' ? g->pull.merge_base
						     : NULL;
	gitask_history(((struct svc *)call_app(c))->git, g->x->p.id, &spec,
	    pull_on_commits, g);
}

/* ---- files ---- */

static bool
pull_said_here(
    const struct review_comment *r, const char *path, char side, uint32_t n)
{
	return !r->outdated && r->line == n && strcmp(r->path, path) == 0 &&
	    (r->side == REVIEW_SIDE_OLD) == (side == '-');
}

static bool
pull_form_here(
    const struct pull_page *g, const char *path, char side, uint32_t n)
{
	char at[16];

	if (g->at[0] == '\0' || g->alone == NULL || strcmp(g->alone, path) != 0)
		return false;
	(void)snprintf(at, sizeof(at), "%c%u", side == '-' ? 'L' : 'R', n);
	return strcmp(at, g->at) == 0;
}

static bool
pull_has_said(const char *path, char side, uint32_t n, void *arg)
{
	const struct pull_page *g = arg;

	if (pull_form_here(g, path, side, n))
		return true;
	for (size_t i = 0; i < g->said.n; i++)
		if (pull_said_here(&g->said.at[i], path, side, n))
			return true;
	return false;
}

static void
pull_hidden(struct html *h, const char *name, const char *value)
{
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "hidden");
	HTML_ATTR(h, "name", name);
	HTML_ATTR(h, "value", value);
}

static void
pull_line_form(struct web *w, const struct pull_page *g, const char *path)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/pulls/%" PRId64 "/reviews", g->x->p.owner,
	    g->x->p.name, g->pull.issue.number);
	sign_form_value(w);
	pull_hidden(h, "event", "COMMENT");
	pull_hidden(h, "head", g->pull.head_sha);
	pull_hidden(h, "path", path);
	pull_hidden(h, "at", g->at);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "say");
	html_text(h, "What you say of this line");
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "say");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", "3");
	HTML_ATTR(h, "maxlength", "60000");
	HTML_FLAG(h, "required");
	html_end(h);
	HTML_LEAF(h, "button", "primary", "Comment");
	html_end(h);
}

static void
pull_word_form(
    struct web *w, const struct pull_page *g, const struct review_comment *r)
{
	struct html *h = &w->h;
	char id[40];

	(void)snprintf(id, sizeof(id), "answer-%" PRId64, r->id);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "row");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/pulls/%" PRId64 "/words/%" PRId64,
	    g->x->p.owner, g->x->p.name, g->pull.issue.number, r->id);
	sign_form_value(w);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", id);
	html_text(h, "Answer");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "id", id);
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "maxlength", "60000");
	HTML_TAG(h, "button");
	HTML_ATTR(h, "class", "quiet");
	HTML_ATTR(h, "name", "what");
	HTML_ATTR(h, "value", "reply");
	html_text(h, "Answer");
	html_end(h);
	HTML_TAG(h, "button");
	HTML_ATTR(h, "class", "quiet");
	HTML_ATTR(h, "name", "what");
	HTML_ATTR(h, "value", r->resolver.id != 0 ? "reopen" : "resolve");
	html_text(h, r->resolver.id != 0 ? "Not resolved" : "Resolve");
	html_end(h);
	html_end(h);
}

static void
pull_word(struct web *w, const struct pull_page *g,
    const struct review_comment *r, bool may)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "article", "said");
	HTML_CLASS(h, "p", "line");
	HTML_LEAF(h, "strong", "", r->author.login);
	HTML_CLASS(h, "span", "sub");
	html_text(h, " ");
	web_time(w, r->created_at);
	if (r->resolver.id != 0)
		html_textf(h, ", resolved by %s", r->resolver.login);
	html_end(h);
	html_end(h);
	HTML_LEAF(h, "div", "words whole", r->body);
	if (may && r->reply_to == 0)
		pull_word_form(w, g, r);
	html_end(h);
}

static void
pull_on_line(struct web *w, const char *path, char side, uint32_t n, void *arg)
{
	const struct pull_page *g = arg;
	bool may = web_may(w, g->x->p.id, PERM_DISCUSS);

	for (size_t i = 0; i < g->said.n; i++)
		if (pull_said_here(&g->said.at[i], path, side, n))
			pull_word(w, g, &g->said.at[i], may);
	if (may && pull_form_here(g, path, side, n))
		pull_line_form(w, g, path);
}

/* Those whose line is not there any more. */
static void
pull_outdated(struct web *w, const struct pull_page *g)
{
	struct html *h = &w->h;
	bool any = false;

	for (size_t i = 0; i < g->said.n; i++) {
		const struct review_comment *r = &g->said.at[i];

		if (!r->outdated)
			continue;
		if (!any) {
			HTML_CLASS(h, "section", "card wide");
			HTML_LEAF(h, "h3", "", "Said of lines that are gone");
			any = true;
		}
		HTML_TAG(h, "p");
		HTML_TAG(h, "code");
		html_shown(h, r->path);
		html_end(h);
		html_end(h);
		pull_word(w, g, r, web_may(w, g->x->p.id, PERM_DISCUSS));
	}
	if (any)
		html_end(h);
}

static void
pull_on_show(const struct git_result *res, void *arg)
{
	struct pull_page *g = arg;
	const struct web_head head = { .title = g->pull.issue.title,
		.tab = "" };
	const char *view = call_query(g->x->c, "view");
	AUTO_FREE char *here = pull_path(g->x->c, "/files");
	AUTO_FREE char *blob = xasprintf(
	    "%s/src/commit/%s", g->x->at, g->pull.head_sha);
	struct diff_view v = { .here = here,
		.blob = blob,
		.only = g->alone,
		.split = view != NULL && strcmp(view, "split") == 0,
		.line = pull_on_line,
		.has = pull_has_said,
		.arg = g };
	struct diff_sum sum;
	struct web w;

	if (res->fail != NULL) {
		web_fail(g->x->c, res->fail);
		pull_page_free(g);
		return;
	}
	v.truncated = json_bool_or(res->j, "truncated", false);
	web_begin(&w, g->x->c, &head);
	v.say = g->pull.issue.state == ISSUE_OPEN &&
	    web_may(&w, g->x->p.id, PERM_DISCUSS);
	pull_begin(&w, &g->x->p, &g->pull, "Files");
	web_diff_sum(res->raw, &sum);
	HTML_LEAFF(&w.h, "p", "sub", "%zu file%s, %zu lines added, %zu removed",
	    sum.files, sum.files == 1 ? "" : "s", sum.added, sum.deleted);
	web_diff(&w, &v, res->raw);
	pull_outdated(&w, g);
	web_reply(&w, 200);
	pull_page_free(g);
}

static void
pull_files(struct call *c)
{
	struct pull_page *g = pull_page_new(c);
	struct svc *s = call_app(c);
	const char *at = call_query(c, "say");
	struct review_comment_filter f = { .viewer_id = call_who(c)->user_id };
	struct git_ask_show spec = { .base = NULL };
	struct err e = ERR_INIT;

	if (g == NULL)
		return;
	f.project_id = g->x->p.id;
	f.item = g->pull.issue.number;
	if (review_comments_list(db_reader(s->db), &f, &g->said, &e) == -1)
		log_error("web words reason=%s", log_val(e.msg));
	g->alone = call_query(c, "file");
	if (g->alone != NULL && g->alone[0] == '\0')
		g->alone = NULL;
	(void)snprintf(g->at, sizeof(g->at), "%s", at != NULL ? at : "");
	spec.base = g->pull.merge_base[0] != '\0' ? g->pull.merge_base
						  : g->pull.base_sha;
	spec.head = g->pull.head_sha;
	gitask_show(s->git, g->x->p.id, &spec, pull_on_show, g);
}

const struct route web_pull_files_routes[] = {
	{ "GET", "/{owner}/{r}/pulls/{n}/commits", ROUTE_PAGE, pull_commits },
	{ "GET", "/{owner}/{r}/pulls/{n}/files", ROUTE_PAGE, pull_files },
	{ .method = NULL },
};
