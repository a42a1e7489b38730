/*
 * scan_lines: bytes that come in pieces of any size, as lines.  A line over
 * SCAN_PIECE bytes is handed on in parts (struct scan_line says how), so that
 * memory stays flat whatever comes.
 */
#ifndef FINDINGS_SCAN_LINES_H
#define FINDINGS_SCAN_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

struct scan_lines {
	struct str carry; /* of the line at hand, what is not handed on */
	uint64_t offset;  /* of carry in its line */
};

struct scan_part {
	struct view text; /* without the LF */
	uint64_t offset;
	bool more;
};

/* Not 0 stops, and is what the feeder gets. */
typedef int scan_part_fn(const struct scan_part *part, void *arg);

#define SCAN_LINES_INIT ((struct scan_lines){ .carry = STR_INIT })
void scan_lines_release(struct scan_lines *s);
int scan_lines_feed(
    struct scan_lines *s, struct view piece, scan_part_fn *fn, void *arg);
/* A last line without its LF. */
int scan_lines_end(struct scan_lines *s, scan_part_fn *fn, void *arg);

#endif
