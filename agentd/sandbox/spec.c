#include "agentd/sandbox/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

static const struct spec_limits spec_defaults = {
	.memory = 2ull << 30,
	.cpu_milli = 2000,
	.pids = 512,
	.tmp = 512ull << 20,
	.output = 16ull << 20,
	.wall_ms = 0,
};

/* Targets that the bundle itself fills, and everything below them. */
static const char *const spec_reserved[] = { "/proc", "/sys", "/dev", "/usr",
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/boot",
	NULL };
/* Exact targets that are taken. */
static const char *const spec_taken[] = { "/", "/run", "/var", "/home", "/tmp",
	NULL };
/* Parts of HOME that no sandbox may see, whole. */
static const char *const spec_private[] = { "db", "repos", "secrets", "log",
	"run", "agentd", "runner", "logs", "coffer.conf", "instance", NULL };
/* Parts that hold one folder per sandbox: each is fine, all are not. */
static const char *const spec_many[] = { "sandboxes", "runs", NULL };
/* What of HOME/sandboxes/ID is for the sandbox; the rest is about it. */
static const char *const spec_own[] = { "ws", "live", "objects", NULL };

/* a is b or below b. */
static bool
spec_is_under(const char *a, const char *b)
{
	size_t n = strlen(b);

	return strncmp(a, b, n) == 0 && (a[n] == '\0' || a[n] == '/');
}

static bool
spec_is_own(const char *rest)
{
	const char *slash;

	if (strncmp(rest, "sandboxes/", 10) != 0)
		return true;
	slash = strchr(rest + 10, '/');
	for (size_t i = 0; slash != NULL && spec_own[i] != NULL; i++) {
		if (spec_is_under(slash + 1, spec_own[i]))
			return true;
	}
	return false;
}

static int
spec_path_ok(const char *what, const char *p, struct err *e)
{
	if (p == NULL || p[0] != '/')
		return err_set(e, ERR_INVALID, "%s must be absolute", what);
	if (strlen(p) > SPEC_MAX_PATH)
		return err_set(e, ERR_LIMIT, "%s is longer than %d bytes", what,
		    SPEC_MAX_PATH);
	for (const char *c = p; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(
			    e, ERR_INVALID, "%s has a control character", what);
		if (*c != '/')
			continue;
		if (c[1] == '/' || (c[1] == '\0' && c != p))
			return err_set(
			    e, ERR_INVALID, "%s has an empty part", what);
		if (c[1] == '.' &&
		    (c[2] == '/' || c[2] == '\0' ||
			(c[2] == '.' && (c[3] == '/' || c[3] == '\0'))))
			return err_set(
			    e, ERR_INVALID, "%s has a part . or ..", what);
	}
	return 0;
}

static int
spec_check_source(const char *src, const char *home, struct err *e)
{
	const char *rest;
	size_t n = strlen(home);

	if (spec_path_ok("mount source", src, e) == -1)
		return -1;
	if (strstr(src, ".sock") != NULL)
		return err_set(e, ERR_INVALID,
		    "mount source %s is a socket: a sandbox gets none", src);
	if (spec_is_under(src, "/usr"))
		return 0;
	if (!spec_is_under(src, home) || strcmp(home, "/") == 0)
		return err_set(e, ERR_INVALID,
		    "mount source %s is outside the home and /usr", src);
	if (src[n] == '\0')
		return err_set(
		    e, ERR_INVALID, "mount source %s is the whole home", src);
	rest = src + n + 1;
	for (size_t i = 0; spec_private[i] != NULL; i++) {
		if (spec_is_under(rest, spec_private[i]))
			return err_set(e, ERR_INVALID,
			    "mount source %s is private to the server", src);
	}
	for (size_t i = 0; spec_many[i] != NULL; i++) {
		if (strcmp(rest, spec_many[i]) == 0)
			return err_set(e, ERR_INVALID,
			    "mount source %s holds more than one sandbox", src);
	}
	if (!spec_is_own(rest))
		return err_set(e, ERR_INVALID,
		    "mount source %s is private to agentd", src);
	return 0;
}

static int
spec_check_target(const char *t, struct err *e)
{
	if (spec_path_ok("mount target", t, e) == -1)
		return -1;
	for (size_t i = 0; spec_reserved[i] != NULL; i++) {
		if (spec_is_under(t, spec_reserved[i]))
			return err_set(e, ERR_INVALID,
			    "mount target %s is reserved (%s)", t,
			    spec_reserved[i]);
	}
	for (size_t i = 0; spec_taken[i] != NULL; i++) {
		if (strcmp(t, spec_taken[i]) == 0)
			return err_set(
			    e, ERR_INVALID, "mount target %s is reserved", t);
	}
	return 0;
}

static int
spec_check_mounts(const struct sandbox_spec *s, const char *home, struct err *e)
{
	if (s->n_mounts > SPEC_MAX_MOUNTS)
		return err_set(
		    e, ERR_LIMIT, "more than %d mounts", SPEC_MAX_MOUNTS);
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];

		if ((m->share ? spec_share_check(m->source, m->ro, home, e)
			      : spec_check_source(m->source, home, e)) == -1 ||
		    spec_check_target(m->target, e) == -1)
			return -1;
		if (spec_is_under(m->source, "/usr") && !m->ro)
			return err_set(e, ERR_INVALID,
			    "mount source %s must be read-only", m->source);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(m->target, s->mounts[j].target) == 0)
				return err_set(e, ERR_INVALID,
				    "mount target %s is there twice",
				    m->target);
		}
	}
	return 0;
}

static bool
spec_env_name_ok(const char *n)
{
	size_t len = n == NULL ? 0 : strlen(n);

	return len > 0 && len <= 64 && (n[0] < '0' || n[0] > '9') &&
	    strspn(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static int
spec_check_env(const struct sandbox_spec *s, struct err *e)
{
	if (s->n_env > SPEC_MAX_ENV)
		return err_set(
		    e, ERR_LIMIT, "more than %d variables", SPEC_MAX_ENV);
	for (size_t i = 0; i < s->n_env; i++) {
		const struct spec_pair *v = &s->env[i];

		if (!spec_env_name_ok(v->name))
			return err_set(e, ERR_INVALID,
			    "variable %zu: a name is [A-Z_][A-Z0-9_]*, at most "
			    "64 bytes",
			    i);
		if (strncmp(v->name, "LD_", 3) == 0)
			return err_set(
			    e, ERR_INVALID, "variable %s is refused", v->name);
		if (v->value == NULL || strlen(v->value) > SPEC_MAX_ENV_BYTES)
			return err_set(e, ERR_LIMIT,
			    "variable %s is longer than %d bytes", v->name,
			    SPEC_MAX_ENV_BYTES);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(v->name, s->env[j].name) == 0)
				return err_set(e, ERR_INVALID,
				    "variable %s is there twice", v->name);
		}
	}
	return 0;
}

static bool
spec_is_in_etc(const char *path)
{
	const char *slash;

	if (strncmp(path, "/etc/", 5) != 0)
		return false;
	slash = strchr(path + 5, '/');
	return slash == NULL || strchr(slash + 1, '/') == NULL;
}

static int
spec_check_files(const struct sandbox_spec *s, struct err *e)
{
	if (s->n_files > SPEC_MAX_FILES)
		return err_set(
		    e, ERR_LIMIT, "more than %d files", SPEC_MAX_FILES);
	for (size_t i = 0; i < s->n_files; i++) {
		const struct spec_file *f = &s->files[i];

		if (spec_path_ok("file", f->path, e) == -1)
			return -1;
		if (!spec_is_in_etc(f->path))
			return err_set(e, ERR_INVALID,
			    "file %s must be in /etc or in a folder there",
			    f->path);
		if (f->text == NULL || strlen(f->text) > SPEC_MAX_FILE_BYTES)
			return err_set(e, ERR_LIMIT,
			    "file %s is longer than %d bytes", f->path,
			    SPEC_MAX_FILE_BYTES);
	}
	return 0;
}

static int
spec_check_argv(const struct sandbox_spec *s, struct err *e)
{
	size_t n = 0;

	if (s->argv == NULL || s->argv[0] == NULL || s->argv[0][0] == '\0')
		return err_set(e, ERR_INVALID, "no command");
	for (; s->argv[n] != NULL; n++) {
		if (n >= SPEC_MAX_ARGS)
			return err_set(e, ERR_LIMIT, "more than %d arguments",
			    SPEC_MAX_ARGS);
		if (strlen(s->argv[n]) > SPEC_MAX_ARG_BYTES)
			return err_set(e, ERR_LIMIT,
			    "an argument is longer than %d bytes",
			    SPEC_MAX_ARG_BYTES);
	}
	return 0;
}

/* Container ids, hostnames and namespace names. */
static bool
spec_name_ok(const char *s, size_t max)
{
	size_t n = s == NULL ? 0 : strlen(s);

	return n > 0 && n <= max && s[0] != '-' &&
	    strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-") == n;
}

static int
spec_check_names(const struct sandbox_spec *s, struct err *e)
{
	if (!spec_name_ok(s->id, 60) || strncmp(s->id, "coffer-", 7) != 0)
		return err_set(e, ERR_INVALID, "not a sandbox name");
	if (s->hostname != NULL && !spec_name_ok(s->hostname, 63))
		return err_set(e, ERR_INVALID, "not a host name");
	if (s->net == SPEC_NET_JOIN &&
	    (!spec_name_ok(s->netns, 60) ||
		strncmp(s->netns, "coffer-", 7) != 0 ||
		strstr(s->netns, "-p") == NULL))
		return err_set(e, ERR_INVALID,
		    "a sandbox joins a project's namespace, no other");
	if (s->n_labels > SPEC_MAX_LABELS)
		return err_set(
		    e, ERR_LIMIT, "more than %d labels", SPEC_MAX_LABELS);
	for (size_t i = 0; i < s->n_labels; i++) {
		if (s->labels[i].name == NULL || s->labels[i].value == NULL ||
		    strlen(s->labels[i].name) > 64 ||
		    strlen(s->labels[i].value) > 256)
			return err_set(e, ERR_LIMIT, "label %zu", i);
	}
	return 0;
}

static int
spec_check_limits(const struct sandbox_spec *s, struct err *e)
{
	struct spec_limits l = spec_limits_of(s);

	if (l.memory < (8u << 20) || l.memory > (1ull << 42))
		return err_set(
		    e, ERR_INVALID, "memory limit must be 8 MiB to 4 TiB");
	if (l.cpu_milli < 10 || l.cpu_milli > 1024 * 1000)
		return err_set(
		    e, ERR_INVALID, "cpu limit must be 10 to 1024000 milli");
	if (l.pids < 4 || l.pids > 65536)
		return err_set(e, ERR_INVALID, "pids limit must be 4 to 65536");
	if (l.tmp < (1u << 20) || l.tmp > (1ull << 40))
		return err_set(
		    e, ERR_INVALID, "tmp limit must be 1 MiB to 1 TiB");
	if (l.output > (1ull << 34))
		return err_set(e, ERR_INVALID, "output limit over 16 GiB");
	if (l.output_end > SPEC_TAIL_MAX)
		return err_set(e, ERR_INVALID, "end of output over 8 MiB");
	if (l.wall_ms < 0 || l.wall_ms > 30LL * 24 * 3600 * 1000)
		return err_set(
		    e, ERR_INVALID, "wall limit must be at most 30 days");
	if (s->uid_base < 200000 || s->uid_base > UINT32_MAX - 65536)
		return err_set(
		    e, ERR_INVALID, "uid base is outside the sandboxes' range");
	return 0;
}

static int
spec_check_runtime(const struct sandbox_spec *s, struct err *e)
{
	const char *r = s->runtime != NULL ? s->runtime : "";
	size_t n = strspn(r, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	if (r[n] != '\0' || n > 64 || r[0] == '-' || r[0] == '.')
		return err_set(e, ERR_INVALID,
		    "a runtime is the name of one that is installed");
	if (s->docker && strcmp(r, "sysbox-runc") != 0)
		return err_set(e, ERR_INVALID,
		    "an engine in the sandbox needs the runtime sysbox-runc: "
		    "with any other it would have to be privileged");
	return 0;
}

int
spec_validate(const struct sandbox_spec *s, const char *home, struct err *e)
{
	if (spec_check_names(s, e) == -1 || spec_check_argv(s, e) == -1 ||
	    spec_check_limits(s, e) == -1 ||
	    spec_check_mounts(s, home, e) == -1 || spec_check_env(s, e) == -1 ||
	    spec_check_files(s, e) == -1)
		return -1;
	if (spec_check_runtime(s, e) == -1)
		return -1;
	if (s->cwd != NULL && spec_path_ok("cwd", s->cwd, e) == -1)
		return -1;
	if (s->stdin_path != NULL &&
	    spec_check_source(s->stdin_path, home, e) == -1)
		return err_wrap(e, "stdin");
	if (s->root != NULL && (spec_check_source(s->root, home, e) == -1))
		return err_wrap(e, "root");
	return 0;
}

int
spec_open_source(const char *path, bool may_be_dir, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	AUTO_CLOSE int fd = (int)syscall(
	    SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	struct stat st;

	if (fd == -1 && errno == ELOOP)
		return err_set(e, ERR_INVALID,
		    "%s is reached through a symbolic link", path);
	if (fd == -1)
		return err_sys(
		    e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s", path);
	if (fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "%s", path);
	if (S_ISREG(st.st_mode) || (may_be_dir && S_ISDIR(st.st_mode)))
		return STEAL_FD(fd);
	return err_set(e, ERR_INVALID, "%s is not a %sregular file", path,
	    may_be_dir ? "folder or " : "");
}

static int
spec_check_plain(const char *path, bool may_be_dir, struct err *e)
{
	AUTO_CLOSE int fd = spec_open_source(path, may_be_dir, e);

	return fd == -1 ? -1 : 0;
}

int
spec_check_sources(const struct sandbox_spec *s, struct err *e)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];

		if (spec_check_plain(m->source, true, e) == -1)
			return err_wrap(e, "mount");
	}
	if (s->stdin_path != NULL &&
	    spec_check_plain(s->stdin_path, false, e) == -1)
		return err_wrap(e, "stdin");
	if (s->root != NULL && spec_check_plain(s->root, true, e) == -1)
		return err_wrap(e, "root");
	return 0;
}

struct spec_limits
spec_limits_of(const struct sandbox_spec *s)
{
	struct spec_limits l = s->limits;

	if (l.memory == 0)
		l.memory = spec_defaults.memory;
	if (l.cpu_milli == 0)
		l.cpu_milli = spec_defaults.cpu_milli;
	if (l.pids == 0)
		l.pids = spec_defaults.pids;
	if (l.tmp == 0)
		l.tmp = spec_defaults.tmp;
	if (l.output == 0)
		l.output = spec_defaults.output;
	return l;
}
