/* The tables of highlight.c: one row for each language. */
#ifndef SERVER_TEXT_HIGHLIGHT_LANG_H
#define SERVER_TEXT_HIGHLIGHT_LANG_H

#include <stdbool.h>

enum {
	HIGHLIGHT_INSIDE_COMMENT = 256,
	HIGHLIGHT_INSIDE_TRIPLE = 257
};

struct highlight_lang {
	const char *names;        /* extensions and fences, blanks between */
	const char *files;        /* whole names of files */
	const char *line, *line2; /* a comment up to the line's end */
	const char *open, *close; /* a comment over lines */
	const char *quotes;       /* around texts; ` goes over lines */
	const char *triple[2];    /* around texts over lines */
	const char *words;
	bool hash_first; /* a line that begins with # is a directive */
	bool no_case;
	bool raw_quotes; /* a backslash is nothing in texts */
};

/* Ends with NULL names. */
extern const struct highlight_lang highlight_langs[];

#endif
