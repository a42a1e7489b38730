/*
 * unicode: characters in text that a reader does not see as they are: bidi
 * controls (CVE-2021-42574), invisible characters, controls, words that mix
 * scripts (CVE-2021-42694).  Pure; columns count bytes from 1.
 */
#ifndef FINDINGS_UNICODE_H
#define FINDINGS_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

/* In order of weight: the worst one of a text is reported. */
enum unicode_kind {
	UNICODE_CLEAN,
	UNICODE_SELECTOR,  /* what makes an emoji, or joins letters */
	UNICODE_LOOKALIKE, /* looks like an operator or a blank of ASCII */
	UNICODE_MIXED,     /* letters that look alike in one word */
	UNICODE_PRIVATE,   /* what it looks like is the font's choice */
	UNICODE_MALFORMED, /* not UTF-8 */
	UNICODE_MARK,      /* a mark of direction in text that has one */
	UNICODE_EMBED,     /* an embedding that ends, in such text */
	UNICODE_BREAK,     /* where a word may break, or may not */
	UNICODE_CONTROL,
	UNICODE_INVISIBLE,
	UNICODE_BIDI
};

struct unicode_hit {
	enum unicode_kind kind;
	size_t column;
	uint32_t cp; /* of MALFORMED: the byte */
};

/* One line without its LF; one CR at its end is fine, and so is a page break
 * on a line of its own. */
struct unicode_hit unicode_scan(struct view line);

/* The ASCII letter that cp looks like, in lower or upper case; 0: none. */
char unicode_alike(uint32_t cp);
/* ASCII punctuation or blank that it looks like; 0: none. */
char unicode_alike_sign(uint32_t cp);
bool unicode_is_letter(uint32_t cp); /* beyond ASCII, roughly */
/*
 * The next word whose letters all look like ASCII and none is: its ASCII twin
 * in out, NUL-terminated; false: there is no further one.  *at: where to
 * begin, and then behind the word; *column: of the word.
 */
bool unicode_twin(
    struct view line, size_t *at, size_t *column, char *out, size_t max);

#endif
