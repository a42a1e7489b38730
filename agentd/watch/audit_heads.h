/*
 * audit_heads: HOME/audit.heads kept short.  A head vouches for every row
 * before it, so of those older than a week the last of each day is enough: what
 * was made anew later than that day, or on another, is found by it.
 */
#ifndef AGENTD_WATCH_AUDIT_HEADS_H
#define AGENTD_WATCH_AUDIT_HEADS_H

#include <stdint.h>

struct err;

/* Writes the file anew with the lines that are wanted.  A line that is none,
 * and one after which the log went back, stays.  The text of the last line is
 * never lost: the new file takes the place of the old one when it is whole. */
int auditheads_thin(const char *path, int64_t now_ms, struct err *e);

#endif
