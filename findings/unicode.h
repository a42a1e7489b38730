/*
 * unicode: characters in text that a reader does not see as they are: bidi
 * controls (CVE-2021-42574), invisible characters, controls, words that mix
 * scripts.  Pure; columns count bytes from 1.
 */
#ifndef FINDINGS_UNICODE_H
#define FINDINGS_UNICODE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

/* In order of weight: the worst one of a text is reported. */
enum unicode_kind {
	UNICODE_CLEAN,
	UNICODE_MIXED,     /* letters of two scripts in one word */
	UNICODE_MALFORMED, /* not UTF-8 */
	UNICODE_CONTROL,
	UNICODE_INVISIBLE,
	UNICODE_BIDI
};

struct unicode_hit {
	enum unicode_kind kind;
	size_t column;
	uint32_t cp; /* of MALFORMED: the byte */
};

/* One line without its LF; one CR at its end is fine. */
struct unicode_hit unicode_scan(struct view line);

#endif
