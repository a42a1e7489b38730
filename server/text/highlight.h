/*
 * highlight: which parts of a line of code are comments, texts, words of the
 * language or numbers.  By tables, line by line; what it does not know is
 * plain.  Pure, one pass, never wrong about the bytes themselves.
 */
#ifndef SERVER_TEXT_HIGHLIGHT_H
#define SERVER_TEXT_HIGHLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

enum highlight_kind {
	HIGHLIGHT_PLAIN,
	HIGHLIGHT_COMMENT,
	HIGHLIGHT_STRING,
	HIGHLIGHT_WORD,
	HIGHLIGHT_NUMBER
};

struct highlight_lang;

/* By the file's name; NULL: as plain text. */
const struct highlight_lang *highlight_by_path(const char *path);
/* By the word behind a fence of Markdown: "c", "python". */
const struct highlight_lang *highlight_by_name(struct view name);

/* A file as it is read; lang NULL is fine. */
struct highlight {
	const struct highlight_lang *lang;
	int inside; /* of the line before: HIGHLIGHT_COMMENT, or a quote */
	/* Made at the first word: of the language's words with that first
	 * byte, their lengths as bits, so that most words are none at once. */
	bool sorted;
	uint32_t lengths[256];
};

/* The parts of the line come in order and are all of it. */
typedef void highlight_fn(
    enum highlight_kind kind, struct view text, void *arg);
void highlight_line(
    struct highlight *h, struct view line, highlight_fn *fn, void *arg);

#endif
