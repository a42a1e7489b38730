/*
 * scan: what git says about a change, read strictly: `diff --raw -z` as a list
 * of changed paths, a unified patch as lines with their numbers.  Pure.  A
 * line of content can never pass for a header: hunks are counted.  Anything
 * unexpected is ERR_PROTO, and a change that cannot be read is not let in.
 */
#ifndef FINDINGS_SCAN_H
#define FINDINGS_SCAN_H

#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	SCAN_ID = 40,
	SCAN_PATH_MAX = 4096,
	SCAN_MODE_LINK = 0120000,
	SCAN_MODE_SUBMODULE = 0160000,
	SCAN_MODE_TYPE = 0170000
};

struct scan_change {
	uint32_t old_mode, new_mode; /* 0: absent */
	char old_id[SCAN_ID + 1], new_id[SCAN_ID + 1];
	char status; /* A D M T */
	const char *path;
};

struct scan_line {
	const char *path;
	char kind;     /* '+' or '-' */
	uint32_t line; /* in the new file for '+', in the old one for '-' */
	struct view text;
};

typedef void scan_change_fn(const struct scan_change *c, void *arg);
typedef void scan_line_fn(const struct scan_line *l, void *arg);

int scan_raw(struct view raw, scan_change_fn *fn, void *arg, struct err *e);
int scan_patch(struct view patch, scan_line_fn *fn, void *arg, struct err *e);

#endif
