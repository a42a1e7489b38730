/*
 * diff: a change on a page, unified or split, file by file.  What is long is
 * cut: a file after DIFF_FILE_LINES lines, the page after DIFF_PAGE_LINES, each
 * with a link to that file alone.
 */
#ifndef SERVER_WEB_DIFF_H
#define SERVER_WEB_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct web;

enum {
	DIFF_FILE_LINES = 400,
	DIFF_PAGE_LINES = 2000,
	DIFF_ALONE_LINES = 20000, /* of a file that is shown alone */
	DIFF_PAGE_FILES = 300
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
	/* The page's own address without its query, escaped; "?file=" and
	 * "?view=" are written behind it. */
	const char *here;
	const char *blob; /* "/O/P/src/commit/SHA" of the new side, or NULL */
	bool truncated;   /* git stopped */
	bool say;         /* numbers lead to HERE?file=PATH&say=R12 */
	/* Behind each line: what is said of it.  NULL: nothing is.  It may
	 * write a row's content in a cell of its own. */
	void (*line)(struct web *w, const struct diff_at *at, void *arg);
	/* Whether `line` has something for it, so that a row is opened. */
	bool (*has)(const struct diff_at *at, void *arg);
	void *arg;
};

/* What it came to: for a headline. */
struct diff_sum {
	size_t files, added, deleted;
};

void web_diff_sum(struct view patch, struct diff_sum *out);
void web_diff(struct web *w, const struct diff_view *v, struct view patch);

#endif
