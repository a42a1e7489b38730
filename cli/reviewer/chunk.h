/*
 * chunk: a part of a change as it is shown to a reviewer: every line begins
 * with a random mark, what cannot be seen is written out, no line is left
 * out.  A text that does not fit is cut between lines and goes on in the next
 * chunk, with its hunk's header and some lines again.  Pure.
 *
 *	MARK#what we say of the lines below (names in it are data, too)
 *	MARK|  12 +a line, with its number in the new file
 *	MARK>the rest of a line that was long
 */
#ifndef CLI_REVIEWER_CHUNK_H
#define CLI_REVIEWER_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	CHUNK_MARK = 8, /* hex digits */
	CHUNK_SHA = 12,
	CHUNK_PIECE = 1000, /* bytes of a line; the rest goes on */
	CHUNK_OVERLAP = 20, /* lines that are shown again */
	CHUNK_OVERLAP_BYTES = 2000,
	CHUNK_TEXTS_MAX = 64
};

struct chunk_text {
	int64_t number; /* how the reviewer calls it; 0: no file */
	const char *path;
};

struct chunk {
	char mark[CHUNK_MARK + 1];
	struct str text;
	size_t lines;
	struct chunk_text texts[CHUNK_TEXTS_MAX];
	size_t n;
};

void chunk_init(struct chunk *c); /* with a new mark */
void chunk_release(struct chunk *c);
/* One of our own lines. */
void chunk_say(struct chunk *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct chunk_part {
	struct chunk_text what;
	struct view text; /* all of it */
	bool patch;       /* a unified diff: lines get numbers */
	size_t at;        /* how far it was shown; moved */
};
/*
 * Adds as much of the text as fits below budget bytes, one line at least when
 * the chunk has no text yet; false: nothing was added, there is no room.
 * It is all shown when part->at is its length.
 */
bool chunk_add(struct chunk *c, struct chunk_part *part, size_t budget);
/* Does the mark stand at the beginning of lines only?  If not, another one is
 * needed. */
bool chunk_mark_ok(const struct chunk *c);
/* Takes back what was added since its length was len and its lines lines. */
void chunk_cut(struct chunk *c, size_t len, size_t lines);
/* The hash of what is shown. */
void chunk_sha(const struct chunk *c, char out[CHUNK_SHA + 1]);
/* One line with everything visible; TAB stays. */
void chunk_show(struct str *out, struct view v);

#endif
