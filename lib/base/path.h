/*
 * path: files by name, for trees that we own and for trees that others write.
 * The *_beneath functions refuse symbolic links and leaving the directory
 * (openat2(2) RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS); use them for every path
 * under a directory that a sandbox or a user can write.
 */
#ifndef LIB_BASE_PATH_H
#define LIB_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct str;

/* One path component: 1..100 of [A-Za-z0-9._-], not starting with '.' or '-'.
 */
bool path_component_ok(const char *s);
char *path_join(const char *a, const char *b) __attribute__((returns_nonnull));
/* mkdir -p; existing directories keep their mode. */
int path_mkdirs(const char *path, mode_t mode, struct err *e);
/* Whole file; over max is ERR_LIMIT, absent is ERR_NOTFOUND. */
int path_read(const char *path, size_t max, struct str *out, struct err *e);
/* Temporary file in the same folder, fsync, rename, fsync of the folder. */
int path_write_atomic(
    const char *path, const void *p, size_t n, mode_t mode, struct err *e);
/* The same without the syncs: whole at each moment but after a power failure,
 * for what is of no use then. */
int path_replace(
    const char *path, const void *p, size_t n, mode_t mode, struct err *e);
/*
 * Recursive removal that never follows a link nor leaves the file system, of
 * any depth.  What is absent is removed already.
 */
int path_rmtree(const char *path, struct err *e);

/* flags as for open(2); O_CLOEXEC and O_NOCTTY are added.  -1 or the fd. */
int path_open_beneath(
    int dirfd, const char *rel, int flags, mode_t mode, struct err *e);
/* Regular file only: a FIFO or device is refused, never blocks. */
int path_read_beneath(
    int dirfd, const char *rel, size_t max, struct str *out, struct err *e);

#endif
