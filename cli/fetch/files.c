#include "cli/fetch/files.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "findings/scan.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/view.h"

enum {
	FILES_STEP = 64 << 10
};

/* One process at a time makes it: the lock of the clone is held. */
static const char files_tmp[] = ".coffer-fetch-tmp";

bool
files_path_ok(const char *path)
{
	struct view rest = view_of(path), part;

	if (rest.len == 0 || rest.len > SCAN_PATH_MAX)
		return false;
	while (view_split(&rest, '/', &part))
		if (part.len == 0 || view_is(part, ".") ||
		    view_is(part, "..") || view_is(part, files_tmp) ||
		    (part.len == 4 && strncasecmp(part.p, ".git", 4) == 0))
			return false;
	return path[strlen(path) - 1] != '/';
}

int
files_open_tree(const char *path, struct err *e)
{
	int fd;

	if (path_mkdirs(path, 0700, e) == -1)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 ? err_sys(e, ERR_IO, "open %s", path) : fd;
}

/* The folder that path is in; *leaf: its last part. */
static int
files_folder(
    int top, const char *path, bool make, const char **leaf, struct err *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = slash == NULL
	    ? xstrdup(".")
	    : xstrndup(path, (size_t)(slash - path));

	*leaf = slash == NULL ? path : slash + 1;
	for (char *p = dir; make && slash != NULL && p != NULL; p++) {
		if ((p = strchr(p, '/')) != NULL)
			*p = '\0';
		{
			const char *part = strrchr(dir, '/');
			AUTO_CLOSE int up = -1;
			AUTO_FREE char *above = part == NULL
			    ? xstrdup(".")
			    : xstrndup(dir, (size_t)(part - dir));

			up = path_open_beneath(
			    top, above, O_RDONLY | O_DIRECTORY, 0, e);
			if (up == -1)
				return -1;
			if (mkdirat(up, part == NULL ? dir : part + 1, 0777) ==
				-1 &&
			    errno != EEXIST)
				return err_sys(e, ERR_IO, "make %s", dir);
		}
		if (p == NULL)
			break;
		*p = '/';
	}
	return path_open_beneath(top, dir, O_RDONLY | O_DIRECTORY, 0, e);
}

bool
files_absent(int top, const char *path)
{
	AUTO_CLOSE int dir = -1;
	struct err e = ERR_INIT;
	struct stat st;
	const char *leaf;

	dir = files_folder(top, path, false, &leaf, &e);
	if (dir == -1)
		return e.sys == ENOENT || e.sys == ENOTDIR || e.sys == ELOOP;
	return fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;
}

bool
files_is_folder(int top, const char *path)
{
	AUTO_CLOSE int fd = -1;
	struct err e = ERR_INIT;

	fd = path_open_beneath(top, path, O_RDONLY | O_DIRECTORY, 0, &e);
	return fd != -1;
}

static int
files_same_link(int a, int b, const char *leaf, bool *same, struct err *e)
{
	char x[SCAN_PATH_MAX], y[SCAN_PATH_MAX];
	ssize_t n = readlinkat(a, leaf, x, sizeof(x));
	ssize_t m = readlinkat(b, leaf, y, sizeof(y));

	if (n == -1 || m == -1)
		return err_sys(e, ERR_IO, "read %s", leaf);
	*same = n == m && memcmp(x, y, (size_t)n) == 0;
	return 0;
}

static int
files_same_bytes(int a, int b, const char *leaf, bool *same, struct err *e)
{
	AUTO_CLOSE int x = -1;
	AUTO_CLOSE int y = -1;
	AUTO_FREE char *p = xmalloc((size_t)2 * FILES_STEP);
	char *q = p + FILES_STEP;
	off_t at = 0;
	ssize_t n, m;

	x = openat(a, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	y = openat(b, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (x == -1 || y == -1)
		return err_sys(e, ERR_IO, "open %s", leaf);
	do {
		n = pread(x, p, FILES_STEP, at);
		m = pread(y, q, FILES_STEP, at);
		if (n == -1 || m == -1)
			return err_sys(e, ERR_IO, "read %s", leaf);
		*same = n == m && memcmp(p, q, (size_t)n) == 0;
		at += n;
	} while (*same && n > 0);
	return 0;
}

int
files_same(int top, int tree, const char *path, bool *same, struct err *e)
{
	AUTO_CLOSE int a = -1;
	AUTO_CLOSE int b = -1;
	struct stat x, y;
	const char *leaf;

	*same = false;
	if (files_absent(top, path))
		return 0;
	a = files_folder(top, path, false, &leaf, e);
	b = files_folder(tree, path, false, &leaf, e);
	if (a == -1 || b == -1)
		return -1;
	if (fstatat(a, leaf, &x, AT_SYMLINK_NOFOLLOW) == -1 ||
	    fstatat(b, leaf, &y, AT_SYMLINK_NOFOLLOW) == -1)
		return err_sys(e, ERR_IO, "look at %s", path);
	if ((x.st_mode & S_IFMT) != (y.st_mode & S_IFMT))
		return 0;
	if (S_ISLNK(x.st_mode))
		return files_same_link(a, b, leaf, same, e);
	if (!S_ISREG(x.st_mode) || x.st_size != y.st_size ||
	    ((x.st_mode ^ y.st_mode) & S_IXUSR) != 0)
		return 0;
	return files_same_bytes(a, b, leaf, same, e);
}

static int
files_copy(int to, int from, const char *leaf, struct err *e)
{
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	AUTO_FREE char *p = xmalloc(FILES_STEP);
	struct stat st;
	ssize_t n;

	in = openat(from, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in == -1 || fstat(in, &st) == -1)
		return err_sys(e, ERR_IO, "open %s", leaf);
	out = openat(to, files_tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out == -1)
		return err_sys(e, ERR_IO, "make %s", leaf);
	while ((n = read(in, p, FILES_STEP)) > 0)
		for (ssize_t at = 0, w; at < n; at += w)
			if ((w = write(out, p + at, (size_t)(n - at))) == -1)
				return err_sys(e, ERR_IO, "write %s", leaf);
	if (n == -1 || fchmod(out, st.st_mode & 0777) == -1)
		return err_sys(e, ERR_IO, "write %s", leaf);
	return 0;
}

static int
files_copy_link(int to, int from, const char *leaf, struct err *e)
{
	char target[SCAN_PATH_MAX];
	ssize_t n = readlinkat(from, leaf, target, sizeof(target) - 1);

	if (n == -1)
		return err_sys(e, ERR_IO, "read %s", leaf);
	target[n] = '\0';
	if (symlinkat(target, to, files_tmp) == -1)
		return err_sys(e, ERR_IO, "make %s", leaf);
	return 0;
}

int
files_put(int to, int from, const char *path, bool fresh, struct err *e)
{
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	struct stat st;
	const char *leaf;
	int rc;

	in = files_folder(from, path, false, &leaf, e);
	if (in == -1)
		return -1;
	out = files_folder(to, path, true, &leaf, e);
	if (out == -1)
		return -1;
	if (fstatat(in, leaf, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_sys(e, ERR_IO, "look at %s", path);
	(void)unlinkat(out, files_tmp, 0);
	rc = S_ISLNK(st.st_mode) ? files_copy_link(out, in, leaf, e)
	    : S_ISREG(st.st_mode)
	    ? files_copy(out, in, leaf, e)
	    : err_set(e, ERR_DENIED, "%s is no file", path);
	if (rc == 0 &&
	    renameat2(
		out, files_tmp, out, leaf, fresh ? RENAME_NOREPLACE : 0) == -1)
		rc = errno == EEXIST || errno == ENOTEMPTY || errno == EISDIR
		    ? err_set(e, ERR_EXISTS,
			  "%s is in the way: something of yours that git does "
			  "not follow; move it first",
			  path)
		    : err_sys(e, ERR_IO, "put %s", path);
	if (rc == -1)
		(void)unlinkat(out, files_tmp, 0);
	return rc;
}

size_t
files_repository(int top, const char *path)
{
	AUTO_FREE char *dir = xstrdup(path);

	for (char *slash = dir; (slash = strchr(slash, '/')) != NULL;) {
		AUTO_FREE char *git = NULL;

		*slash = '\0';
		git = path_join(dir, ".git");
		if (!files_absent(top, git))
			return strlen(dir);
		*slash++ = '/';
	}
	return 0;
}

void
files_prune(int top, const char *path, size_t keep)
{
	AUTO_FREE char *dir = xstrdup(path);

	for (char *slash; (slash = strrchr(dir, '/')) != NULL;) {
		AUTO_CLOSE int fd = -1;
		struct err ignored = ERR_INIT;
		const char *leaf;

		*slash = '\0';
		if (strlen(dir) <= keep)
			break;
		fd = files_folder(top, dir, false, &leaf, &ignored);
		if (fd != -1 && unlinkat(fd, leaf, AT_REMOVEDIR) == -1 &&
		    errno != ENOENT)
			break;
	}
}

int
files_drop(int top, const char *path, size_t keep, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	const char *leaf;

	fd = files_folder(top, path, false, &leaf, e);
	if (fd == -1)
		return -1;
	if (unlinkat(fd, leaf, 0) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "remove %s", path);
	files_prune(top, path, keep);
	return 0;
}

void
files_sweep(int top, const char *path)
{
	AUTO_CLOSE int fd = -1;
	struct err ignored = ERR_INIT;
	const char *leaf;

	fd = files_folder(top, path, false, &leaf, &ignored);
	if (fd != -1)
		(void)unlinkat(fd, files_tmp, 0);
}
