#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"

/*
 * The tree may be hostile: a million levels deep, renamed while we walk.
 * Therefore no recursion and no path: each directory found below the first
 * level is moved up to it, so two descriptors are enough for any depth.
 */

enum {
	RMTREE_RND = 8
};

struct rmtree {
	int top;
	dev_t dev;
	const char *path; /* for messages */
};

static int
rmtree_fail(const struct rmtree *r, const char *name, struct err *e)
{
	return err_sys(e,
	    errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_IO,
	    "remove %s: %s", log_val(r->path), log_val(name));
}

/* A directory without its rights is opened by giving them back first. */
static int
rmtree_open_dir(int at, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	char self[64];
	AUTO_CLOSE int ref = -1;
	int fd = openat(at, name, O_RDONLY | flags);

	if (fd != -1 || errno != EACCES)
		return fd;
	ref = openat(at, name, O_PATH | flags);
	if (ref == -1)
		return -1;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", ref);
	if (chmod(self, 0700) == -1)
		return -1; /* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return openat(at, name, O_RDONLY | flags);
}

/* rename(2) of a directory writes its "..", so it needs the right to. */
static int
rmtree_move_up(const struct rmtree *r, int from, const char *name)
{
	char up[2 * RMTREE_RND + 8];
	AUTO_CLOSE int opened = -1;

	memcpy(up, ".rm-", 4);
	rnd_hex(up + 4, RMTREE_RND);
	if (renameat(from, name, r->top, up) == 0)
		return 0;
	if (errno != EACCES)
		return -1;
	opened = rmtree_open_dir(from, name);
	if (opened == -1 || fchmod(opened, 0700) == -1)
		return -1;
	return renameat(from, name, r->top, up);
}

static bool
rmtree_is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* unlinkat; a directory without its write right gets it and a second try. */
static int
rmtree_unlink(int dir, const char *name, int flags)
{
	if (unlinkat(dir, name, flags) == 0)
		return 0;
	if (errno != EACCES || fchmod(dir, 0700) == -1)
		return -1;
	return unlinkat(dir, name, flags);
}

/* Empty one directory of the first level: files go, directories move up. */
static int
rmtree_flatten(const struct rmtree *r, const char *name, struct err *e)
{
	int fd = rmtree_open_dir(r->top, name);
	struct stat st;
	struct dirent *d;
	DIR *dir;

	if (fd == -1)
		return rmtree_fail(r, name, e);
	if (fstat(fd, &st) == -1 || st.st_dev != r->dev) {
		(void)close(fd);
		errno = EBUSY;
		return rmtree_fail(r, name, e);
	}
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return rmtree_fail(r, name, e);
	}
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while ((d = readdir(dir)) != NULL) {
		if (rmtree_is_dot(d->d_name) ||
		    rmtree_unlink(fd, d->d_name, 0) == 0)
			continue;
		if (errno == ENOENT)
			continue;
		if ((errno == EISDIR || errno == EPERM) &&
		    rmtree_move_up(r, fd, d->d_name) == 0)
			continue;
		rmtree_fail(r, d->d_name, e);
		(void)closedir(dir);
		return -1;
	}
	(void)closedir(dir);
	return 0;
}

static int
rmtree_entry(const struct rmtree *r, const char *name, struct err *e)
{
	if (rmtree_unlink(r->top, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return rmtree_fail(r, name, e);
	if (unlinkat(r->top, name, AT_REMOVEDIR) == 0)
		return 0;
	if (rmtree_flatten(r, name, e) == -1)
		return -1;
	/* Not empty: readdir missed an entry, and the next pass sees it. */
	if (unlinkat(r->top, name, AT_REMOVEDIR) == -1 && errno != ENOTEMPTY &&
	    errno != EEXIST && errno != ENOENT)
		return rmtree_fail(r, name, e);
	return 0;
}

/* One pass over the first level; the number of entries seen, or -1. */
static long
rmtree_pass(const struct rmtree *r, struct err *e)
{
	int fd = openat(r->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long seen = 0;
	struct dirent *d;
	DIR *dir;

	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return rmtree_fail(r, ".", e);
	}
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while ((d = readdir(dir)) != NULL) {
		if (rmtree_is_dot(d->d_name))
			continue;
		seen++;
		if (rmtree_entry(r, d->d_name, e) == -1) {
			(void)closedir(dir);
			return -1;
		}
	}
	(void)closedir(dir);
	return seen;
}

int
path_rmtree(const char *path, struct err *e)
{
	struct rmtree r = { .top = -1, .path = path };
	AUTO_CLOSE int top = -1;
	struct stat st;
	long seen;

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return rmtree_fail(&r, ".", e);
	top = rmtree_open_dir(AT_FDCWD, path);
	if (top == -1 || fstat(top, &st) == -1)
		return rmtree_fail(&r, ".", e);
	r.top = top;
	r.dev = st.st_dev;
	do {
		seen = rmtree_pass(&r, e);
		if (seen == -1)
			return -1;
	} while (seen > 0);
	if (rmdir(path) == -1 && errno != ENOENT)
		return rmtree_fail(&r, ".", e);
	return 0;
}
