/*
 * snapshot: a folder of the user's as it is now: the fingerprint of all of it,
 * and a copy of it as a stream of git-fast-import(1).  No git runs on the
 * folder and no link is followed: an agent may have written it.
 *
 * Copied is what .git/index names, as it is in the folder; all of it where
 * there is no repository, or with `all`.  `.git` itself never is.  Refused
 * (ERR_DENIED) are what is to be copied and is neither file, folder nor link,
 * and links that leave the folder; ERR_LIMIT: too much.
 */
#ifndef CLI_SNAPSHOT_H
#define CLI_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/net/sha256.h"

struct err;

enum {
	SNAPSHOT_DEPTH_MAX = 64,
	SNAPSHOT_ENTRIES_MAX = 200000,
	SNAPSHOT_COPY_MAX = 256 << 20, /* bytes of the copy */
	SNAPSHOT_FILE_MAX = 512 << 20  /* of one file, copied or not */
};

#define SNAPSHOT_BYTES_MAX (INT64_C(16) << 30) /* of all that is looked at */

struct snapshot {
	/* A line for each entry: kind, mode, hash, path. */
	struct str lines;
	char print[SHA256_HEX]; /* of lines */
	struct str stream;      /* the commit, with `copy` */
	uint64_t files, bytes;  /* copied */
	uint64_t left_out;      /* submodules, other repositories' .git */
};

#define SNAPSHOT_INIT ((struct snapshot){ .files = 0 })

struct snapshot_spec {
	const char *dir;
	bool copy;
	bool all;
};

int snapshot_take(
    const struct snapshot_spec *spec, struct snapshot *out, struct err *e);
void snapshot_release(struct snapshot *s);
/* The first path that is not the same in both; "" when all are. */
void snapshot_changed(
    const struct snapshot *a, const struct snapshot *b, char *out, size_t max);
/* Pure: does the link `path`, below the folder, lead out of it? */
bool snapshot_link_leaves(const char *path, const char *target);

#endif
