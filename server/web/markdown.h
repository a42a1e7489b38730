/*
 * markdown: the tokens of server/text/md.h on a page.  Addresses of a text
 * lead to this server's pages or, by an http, https or mailto link of the
 * text's own, elsewhere; nothing elsewhere is loaded: an image of another
 * server is a link to it.
 */
#ifndef SERVER_WEB_MARKDOWN_H
#define SERVER_WEB_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct web;

struct web_markdown {
	const char *project; /* "OWNER/NAME": where #7 and @who lead from */
	const char *here;    /* this server's address, before a path of it */
	/* Of a file of the repository: what a relative link and a relative
	 * image begin with ("/O/P/src/branch/main", "/O/P/raw/branch/main",
	 * escaped), and the folder that the file is in, "" the top.  NULL: a
	 * text of an issue, whose relative addresses lead nowhere. */
	const char *src;
	const char *raw;
	const char *folder;
};

/* <div class="md">; what is no list of tokens is left out. */
void web_markdown(
    struct web *w, const struct web_markdown *ctx, struct view tokens);
/* Code with its parts marked, in <code>; name as behind a fence, or a path. */
void web_code(struct web *w, struct view text, const char *path);
/* The same as lists of numbered lines, L1 and so on, at most max.  The marks of
 * what is long end somewhere, and then the text does; the page says so. */
void web_code_lines(
    struct web *w, struct view text, const char *path, size_t max);
/* Code without marks until the page has `end` bytes; true: all of it. */
bool web_code_plain(struct web *w, struct view text, size_t end);

#endif
