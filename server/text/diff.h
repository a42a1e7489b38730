/*
 * diff: a unified diff as git prints it, part by part.  Pure.  Lines of content
 * are counted by their hunk, so that none passes for a header.
 */
#ifndef SERVER_TEXT_DIFF_H
#define SERVER_TEXT_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

enum diff_kind {
	DIFF_FILE,
	DIFF_HUNK,
	DIFF_LINE
};

struct diff_part {
	enum diff_kind kind;
	/* DIFF_HUNK: its whole line; DIFF_LINE: without sign and LF. */
	struct view text;
	char sign;         /* ' ', '+' or '-' */
	uint32_t old, new; /* lines from 1; 0: not on that side */
	bool no_newline;   /* the file ends with this line and no LF */
};

struct diff {
	struct view rest;
	/* Of the file at hand; paths are as they are in the repository. */
	struct str old_path, new_path; /* empty: there is none */
	bool added, deleted, renamed, copied, binary;
	char old_mode[7], new_mode[7]; /* "" when it says none */
	/* Of the hunk at hand. */
	uint32_t old_left, new_left, old_at, new_at;
};

void diff_init(struct diff *d, struct view patch);
void diff_release(struct diff *d);
/* False at the end. */
bool diff_next(struct diff *d, struct diff_part *out);

#endif
