/*
 * verdict: the reviewer's answer, taken only if it is exactly what was asked
 * for: one JSON object with the nonce and the chunk's number echoed, a verdict
 * and findings, and nothing else.  Pure.
 */
#ifndef CLI_FETCH_VERDICT_H
#define CLI_FETCH_VERDICT_H

#include <stdint.h>

#include "findings/finding.h"
#include "lib/base/view.h"

struct err;

enum {
	VERDICT_FINDINGS_MAX = 50,
	VERDICT_BYTES_MAX = 64 << 10
};

/* Adds to findings; -1: not a verdict, nothing was added. */
int verdict_read(struct view text, const char *nonce, int64_t chunk,
    struct findings *out, struct err *e);

#endif
