/* pull_files: the commits of a pull request, and its files with what people say
 * of their lines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "server/store/pulls.h"
#include "server/web/code.h"
#include "server/web/diff.h"
#include "server/web/pull.h"
#include "server/web/pull_words.h"

struct pull_page {
	struct code *x; /* project and call */
	struct pull pull;
	struct pull_words words;
};

static void
pull_page_free(struct pull_page *g)
{
	struct code *x = g->x;

	pull_release(&g->pull);
	pull_words_release(&g->words);
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

static void
pull_on_show(const struct git_result *res, void *arg)
{
	struct pull_page *g = arg;
	const struct web_head head = { .title = g->pull.issue.title,
		.tab = "" };
	AUTO_FREE char *here = pull_path(g->x->c, "/files");
	AUTO_FREE char *blob = xasprintf(
	    "%s/src/commit/%s", g->x->at, g->pull.head_sha);
	struct diff_view v = { .here = here,
		.blob = blob,
		.line = pull_words_line,
		.has = pull_words_has,
		.arg = &g->words };
	struct web w;

	if (res->fail != NULL) {
		web_fail(g->x->c, res->fail);
		pull_page_free(g);
		return;
	}
	web_diff_query(g->x->c, &v);
	v.truncated = json_bool_or(res->j, "truncated", false);
	web_begin(&w, g->x->c, &head);
	pull_words_begin(&w, &g->words);
	v.say = g->words.may_say && g->pull.issue.state == ISSUE_OPEN;
	pull_begin(&w, &g->x->p, &g->pull, "Files");
	web_diff_sum(&w, res->j);
	web_diff(&w, &v, res->raw);
	pull_words_outdated(&w, &g->words);
	if (v.truncated)
		HTML_LEAF(&w.h, "p", "alert",
		    "Not every line that changes was on this page.");
	pull_review_form(&w, &g->x->p, &g->pull);
	web_reply(&w, 200);
	pull_page_free(g);
}

static void
pull_files_show(void *arg)
{
	struct pull_page *g = arg;
	struct svc *s = call_app(g->x->c);
	struct git_ask_show spec = { .head = g->pull.head_sha,
		.base = g->pull.merge_base[0] != '\0' ? g->pull.merge_base
						      : g->pull.base_sha };

	web_diff_asked(g->x->c, &spec);
	gitask_show(s->git, g->x->p.id, &spec, pull_on_show, g);
}

static void
pull_files(struct call *c)
{
	struct pull_page *g = pull_page_new(c);

	if (g != NULL)
		pull_words_load(
		    c, &g->x->p, &g->pull, &g->words, pull_files_show, g);
}

const struct route web_pull_files_routes[] = {
	{ "GET", "/{owner}/{r}/pulls/{n}/commits", ROUTE_PAGE, pull_commits },
	{ "GET", "/{owner}/{r}/pulls/{n}/files", ROUTE_PAGE, pull_files },
	{ .method = NULL },
};
