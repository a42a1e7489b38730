#include "cli/ssh/sftp.h"

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ssh/ssh.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

struct sftp {
	struct ssh *ssh;
	LIBSSH2_SFTP *sftp;
	struct str path; /* of the present folder; "" is the root */
	size_t ends[COPY_DEPTH_MAX + 1];
	LIBSSH2_SFTP_HANDLE *lists[COPY_DEPTH_MAX + 1];
	size_t n;
	LIBSSH2_SFTP_HANDLE *file;
	char *name; /* of it */
};

static int
sftp_fail(struct sftp *f, const char *path, struct err *e)
{
	static const struct {
		unsigned long code;
		enum err_code is;
		const char *text;
	} rows[] = {
		{ LIBSSH2_FX_NO_SUCH_FILE, ERR_NOTFOUND, "not there" },
		{ LIBSSH2_FX_NO_SUCH_PATH, ERR_NOTFOUND, "not there" },
		{ LIBSSH2_FX_PERMISSION_DENIED, ERR_DENIED,
		    "its user may not" },
		{ LIBSSH2_FX_FAILURE, ERR_IO,
		    "the sandbox refused (is its disk full, or a folder in the "
		    "way?)" },
	};
	unsigned long code = libssh2_sftp_last_error(f->sftp);

	if (ssh_is_lost(f->ssh) ||
	    libssh2_session_last_errno(ssh_session(f->ssh)) !=
		LIBSSH2_ERROR_SFTP_PROTOCOL)
		return ssh_fail(f->ssh, path, e);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code)
			return err_set(e, rows[i].is,
			    "%.100s in the sandbox: %s", path, rows[i].text);
	}
	return err_set(
	    e, ERR_PROTO, "%.100s in the sandbox: sftp error %lu", path, code);
}

/* true: try again.  A wait that failed has told why in *e. */
static bool
sftp_again(struct sftp *f, struct err *e)
{
	if (libssh2_session_last_errno(ssh_session(f->ssh)) !=
	    LIBSSH2_ERROR_EAGAIN)
		return false;
	return ssh_wait(f->ssh, e) == 0;
}

int
sftp_new(struct ssh *s, struct sftp **out, struct err *e)
{
	struct sftp *f = xcalloc(1, sizeof(*f));

	f->ssh = s;
	do
		f->sftp = libssh2_sftp_init(ssh_session(s));
	while (f->sftp == NULL && sftp_again(f, e));
	*out = f;
	if (f->sftp != NULL)
		return 0;
	sftp_free(f);
	*out = NULL;
	return ssh_fail(s, "sftp", e);
}

static void
sftp_close_handle(struct sftp *f, LIBSSH2_SFTP_HANDLE *h)
{
	struct err e = ERR_INIT;

	while (
	    h != NULL && libssh2_sftp_close_handle(h) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, &e) == -1)
			return;
	}
}

void
sftp_free(struct sftp *f)
{
	struct err e = ERR_INIT;

	if (f == NULL)
		return;
	while (f->sftp != NULL &&
	    libssh2_sftp_shutdown(f->sftp) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, &e) == -1)
			break;
	}
	str_release(&f->path);
	free(f->name);
	free(f);
}

static void
sftp_set_entry(const LIBSSH2_SFTP_ATTRIBUTES *a, struct copy_entry *out)
{
	unsigned long mode = (a->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0
	    ? a->permissions
	    : 0;

	out->kind = LIBSSH2_SFTP_S_ISREG(mode) ? COPY_FILE
	    : LIBSSH2_SFTP_S_ISDIR(mode)       ? COPY_DIR
	    : LIBSSH2_SFTP_S_ISLNK(mode)       ? COPY_LINK
					       : COPY_OTHER;
	out->exec = (mode & LIBSSH2_SFTP_S_IXUSR) != 0;
}

int
sftp_look(
    struct sftp *f, const char *path, struct copy_entry *out, struct err *e)
{
	LIBSSH2_SFTP_ATTRIBUTES a;
	int rc;

	memset(&a, 0, sizeof(a));
	while ((rc = libssh2_sftp_stat_ex(f->sftp, path, (unsigned)strlen(path),
		    LIBSSH2_SFTP_STAT, &a)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, e) == -1)
			return -1;
	}
	if (rc != 0)
		return sftp_fail(f, path, e);
	sftp_set_entry(&a, out);
	return 0;
}

void
sftp_begin(struct sftp *f, const char *folder)
{
	str_reset(&f->path);
	if (strcmp(folder, "/") != 0)
		str_add(&f->path, folder);
	f->n = 0;
}

static char *
sftp_path(const struct sftp *f, const char *name)
{
	return xasprintf("%s/%s", str_cstr(&f->path), name);
}

static void
sftp_push(struct sftp *f, const char *name, LIBSSH2_SFTP_HANDLE *list)
{
	f->ends[f->n] = f->path.len;
	f->lists[f->n++] = list;
	str_addf(&f->path, "/%s", name);
}

static void
sftp_leave(void *arg)
{
	struct sftp *f = arg;

	f->n--;
	sftp_close_handle(f, f->lists[f->n]);
	f->path.len = f->ends[f->n];
	if (f->path.p != NULL)
		f->path.p[f->path.len] = '\0';
}

static LIBSSH2_SFTP_HANDLE *
sftp_open_handle(struct sftp *f, const char *path, unsigned long flags,
    long mode, struct err *e)
{
	int type = mode == 0 && flags == 0 ? LIBSSH2_SFTP_OPENDIR
					   : LIBSSH2_SFTP_OPENFILE;
	LIBSSH2_SFTP_HANDLE *h;

	do
		h = libssh2_sftp_open_ex(
		    f->sftp, path, (unsigned)strlen(path), flags, mode, type);
	while (h == NULL && sftp_again(f, e));
	if (h == NULL)
		(void)sftp_fail(f, path, e);
	return h;
}

static int
sftp_list(void *arg, const char *name, struct err *e)
{
	struct sftp *f = arg;
	AUTO_FREE char *path = sftp_path(f, name);
	LIBSSH2_SFTP_HANDLE *h = sftp_open_handle(f, path, 0, 0, e);

	if (h == NULL)
		return -1;
	sftp_push(f, name, h);
	return 0;
}

static int
sftp_next(void *arg, struct copy_entry *out, struct err *e)
{
	struct sftp *f = arg;
	LIBSSH2_SFTP_ATTRIBUTES a;
	int n;

	memset(&a, 0, sizeof(a));
	while ((n = libssh2_sftp_readdir(f->lists[f->n - 1], out->name,
		    sizeof(out->name), &a)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, e) == -1)
			return -1;
	}
	if (n == 0 && !ssh_is_lost(f->ssh))
		return 0;
	if (n == 0)
		return sftp_fail(f, str_cstr(&f->path), e);
	if (n < 0 && n != LIBSSH2_ERROR_BUFFER_TOO_SMALL)
		return sftp_fail(f, str_cstr(&f->path), e);
	/* One that is too long, or has a NUL, is no name. */
	if (n < 0 || n >= (int)sizeof(out->name) ||
	    memchr(out->name, '\0', (size_t)n) != NULL)
		n = 0;
	out->name[n] = '\0';
	sftp_set_entry(&a, out);
	return 1;
}

static int
sftp_open(void *arg, const char *name, struct err *e)
{
	struct sftp *f = arg;
	AUTO_FREE char *path = sftp_path(f, name);

	f->file = sftp_open_handle(f, path, LIBSSH2_FXF_READ, 0, e);
	return f->file == NULL ? -1 : 0;
}

static long
sftp_read(void *arg, void *buf, size_t n, struct err *e)
{
	struct sftp *f = arg;
	ssize_t k;

	while (
	    (k = libssh2_sftp_read(f->file, buf, n)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, e) == -1)
			return -1;
	}
	/* libssh2 tells the end of the connection as the end of the file. */
	return k < 0 || (k == 0 && ssh_is_lost(f->ssh))
	    ? sftp_fail(f, "read", e)
	    : k;
}

static void
sftp_close(void *arg)
{
	struct sftp *f = arg;

	sftp_close_handle(f, f->file);
	f->file = NULL;
}

static int
sftp_make(void *arg, const char *name, struct err *e)
{
	struct sftp *f = arg;
	AUTO_FREE char *path = sftp_path(f, name);
	struct copy_entry there = { .kind = COPY_OTHER };
	struct err absent = ERR_INIT;
	int rc;

	while ((rc = libssh2_sftp_mkdir_ex(f->sftp, path,
		    (unsigned)strlen(path), 0755)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, e) == -1)
			return -1;
	}
	if (rc != 0 && sftp_fail(f, path, e) == -1 &&
	    (sftp_look(f, path, &there, &absent) == -1 ||
		there.kind != COPY_DIR))
		return -1;
	sftp_push(f, name, NULL);
	return 0;
}

static int
sftp_create(void *arg, const char *name, bool exec, struct err *e)
{
	struct sftp *f = arg;
	AUTO_FREE char *path = sftp_path(f, name);

	f->file = sftp_open_handle(f, path,
	    LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC,
	    exec ? 0755 : 0644, e);
	if (f->file == NULL)
		return -1;
	free(f->name);
	f->name = STEAL(path);
	return 0;
}

static int
sftp_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct sftp *f = arg;
	const char *at = p;

	while (n > 0) {
		ssize_t k = libssh2_sftp_write(f->file, at, n);

		if (k == LIBSSH2_ERROR_EAGAIN) {
			if (ssh_wait(f->ssh, e) == -1)
				return -1;
			continue;
		}
		if (k < 0)
			return sftp_fail(f, f->name, e);
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
sftp_commit(void *arg, struct err *e)
{
	struct sftp *f = arg;
	int rc;

	while (
	    (rc = libssh2_sftp_close_handle(f->file)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, e) == -1)
			return -1;
	}
	f->file = NULL;
	return rc != 0 ? sftp_fail(f, f->name, e) : 0;
}

static void
sftp_drop(void *arg)
{
	struct sftp *f = arg;
	struct err e = ERR_INIT;

	sftp_close(f);
	while (libssh2_sftp_unlink_ex(f->sftp, f->name,
		   (unsigned)strlen(f->name)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(f->ssh, &e) == -1)
			return;
	}
}

const struct copy_source sftp_source = {
	.enter = sftp_list,
	.next = sftp_next,
	.leave = sftp_leave,
	.open = sftp_open,
	.read = sftp_read,
	.close = sftp_close,
};

const struct copy_sink sftp_sink = {
	.enter = sftp_make,
	.leave = sftp_leave,
	.create = sftp_create,
	.write = sftp_write,
	.commit = sftp_commit,
	.drop = sftp_drop,
};
