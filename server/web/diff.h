/*
 * diff: a change on a page, unified or split, file by file.  What is long has
 * pages: a file is cut after DIFF_FILE_LINES lines, with a link to that file
 * alone, which has pages of DIFF_ALONE_LINES; files that have no room are named
 * behind the others, and begin the next page.  A page has some 100 KB.
 */
#ifndef SERVER_WEB_DIFF_H
#define SERVER_WEB_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct call;
struct git_ask_show;
struct html;
struct json;
struct web;

enum {
	DIFF_FILE_LINES = 300,
	DIFF_PAGE_LINES = 450,
	DIFF_ALONE_LINES = 450,
	DIFF_PAGE_FILES = 100
};

/* A line that is shown. */
struct diff_at {
	const char *path;
	char side; /* '-' or '+' */
	uint32_t n;
	struct view text;
};

struct diff_view {
	bool split;
	const char *only; /* the one file to show, NULL: all */
	size_t from;      /* the first file that is shown, from 0 */
	size_t skip;      /* lines of the only file */
	const char *at;   /* else the page with that one: "R12"; NULL: none */
	/* The page's own address without its query, escaped; "?file=" and
	 * "?view=" are written behind it. */
	const char *here;
	const char *blob; /* "/O/P/src/commit/SHA" of the new side, or NULL */
	bool truncated;   /* git stopped */
	bool say;         /* numbers lead to ?file=PATH&say=R12 */
	/* Behind each line: what is said of it.  NULL: nothing is.  It may
	 * write a row's content in a cell of its own. */
	void (*line)(struct web *w, const struct diff_at *at, void *arg);
	/* Whether `line` has something for it, so that a row is opened. */
	bool (*has)(const struct diff_at *at, void *arg);
	void *arg;
};

/* What a page of it asks git for. */
void web_diff_asked(struct call *c, struct git_ask_show *spec);
/* A headline: what it comes to, of gitask_show's answer. */
void web_diff_sum(struct web *w, const struct json *j);
void web_diff(struct web *w, const struct diff_view *v, struct view patch);
/* A line of somebody's file. */
void web_diff_text(struct html *h, struct view text);
/* view, file, from, skip and at of the page's address. */
void web_diff_query(struct call *c, struct diff_view *v);

#endif
