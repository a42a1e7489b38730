/* blame: a file with who wrote which line last. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"
#include "server/web/code.h"
#include "server/web/markdown.h"

enum {
	BLAME_MAX = 3 << 20 /* bytes of a page; its lines end there */
};

/* The bytes of the file come first, then the lines' commits. */
struct blame {
	struct code *x;
	struct str text;
};

static void
blame_free(struct blame *b)
{
	struct code *x = b->x;

	str_release(&b->text);
	free(b);
	code_free(x);
}

static void
blame_part(struct html *h, bool first)
{
	if (!first)
		for (int i = 0; i < 3; i++)
			html_end(h);
	HTML_CLASS(h, "div", "part tall");
	HTML_CLASS(h, "table", "blame");
	HTML_TAG(h, "tbody");
}

static void
blame_row(struct web *w, const struct code *x, const struct json *who,
    int64_t at, struct view text)
{
	struct html *h = &w->h;
	char id[24];

	(void)snprintf(id, sizeof(id), "L%" PRId64, at);
	HTML_TAG(h, "tr");
	HTML_ATTR(h, "id", id);
	HTML_TAG(h, "td");
	if (who != NULL) {
		code_subject(w, x, json_str_or(who, "sha", ""),
		    json_str_or(who, "message", ""));
		html_text(h, " ");
		code_by(w, who);
	}
	html_end(h);
	HTML_TAG(h, "td");
	html_textf(h, "%" PRId64, at);
	html_end(h);
	HTML_TAG(h, "td");
	(void)web_code_plain(w, text, BLAME_MAX);
	html_end(h);
	html_end(h);
}

static void
blame_hunk(struct web *w, const struct code *x, const struct json *k,
    struct view *rest, int64_t *at)
{
	int64_t n = json_i64_or(k, "lines", 0);
	struct view line;

	for (int64_t i = 0;
	     i < n && w->h.out.len < BLAME_MAX && view_split(rest, '\n', &line);
	     i++) {
		if (++*at % WEB_LINES_PART == 1)
			blame_part(&w->h, *at == 1);
		blame_row(w, x, i == 0 ? k : NULL, *at, line);
	}
}

static void
blame_on_hunks(const struct git_result *res, void *arg)
{
	struct blame *b = arg;
	struct code *x = b->x;
	struct view rest = str_view(&b->text);
	int64_t at = 0;
	unsigned depth;
	struct web w;

	if (res->fail != NULL) {
		if (res->fail->code == ERR_TIMEOUT)
			web_error(x->c, 503,
			    "The history of this file is too long for a page; "
			    "git blame in a clone has it.");
		else
			web_fail(x->c, res->fail);
		blame_free(b);
		return;
	}
	code_begin(&w, x, "blame");
	HTML_CLASS(&w.h, "section", "card wide");
	depth = w.h.depth;
	HTML_CLASS(&w.h, "div", "lines");
	HTML_ATTR(&w.h, "tabindex", "0");
	HTML_ATTR(&w.h, "role", "region");
	HTML_ATTR(&w.h, "aria-label", "who wrote which line");
	for (const struct json *k = json_first(json_get(res->j, "hunks"));
	     k != NULL && at < CODE_LINES_MAX; k = json_next(k))
		blame_hunk(&w, x, k, &rest, &at);
	while (w.h.depth > depth)
		html_end(&w.h);
	if (rest.len > 0 || w.h.out.len >= BLAME_MAX)
		HTML_LEAF(&w.h, "p", "alert",
		    "The rest is not shown; git blame in a clone has it.");
	web_reply(&w, 200);
	blame_free(b);
}

static void
blame_on_entry(const struct git_result *res, void *arg)
{
	struct blame *b = arg;
	struct code *x = b->x;
	const struct json *e = json_at(json_get(res->j, "entries"), 0);

	if (res->fail != NULL) {
		web_fail(x->c, res->fail);
		blame_free(b);
		return;
	}
	if (json_bool_or(res->j, "folder", false) ||
	    strcmp(json_str_or(e, "type", ""), "file") != 0 ||
	    !json_bool_or(res->j, "whole", false) ||
	    json_bool_or(res->j, "binary", true) || !utf8_valid(res->raw)) {
		web_error(x->c, 404, "It is no file of lines.");
		blame_free(b);
		return;
	}
	str_addv(&b->text, res->raw);
	gitask_blame(((struct svc *)call_app(x->c))->git, x->p.id, x->sha,
	    x->path, blame_on_hunks, b);
}

static void
blame_go(struct code *x)
{
	const struct git_ask_entry spec = {
		.rev = x->sha, .path = x->path, .max = CODE_FILE_MAX
	};
	struct blame *b = xcalloc(1, sizeof(*b));

	b->x = x;
	gitask_entry(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    blame_on_entry, b);
}

static void
blame_get(struct call *c)
{
	struct code *x = code_new(c);

	if (x != NULL)
		code_resolve(x, blame_go);
}

const struct route web_blame_routes[] = {
	{ "GET", "/{owner}/{r}/blame/{kind}/{path...}", ROUTE_PAGE, blame_get },
	{ .method = NULL },
};
