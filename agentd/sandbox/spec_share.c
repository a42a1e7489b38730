#include "agentd/sandbox/spec.h"

#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	SPEC_SHARE_ENTRIES = 50000,
	SPEC_SHARE_DEPTH = 64
};

/* Neither they nor what is above them: the kernel's, the host's own, other
 * engines'.  What is below is theirs as well. */
static const struct {
	const char *path;
	const char *why;
} spec_share_rows[] = {
	{ "/proc", "it is the kernel's" },
	{ "/sys", "it is the kernel's" },
	{ "/dev", "it holds devices" },
	{ "/boot", "it is the host's own" },
	{ "/etc", "it holds the host's secrets" },
	{ "/root", "it holds the administrator's secrets" },
	{ "/run", "it holds the sockets of the host's services" },
	{ "/var/run", "it holds the sockets of the host's services" },
	{ "/var/lib/docker", "it is an engine's" },
	{ "/var/lib/containerd", "it is an engine's" },
	{ "/var/lib/containers", "it is an engine's" },
	{ "/var/lib/kubelet", "it is an engine's" },
	{ "/var/lib/lxc", "it is an engine's" },
	{ "/var/lib/libvirt", "it is a hypervisor's" },
	{ "/var/spool/cron", "it is the host's own" },
	{ "/var/backups", "it holds the host's secrets" },
	{ "/var/log", "it is the host's own" },
	{ NULL, NULL },
};

/* Folders of users: one of them may be shared in parts, not whole. */
static const char *const spec_share_homes[] = { "/home", "/tmp", "/var/tmp",
	"/mnt", "/media", NULL };

static bool
spec_share_is_under(const char *a, const char *b)
{
	size_t n = strlen(b);

	return strncmp(a, b, n) == 0 && (a[n] == '\0' || a[n] == '/');
}

/* Characters and empty, dot and hidden parts; .. is one of the last. */
static int
spec_share_parts(const char *path, struct err *e)
{
	if (path == NULL || path[0] != '/')
		return err_set(
		    e, ERR_INVALID, "a shared path must be absolute");
	if (strlen(path) > SPEC_MAX_PATH)
		return err_set(e, ERR_LIMIT,
		    "a shared path is longer than %d bytes", SPEC_MAX_PATH);
	if (path[1] == '\0')
		return err_set(e, ERR_INVALID, "/ is the whole host");
	for (const char *c = path; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(e, ERR_INVALID,
			    "a shared path has a control character");
		if (*c != '/')
			continue;
		if (c[1] == '/' || c[1] == '\0')
			return err_set(
			    e, ERR_INVALID, "a shared path has an empty part");
		if (c[1] == '.')
			return err_set(e, ERR_INVALID,
			    "%s has a part that begins with a dot: settings "
			    "and keys are kept in those",
			    path);
	}
	return 0;
}

static int
spec_share_place(const char *path, const char *home, struct err *e)
{
	for (size_t i = 0; spec_share_rows[i].path != NULL; i++) {
		const char *row = spec_share_rows[i].path;

		if (spec_share_is_under(path, row))
			return err_set(e, ERR_INVALID, "%s is not shared: %s",
			    path, spec_share_rows[i].why);
		if (spec_share_is_under(row, path))
			return err_set(e, ERR_INVALID,
			    "%s is not shared: %s is in it, and %s", path, row,
			    spec_share_rows[i].why);
	}
	for (size_t i = 0; spec_share_homes[i] != NULL; i++) {
		if (strcmp(path, spec_share_homes[i]) == 0)
			return err_set(e, ERR_INVALID,
			    "%s is not shared whole: name a folder in it",
			    path);
	}
	if (spec_share_is_under(path, "/home") && strchr(path + 6, '/') == NULL)
		return err_set(e, ERR_INVALID,
		    "%s is a person's home: name a folder in it", path);
	if (spec_share_is_under(path, home) || spec_share_is_under(home, path))
		return err_set(e, ERR_INVALID,
		    "%s is not shared: it is, or holds, the home of coffer",
		    path);
	return 0;
}

int
spec_share_check(const char *path, bool ro, const char *home, struct err *e)
{
	char target[SPEC_MAX_PATH + 8];

	if (spec_share_parts(path, e) == -1)
		return -1;
	if (!ro)
		return err_set(e, ERR_INVALID,
		    "%s cannot be shared for writing: what an agent writes "
		    "leaves by git, where it is looked at",
		    path);
	if (strstr(path, ".sock") != NULL)
		return err_set(e, ERR_INVALID,
		    "%s is a socket: a sandbox gets none", path);
	if (spec_share_place(path, home, e) == -1)
		return -1;
	spec_share_target(path, target, sizeof(target));
	return target[0] != '\0'
	    ? 0
	    : err_set(e, ERR_INVALID, "%s has no name", path);
}

void
spec_share_target(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');

	out[0] = '\0';
	if (slash != NULL && slash[1] != '\0')
		(void)snprintf(out, size, "/mnt/%s", slash + 1);
}

static int
spec_share_entry(const FTSENT *x, unsigned n, struct err *e)
{
	const char *what = NULL;

	if (n > SPEC_SHARE_ENTRIES)
		return err_set(e, ERR_LIMIT,
		    "it holds more than %d files, which cannot all be looked "
		    "at: name a smaller folder",
		    SPEC_SHARE_ENTRIES);
	if (x->fts_info == FTS_NS || x->fts_info == FTS_DNR ||
	    x->fts_info == FTS_ERR)
		return err_set(e, ERR_IO, "%s cannot be read", x->fts_path);
	if (x->fts_info == FTS_DC || x->fts_level > SPEC_SHARE_DEPTH)
		return err_set(e, ERR_LIMIT, "%s is too deep", x->fts_path);
	if (x->fts_info != FTS_DEFAULT)
		return 0;
	if (S_ISSOCK(x->fts_statp->st_mode))
		what = "a socket";
	else if (S_ISFIFO(x->fts_statp->st_mode))
		what = "a pipe";
	else
		what = "a device";
	return err_set(e, ERR_INVALID,
	    "%s is %s: read-only does not keep a sandbox from it", x->fts_path,
	    what);
}

int
spec_share_look(const char *path, struct err *e)
{
	AUTO_FREE char *top = xstrdup(path);
	char *const tops[] = { top, NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *x;
	unsigned n = 0;
	int r = 0;

	if (walk == NULL)
		return err_sys(e, ERR_IO, "%s", path);
	while (r == 0 && (x = fts_read(walk)) != NULL)
		r = spec_share_entry(x, ++n, e);
	(void)fts_close(walk);
	return r == 0 ? 0 : err_wrap(e, "%s is not shared", path);
}
