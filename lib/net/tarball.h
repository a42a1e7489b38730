/*
 * tarball: an archive that goes through a descriptor once, forwards: files
 * under plain paths, as ustar (sizes beyond 8 GiB as GNU tar writes them).
 * Whoever writes and whoever reads it keeps the SHA-256 of each file, as lines
 * of sha256sum(1); the last file has those of the others.  Blocks: for programs
 * without a loop that waits.
 */
#ifndef LIB_NET_TARBALL_H
#define LIB_NET_TARBALL_H

#include <stdint.h>

#include "lib/base/str.h"

struct err;

enum {
	TARBALL_NAME_MAX = 99,
	TARBALL_SUMS_MAX = 256 << 20
};

#define TARBALL_SUMS "SHA256SUMS"

struct tarball {
	int fd;
	struct str sums; /* of what was written or read */
	uint64_t files, bytes;
};

/* Components of path.h with slashes between, at most TARBALL_NAME_MAX. */
bool tarball_name_ok(const char *name);

void tarball_init(struct tarball *t, int fd);
void tarball_release(struct tarball *t);

int tarball_add(
    struct tarball *t, const char *name, struct view bytes, struct err *e);
/* Exactly size bytes of what fd reads; there are less: ERR_NOTFOUND, and the
 * archive is spoilt. */
int tarball_add_fd(
    struct tarball *t, const char *name, int fd, uint64_t size, struct err *e);
/* The sums and the end. */
int tarball_end(struct tarball *t, struct err *e);

struct tarball_file {
	char name[TARBALL_NAME_MAX + 1];
	uint64_t size;
};

/* 1: the next file, whose bytes are to be read by one of the functions below;
 * 0: the end, where the sums were what was read; -1: it is cut off, changed or
 * no archive of this kind. */
int tarball_next(struct tarball *t, struct tarball_file *out, struct err *e);
/* Over max: ERR_LIMIT. */
int tarball_read(struct tarball *t, const struct tarball_file *f, size_t max,
    struct str *out, struct err *e);
int tarball_read_to(
    struct tarball *t, const struct tarball_file *f, int fd, struct err *e);

#endif
