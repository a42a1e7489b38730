/*
 * said: what was said and done on an issue or pull request, a page of it in
 * order, with the Markdown taken apart: all texts by one question (marks.h),
 * and each kind of row by one query.
 */
#ifndef SERVER_WEB_SAID_H
#define SERVER_WEB_SAID_H

#include "lib/base/view.h"
#include "server/domain/items.h"
#include "server/domain/words.h"
#include "server/store/timeline.h"
#include "server/web/marks.h"
#include "server/web/web.h"

enum {
	SAID_PAGE = 25,       /* comments and events of a page */
	SAID_FIRST = 1 << 10, /* bytes of a long one that is cut */
	SAID_REVIEWS = 50     /* whose text is shown; of those without weight
				 the newest */
};

struct said;
typedef void said_go_fn(struct said *x);

struct said {
	struct call *c; /* held */
	struct project p;
	struct issue issue;
	struct timeline_page refs; /* the order; total counts all */
	struct comment_list list;
	struct timeline_list done;
	struct reaction_count_list reactions;
	struct attachment_list own_files, files; /* the item's, its comments' */
	struct review_list reviews;              /* of a pull request */
	uint32_t page;
	int64_t which; /* that one alone: a comment, 0 the item's, -1: all */
	char *draft;   /* a text that is not said yet, or NULL */
	char *title;   /* of such a one that is an issue, or NULL */
	char *base;    /* the same of a pull request */
	char *was_title, *was_base; /* what was before who typed them */
	int64_t seen; /* what the draft changes, SAID_UNSEEN: it is new */
	char *why;    /* what is wrong with it, or NULL */
	/* Of the draft, the item's own, the comments, the reviews. */
	struct marks marks;
	said_go_fn *go;
};

/* Loads and asks; then go, once, later, or a reply.  _free releases the call.
 */
void said_load(struct call *c, said_go_fn *go);
/* The same at the last page, with a text that somebody writes, and what is
 * wrong with it ("" nothing). */
void said_load_draft(
    struct call *c, const char *draft, const char *why, said_go_fn *go);
/* A draft of a new issue: it has no item. */
void said_load_new(struct call *c, const char *title, const char *draft,
    const char *why, said_go_fn *go);
/* What somebody typed to change a text; NULLs: as it is. */
struct said_typed {
	const char *title, *base, *draft;
	const char *was_title, *was_base; /* what he had before him */
	int64_t seen;                     /* the same of the text: said_seen */
	const char *why;
};
enum {
	SAID_UNSEEN = -1
};
/* The comment `which` of the item alone, 0 the item's own text, and a draft of
 * what it is to be; NULL: none. */
void said_load_one(struct call *c, int64_t which,
    const struct said_typed *typed, said_go_fn *go);
/* Tells that text from what it was before an edit; of a comment its last
 * change. */
int64_t said_seen(const struct said *x);
/* Was it edited since the draft was begun? */
bool said_stale(const struct said *x);
void said_free(struct said *x);
/* The last page of so many comments and events. */
int64_t said_last_page(int64_t total);

/* Does the page begin with the item's own text?  How many texts are before
 * those of the comments, the draft among them? */
bool said_has_own(const struct said *x);
size_t said_first(const struct said *x);
/* The text of x->reviews.at[i], taken apart. */
struct view said_review_tokens(const struct said *x, size_t i);

/* Each as an article or a line; then the links to other pages. */
void said_write(struct web *w, const struct said *x);
/* What is wrong with the draft, and what the text says by now when somebody
 * else edited it; then what the draft looks like. */
void said_draft(struct web *w, const struct said *x);

/* said_line.c: an event as a line; false, and nothing, where it names what
 * the viewer may not see. */
bool said_line(
    struct web *w, const struct said *x, const struct timeline_entry *e);

#endif
