/*
 * gitindex: the paths that a .git/index names (gitformat-index(5), versions 2
 * to 4, SHA-1 or SHA-256), so that no git has to run on a repository that an
 * agent may have written.  Pure; every length is checked against what is there.
 */
#ifndef CLI_GITINDEX_H
#define CLI_GITINDEX_H

#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	GITINDEX_MAX = 64 << 20, /* bytes of a file */
	GITINDEX_PATH_MAX = 4096,
	GITINDEX_ENTRIES_MAX = 1000000,
	GITINDEX_LINK = 0160000 /* the mode of a submodule */
};

/* -1 with *e ends the walk; path lives until the next call. */
typedef int gitindex_fn(
    const char *path, uint32_t mode, void *arg, struct err *e);

/* ERR_PROTO: it is none, is cut off, or names what no path is (`..`, .git);
 * ERR_DENIED: it is split or sparse: it does not name all. */
int gitindex_walk(struct view bytes, gitindex_fn *fn, void *arg, struct err *e);

#endif
