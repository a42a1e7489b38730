/*
 * scan: what git says about a change, read strictly: `diff --raw -z` as a list
 * of changed paths, a unified patch as lines with their numbers.  Pure.  A
 * line of content can never pass for a header: hunks are counted.  Anything
 * unexpected is ERR_PROTO, and a change that cannot be read is not let in.
 * A patch is read as it comes, in pieces of any size, in flat memory.
 */
#ifndef FINDINGS_SCAN_H
#define FINDINGS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	SCAN_ID = 40,
	SCAN_PATH_MAX = 4096,
	SCAN_PIECE = 64 << 10,
	SCAN_OVERLAP = 256,
	SCAN_MODE_PROGRAM = 0100755,
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

/*
 * A line over SCAN_PIECE bytes comes in pieces, each whole UTF-8; each but the
 * first repeats about SCAN_OVERLAP bytes of the one before, so that a rule
 * that looks at the text of a piece misses nothing short.
 */
struct scan_line {
	const char *path;
	char kind;     /* '+' or '-' */
	uint32_t line; /* in the new file for '+', in the old one for '-' */
	struct view text;
	uint64_t offset; /* of text in its line */
	bool more;       /* the line goes on in the next piece */
};

typedef void scan_change_fn(const struct scan_change *c, void *arg);
typedef void scan_line_fn(const struct scan_line *l, void *arg);

int scan_raw(struct view raw, scan_change_fn *fn, void *arg, struct err *e);
int scan_patch(struct view patch, scan_line_fn *fn, void *arg, struct err *e);

/* A patch as it comes.  on_file, which may be NULL, is called for each
 * "diff --git", before it is known what its path is. */
struct scan_patcher;
typedef void scan_file_fn(void *arg);

struct scan_patcher *scan_patcher_new(
    scan_file_fn *on_file, scan_line_fn *fn, void *arg);
/* Of many commits, as `diff-tree --stdin` prints them: each patch is headed by
 * its commit's id, and what git holds for binary is not shown. */
typedef void scan_commit_fn(const char *id, void *arg);
void scan_patcher_commits(struct scan_patcher *s, scan_commit_fn *on_commit);
void scan_patcher_free(struct scan_patcher *s);
int scan_patcher_feed(struct scan_patcher *s, struct view piece, struct err *e);
int scan_patcher_end(struct scan_patcher *s, struct err *e);

/* One entry of `ls-tree -r -z`; its path is at the end of entry. */
int scan_tree_entry(
    struct view entry, uint32_t *mode, struct view *path, struct err *e);

#endif
