/*
 * sarif: findings in the format that scanners share (SARIF 2.1.0, OASIS), out
 * and in.  What other tools found can only add to the findings, as
 * "sarif:TOOL/RULE"; a file that cannot be read whole is refused: a scan that
 * failed is not a clean one.
 */
#ifndef FINDINGS_SARIF_H
#define FINDINGS_SARIF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct findings;
struct str;

enum {
	SARIF_MAX = 32 << 20, /* bytes of a file */
	SARIF_TOOL_MAX = 40,
	SARIF_RULE_MAX = 100
};

struct sarif_spec {
	const char *base, *head; /* ids of commits */
	const char *url;         /* of the repository; NULL: not told */
	const char *reason;      /* why findings were allowed, or NULL */
};

void sarif_write(
    const struct sarif_spec *spec, const struct findings *f, struct str *out);
/* Adds each result: error blocks, warning asks, note notes. */
int sarif_read(struct view text, struct findings *out, struct err *e);
/* Is it the id of another tool's finding? */
bool sarif_id_ok(const char *id);

#endif
