/*
 * said: what was said in an issue or pull request, a page of it, with its
 * Markdown taken apart by a worker: all texts by one question.
 */
#ifndef SERVER_WEB_SAID_H
#define SERVER_WEB_SAID_H

#include "lib/base/view.h"
#include "server/domain/items.h"
#include "server/web/web.h"

enum {
	SAID_PAGE = 50,              /* comments of a page */
	SAID_TEXTS = SAID_PAGE + 1,  /* and the item's own */
	SAID_RENDER_MAX = 256 << 10, /* bytes that are taken apart for one page;
				      * what is beyond is shown as it is */
	SAID_FIRST = 1 << 10         /* of a long one that is cut */
};

struct said {
	struct call *c; /* held */
	struct project p;
	struct issue issue;
	struct comment_list list;
	uint32_t page;
	int64_t which; /* that one alone: a comment, 0 the item's, -1: all */
	struct view tokens[SAID_TEXTS]; /* by text; empty: as it is */
	struct str raw;                 /* that they are in */
};

/* Loads and asks; then go, once, later, or a reply.  _free releases the call.
 */
typedef void said_go_fn(struct said *x);
void said_load(struct call *c, said_go_fn *go);
void said_free(struct said *x);

/* Each as an article; then the links to other pages. */
void said_write(struct web *w, const struct said *x);

#endif
