#include "lib/base/path.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"

enum {
	PATH_COMPONENT_MAX = 100,
	PATH_READ_STEP = 8 << 10,
	PATH_RETRIES = 16,
	PATH_RND = 8
};

bool
path_component_ok(const char *s)
{
	size_t n = 0;

	if (s[0] == '.' || s[0] == '-')
		return false;
	for (; s[n] != '\0'; n++) {
		char c = s[n];

		if (n == PATH_COMPONENT_MAX)
			return false;
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return n > 0;
}

char *
path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	while (*b == '/')
		b++;
	if (n == 0)
		return xstrdup(b);
	return xasprintf("%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
}

static enum err_code
path_code(int sys)
{
	switch (sys) {
	case ENOENT:
		return ERR_NOTFOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EXDEV:
	case ELOOP:
		return ERR_DENIED;
	case EINVAL:
	case ENAMETOOLONG:
	case ENOTDIR:
	case EISDIR:
		return ERR_INVALID;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

static int
path_fail(struct err *e, const char *verb, const char *path)
{
	return err_sys(e, path_code(errno), "%s %s", verb, log_val(path));
}

static int
path_mkdir_one(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return path_fail(e, "make directory", path);
	if (stat(path, &st) == -1)
		return path_fail(e, "make directory", path);
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return path_fail(e, "make directory", path);
	}
	return 0;
}

int
path_mkdirs(const char *path, mode_t mode, struct err *e)
{
	AUTO_FREE char *p = xstrdup(path);

	for (char *at = p; *at != '\0'; at++) {
		if (at == p || *at != '/' || at[-1] == '/')
			continue;
		*at = '\0';
		if (path_mkdir_one(p, mode, e) == -1)
			return -1;
		*at = '/';
	}
	return path_mkdir_one(p, mode, e);
}

static int
path_read_fd(
    int fd, const char *name, size_t max, struct str *out, struct err *e)
{
	char buf[PATH_READ_STEP];
	size_t got = 0;

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return path_fail(e, "read", name);
		if (n == 0)
			return 0;
		if ((size_t)n > max - got)
			return err_set(e, ERR_LIMIT,
			    "read %s: over the limit of %zu bytes",
			    log_val(name), max);
		got += (size_t)n;
		str_addn(out, buf, (size_t)n);
		if (!str_ok(out))
			return err_set(e, ERR_LIMIT,
			    "read %s: over the limit of the buffer",
			    log_val(name));
	}
}

int
path_read(const char *path, size_t max, struct str *out, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return path_fail(e, "read", path);
	return path_read_fd(fd, path, max, out, e);
}

static int
path_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = write(fd, at, n);

		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The folder of path: "/" for "/x", "." for "x". */
static char *
path_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

static int
path_sync_folder(const char *path, struct err *e)
{
	AUTO_FREE char *folder = path_folder(path);
	AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1)
		return path_fail(e, "sync", folder);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
path_put(const char *path, const void *p, size_t n, mode_t mode, bool sync,
    struct err *e)
{
	char tail[2 * PATH_RND + 1];
	AUTO_FREE char *tmp = NULL;
	AUTO_CLOSE int fd = -1;

	rnd_hex(tail, PATH_RND);
	tmp = xasprintf("%s.tmp-%s", path, tail);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return path_fail(e, "create", tmp);
	if (path_write_all(fd, p, n) == -1 || fchmod(fd, mode) == -1 ||
	    (sync && fsync(fd) == -1)) {
		path_fail(e, "write", tmp);
		goto fail;
	}
	if (rename(tmp, path) == -1) {
		path_fail(e, "rename to", path);
		goto fail;
	}
	return sync ? path_sync_folder(path, e) : 0;

fail:
	(void)unlink(tmp);
	return -1;
}

int
path_write_atomic(
    const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return path_put(path, p, n, mode, true, e);
}

int
path_replace(
    const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return path_put(path, p, n, mode, false, e);
}

int
path_open_beneath(
    int dirfd, const char *rel, int flags, mode_t mode, struct err *e)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOCTTY),
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/* EAGAIN: a rename passed by while ".." was being resolved. */
	for (int i = 0; i < PATH_RETRIES; i++) {
		fd = syscall(SYS_openat2, dirfd, rel, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd == -1)
		return path_fail(e, "open", rel);
	return (int)fd;
}

int
path_read_beneath(
    int dirfd, const char *rel, size_t max, struct str *out, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	/* O_NONBLOCK: a FIFO without a writer would block the open. */
	fd = path_open_beneath(dirfd, rel, O_RDONLY | O_NONBLOCK, 0, e);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return path_fail(e, "read", rel);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    e, ERR_DENIED, "read %s: not a regular file", log_val(rel));
	return path_read_fd(fd, rel, max, out, e);
}
