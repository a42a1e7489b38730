/*
 * verdict: the reviewer's answer, taken only if it is exactly what was asked
 * for: one JSON object that echoes the mark, the chunk's number and hash, the
 * word at the end of the question and the numbers of all files, with findings
 * and a verdict, and nothing else.  It can add findings, never take one away.
 * Pure.
 */
#ifndef CLI_REVIEWER_VERDICT_H
#define CLI_REVIEWER_VERDICT_H

#include <stdint.h>

#include "cli/reviewer/chunk.h"
#include "findings/finding.h"
#include "lib/base/view.h"

struct err;

enum {
	VERDICT_FINDINGS_MAX = 50,
	VERDICT_BYTES_MAX = 128 << 10
};

struct verdict_want {
	const char *nonce, *sha, *receipt;
	int64_t chunk;
	const struct chunk_text *texts; /* what is in the chunk */
	size_t n;
	const char *by; /* before each message; may be NULL */
};

/* Adds to findings; -1: not a verdict, nothing was added.  ERR_LIMIT: there is
 * no room for what it says. */
int verdict_read(struct view text, const struct verdict_want *want,
    struct findings *out, struct err *e);

#endif
