/*
 * md: Markdown as GitHub has it (GFM), by cmark-gfm, as a list of tokens: a
 * worker makes them, a page writes them by html.h.  HTML in a text is a token
 * of its own and never markup.  What is nested deeper than MD_DEPTH loses its
 * structure, not its text.
 */
#ifndef SERVER_TEXT_MD_H
#define SERVER_TEXT_MD_H

#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct err;

enum {
	MD_DEPTH = 12,
	MD_TEXT_MAX = 1 << 20,  /* bytes of a text */
	MD_TOKENS_MAX = 8 << 20 /* bytes of its tokens */
};

/* Those up to MD_LINK have an MD_END. */
enum md_kind {
	MD_END,
	MD_PARAGRAPH,
	MD_HEADING, /* n: 1 to 6 */
	MD_QUOTE,
	MD_LIST, /* n: 0, or the number that it begins with, plus 1 */
	MD_ITEM, /* n: 0, 1 a task, 2 a task that is done */
	MD_TABLE,
	MD_ROW,  /* n: 1 of the head */
	MD_CELL, /* n: 'l', 'c', 'r' or 0 */
	MD_EMPH,
	MD_STRONG,
	MD_STRIKE,
	MD_LINK,  /* a: where to, b: title */
	MD_IMAGE, /* a: where from, b: what it shows */
	MD_CODE,
	MD_CODE_BLOCK, /* a: text, b: language */
	MD_HTML,       /* a: as it stands */
	MD_RULE,
	MD_TEXT, /* a */
	MD_SOFT, /* a line's end that is a blank */
	MD_BREAK
};

struct md_token {
	enum md_kind kind;
	uint32_t n;
	struct view a, b;
};

/* Appends the tokens of text.  ERR_LIMIT: it is too long. */
int md_parse(struct view text, struct str *out, struct err *e);

void md_write(struct str *out, const struct md_token *t);
/* 1 and the next token, 0 at the end, -1: these are none of ours. */
int md_next(struct view *rest, struct md_token *out);

#endif
