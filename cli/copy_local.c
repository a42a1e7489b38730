#include "cli/copy_local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"

enum {
	COPY_LOCAL_TMP = 32
};

struct copy_local {
	int dirs[COPY_DEPTH_MAX + 1];
	DIR *lists[COPY_DEPTH_MAX + 1]; /* of a source */
	size_t n;
	int fd; /* of the open file, -1 */
	bool replace;
	bool exec;
	mode_t mask;
	char tmp[COPY_LOCAL_TMP];
	char name[COPY_NAME_MAX + 1];
};

static int
copy_local_here(const struct copy_local *l)
{
	return l->dirs[l->n - 1];
}

struct copy_local *
copy_local_new(const char *folder, bool replace, struct err *e)
{
	struct copy_local *l;
	/* Nothing lists it: its names need not be readable. */
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		(void)err_sys(
		    e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s", folder);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->dirs[l->n++] = fd;
	l->fd = -1;
	l->replace = replace;
	l->mask = umask(0);
	(void)umask(l->mask);
	return l;
}

static void
copy_local_leave(void *arg)
{
	struct copy_local *l = arg;

	l->n--;
	if (l->lists[l->n] != NULL)
		(void)closedir(l->lists[l->n]);
	else
		(void)close(l->dirs[l->n]);
	l->lists[l->n] = NULL;
}

static void
copy_local_close(void *arg)
{
	struct copy_local *l = arg;

	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
}

void
copy_local_free(struct copy_local *l)
{
	if (l == NULL)
		return;
	copy_local_close(l);
	while (l->n > 0)
		copy_local_leave(l);
	free(l);
}

int
copy_local_look(struct copy_local *l, const char *name, struct copy_entry *out,
    struct err *e)
{
	struct stat st;

	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	if (fstatat(copy_local_here(l), name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_sys(
		    e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s", name);
	out->kind = S_ISREG(st.st_mode) ? COPY_FILE
	    : S_ISDIR(st.st_mode)       ? COPY_DIR
	    : S_ISLNK(st.st_mode)       ? COPY_LINK
					: COPY_OTHER;
	out->exec = (st.st_mode & S_IXUSR) != 0;
	return 0;
}

static int
copy_local_open_dir(const struct copy_local *l, const char *name, struct err *e)
{
	int fd = openat(copy_local_here(l), name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(
		    e, ERR_EXISTS, "%s is there, and no folder", name);
	if (fd == -1)
		return err_sys(e, ERR_IO, "%s", name);
	return fd;
}

static int
copy_local_list(void *arg, const char *name, struct err *e)
{
	struct copy_local *l = arg;
	AUTO_CLOSE int fd = copy_local_open_dir(l, name, e);
	DIR *d;

	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "%s", name);
	l->dirs[l->n] = STEAL_FD(fd);
	l->lists[l->n++] = d;
	return 0;
}

static int
copy_local_next(void *arg, struct copy_entry *out, struct err *e)
{
	struct copy_local *l = arg;
	const struct dirent *d;
	struct err gone = ERR_INIT;

	for (;;) {
		errno = 0;
		d = readdir(l->lists[l->n - 1]);
		if (d == NULL && errno != 0)
			return err_sys(e, ERR_IO, "read a folder");
		if (d == NULL)
			return 0;
		if (copy_local_look(l, d->d_name, out, &gone) == 0)
			return 1;
	}
}

static int
copy_local_open(void *arg, const char *name, struct err *e)
{
	struct copy_local *l = arg;
	struct stat st;

	/* O_NONBLOCK: a FIFO that took its place would block. */
	l->fd = openat(copy_local_here(l), name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (l->fd == -1)
		return err_sys(e, ERR_IO, "%s", name);
	if (fstat(l->fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	copy_local_close(l);
	return err_set(e, ERR_INVALID, "%s is not a regular file", name);
}

static long
copy_local_read(void *arg, void *buf, size_t n, struct err *e)
{
	const struct copy_local *l = arg;
	ssize_t k;

	do
		k = read(l->fd, buf, n);
	while (k == -1 && errno == EINTR);
	return k == -1 ? err_sys(e, ERR_IO, "read") : k;
}

static int
copy_local_make(void *arg, const char *name, struct err *e)
{
	struct copy_local *l = arg;
	int fd;

	if (mkdirat(copy_local_here(l), name, 0777) == -1) {
		if (errno != EEXIST)
			return err_sys(e, ERR_IO, "make %s", name);
		if (!l->replace)
			return err_set(e, ERR_EXISTS,
			    "%s is there already (--force writes into it)",
			    name);
	}
	fd = copy_local_open_dir(l, name, e);
	if (fd == -1)
		return -1;
	l->dirs[l->n++] = fd;
	return 0;
}

static int
copy_local_create(void *arg, const char *name, bool exec, struct err *e)
{
	struct copy_local *l = arg;
	char mark[17];
	struct stat st;

	if (!l->replace &&
	    fstatat(copy_local_here(l), name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_EXISTS,
		    "%s is there already (--force replaces it)", name);
	rnd_hex(mark, 8);
	(void)snprintf(l->tmp, sizeof(l->tmp), ".coffer-%s", mark);
	(void)snprintf(l->name, sizeof(l->name), "%s", name);
	l->exec = exec;
	l->fd = openat(copy_local_here(l), l->tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->fd == -1)
		return err_sys(e, ERR_IO, "create %s", name);
	return 0;
}

static int
copy_local_write(void *arg, const void *p, size_t n, struct err *e)
{
	const struct copy_local *l = arg;
	const char *at = p;

	while (n > 0) {
		ssize_t k = write(l->fd, at, n);

		if (k == -1 && errno == EINTR)
			continue;
		if (k == -1)
			return err_sys(e, ERR_IO, "write %s", l->name);
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

static void
copy_local_drop(void *arg)
{
	struct copy_local *l = arg;

	copy_local_close(l);
	(void)unlinkat(copy_local_here(l), l->tmp, 0);
}

static int
copy_local_commit(void *arg, struct err *e)
{
	struct copy_local *l = arg;
	int here = copy_local_here(l);
	mode_t mode = (mode_t)((l->exec ? 0777 : 0666) & ~l->mask);

	if (fchmod(l->fd, mode) == -1 ||
	    renameat2(here, l->tmp, here, l->name,
		l->replace ? 0 : RENAME_NOREPLACE) == -1) {
		(void)err_sys(e, ERR_IO, "write %s", l->name);
		copy_local_drop(l);
		return -1;
	}
	copy_local_close(l);
	return 0;
}

const struct copy_source copy_local_source = {
	.enter = copy_local_list,
	.next = copy_local_next,
	.leave = copy_local_leave,
	.open = copy_local_open,
	.read = copy_local_read,
	.close = copy_local_close,
};

const struct copy_sink copy_local_sink = {
	.enter = copy_local_make,
	.leave = copy_local_leave,
	.create = copy_local_create,
	.write = copy_local_write,
	.commit = copy_local_commit,
	.drop = copy_local_drop,
};
