/* prove_limit: rows about files and bounds, all judged from outside. */
#include <stdio.h>
#include <string.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/view.h"

enum {
	PROVE_LOOP_MAJOR = 7,
	PROVE_SMALL = 4096
};

/* A line of mountinfo: device, where in it, where to, options, kind. */
struct prove_mount {
	char device[24];
	char root[512];
	char at[512];
	char options[256];
	char kind[40];
};

static bool
prove_mount_read(struct view line, struct prove_mount *m)
{
	char text[2048];
	const char *dash;

	if (line.len >= sizeof(text))
		return false;
	memcpy(text, line.p, line.len);
	text[line.len] = '\0';
	dash = strstr(text, " - ");
	return dash != NULL &&
	    sscanf(text, "%*s %*s %23s %511s %511s %255s", m->device, m->root,
		m->at, m->options) == 4 &&
	    sscanf(dash + 3, "%39s", m->kind) == 1;
}

static bool
prove_mount_has(const struct prove_mount *m, const char *option)
{
	struct view rest = view_of(m->options), word;

	while (view_split(&rest, ',', &word)) {
		if (view_is(word, option))
			return true;
	}
	return false;
}

typedef void prove_mount_fn(
    struct prove *p, const struct prove_mount *m, unsigned *n);

static int
prove_mounts(struct prove *p, prove_mount_fn *fn, unsigned *n)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line;

	*n = 0;
	if (prove_proc(p, "mountinfo", &text, &e) == -1) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return -1;
	}
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		struct prove_mount m;

		if (line.len == 0)
			continue;
		if (!prove_mount_read(line, &m)) {
			prove_say(p, PROVE_UNTESTABLE, "a mount is unreadable");
			return -1;
		}
		fn(p, &m, n);
	}
	return 0;
}

static void
prove_mount_setuid(struct prove *p, const struct prove_mount *m, unsigned *n)
{
	/* A device by itself, such as /dev/null. */
	if (prove_mount_has(m, "ro") || strcmp(m->kind, "devtmpfs") == 0)
		return;
	++*n;
	if (!prove_mount_has(m, "nosuid"))
		prove_say(
		    p, PROVE_FAIL, "%s is writable without nosuid", m->at);
}

static void
prove_setuid(struct prove *p)
{
	unsigned n;

	if (prove_mounts(p, prove_mount_setuid, &n) == 0)
		prove_say(p, PROVE_PASS, "%u writable mounts, all nosuid", n);
}

/* Of a disk: what is writable is the workspace's own image. */
static void
prove_mount_disk(struct prove *p, const struct prove_mount *m, unsigned *n)
{
	unsigned major = 0;

	(void)sscanf(m->device, "%u:", &major);
	if (major == 0 || prove_mount_has(m, "ro"))
		return;
	++*n;
	if (major != PROVE_LOOP_MAJOR && strstr(m->root, "/sandboxes/") == NULL)
		prove_say(p, PROVE_FAIL,
		    "%s of the host's disk %s is writable at %s", m->root,
		    m->device, m->at);
}

static void
prove_mount_root(struct prove *p, const struct prove_mount *m, unsigned *n)
{
	if (strcmp(m->at, "/") != 0)
		return;
	++*n;
	if (!prove_mount_has(m, "ro"))
		prove_say(p, PROVE_FAIL, "its root is writable");
}

static void
prove_disk(struct prove *p)
{
	unsigned roots, n;

	if (prove_mounts(p, prove_mount_root, &roots) == -1 ||
	    prove_mounts(p, prove_mount_disk, &n) == -1)
		return;
	if (roots == 0)
		prove_say(p, PROVE_UNTESTABLE, "no mount of a root");
	prove_say(p, PROVE_PASS,
	    "its root is read-only; of disks %u writable mounts, in images of "
	    "its own",
	    n);
}

/* One bound of the probe's cgroup; v1 has a tree for each controller. */
static bool
prove_cgroup(struct prove *p, const char *v1, const char *f1, const char *f2,
    struct str *value)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line;

	if (prove_proc(p, "cgroup", &text, &e) == -1)
		return false;
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		AUTO_STR struct str path = STR_INIT;
		struct view l = line, number, names;

		if (!view_split(&l, ':', &number) ||
		    !view_split(&l, ':', &names))
			continue;
		if (names.len == 0)
			str_addf(&path, "/sys/fs/cgroup%.*s/%s", (int)l.len,
			    l.p, f2);
		else if (memmem(names.p, names.len, v1, strlen(v1)) != NULL)
			str_addf(&path, "/sys/fs/cgroup/%s%.*s/%s", v1,
			    (int)l.len, l.p, f1);
		else
			continue;
		str_reset(value);
		if (path_read(str_cstr(&path), PROVE_SMALL, value, &e) == 0) {
			if (value->len > 0 && value->p[value->len - 1] == '\n')
				value->p[--value->len] = '\0';
			return true;
		}
	}
	return false;
}

static void
prove_bound(struct prove *p, const char *v1, const char *f1, const char *f2,
    const char *what)
{
	AUTO_STR struct str value = STR_INIT;
	const char *v;

	if (!prove_cgroup(p, v1, f1, f2, &value)) {
		prove_say(p, PROVE_UNTESTABLE, "no cgroup tells it");
		return;
	}
	v = str_cstr(&value);
	/* "max" or -1, or of v1's memory the largest there is. */
	if (strncmp(v, "max", 3) == 0 || v[0] == '-' || v[0] == '\0' ||
	    strlen(v) > 18)
		prove_say(p, PROVE_FAIL, "%s: no bound (%s)", what, v);
	else
		prove_say(p, PROVE_PASS, "%s: %s", what, v);
}

static void
prove_pids(struct prove *p)
{
	prove_bound(p, "pids", "pids.max", "pids.max", "processes");
}

static void
prove_memory(struct prove *p)
{
	prove_bound(p, "memory", "memory.limit_in_bytes", "memory.max",
	    "bytes of memory");
}

static void
prove_cpu(struct prove *p)
{
	prove_bound(p, "cpu", "cpu.cfs_quota_us", "cpu.max",
	    "us of processor time in each period");
}

/* No token of HOME stands in the environment of a process. */
static void
prove_environ(struct prove *p)
{
	static const char *const names[] = { "admin", "agentd", "runner" };
	AUTO_STR struct str env = STR_INIT;
	struct err e = ERR_INIT;
	unsigned n = 0;

	if (prove_proc(p, "environ", &env, &e) == -1) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		AUTO_STR struct str path = STR_INIT, token = STR_INIT;
		struct view t;

		str_addf(&path, "%s/secrets/%s.token", p->home, names[i]);
		if (path_read(str_cstr(&path), PROVE_SMALL, &token, &e) == -1)
			continue;
		t = view_trim(str_view(&token));
		n += t.len > 0;
		if (t.len > 0 && memmem(env.p, env.len, t.p, t.len) != NULL)
			prove_say(p, PROVE_FAIL, "%s.token is in it", names[i]);
		explicit_bzero(token.p, token.len);
	}
	if (memmem(env.p, env.len, "SSH_AUTH_SOCK=", 14) != NULL)
		prove_say(p, PROVE_FAIL, "SSH_AUTH_SOCK is in it");
	if (n == 0)
		prove_say(p, PROVE_UNTESTABLE, "no token was to be found");
	else
		prove_say(p, PROVE_PASS,
		    "none of %u tokens of the host, no SSH agent", n);
}

const struct prove_row prove_limit_rows[] = {
	{ "setuid", "44", "no program that changes its user", prove_setuid },
	{ "disk", "49 54", "nothing of the host's disk to write", prove_disk },
	{ "processes", "51", "a bound of processes", prove_pids },
	{ "memory", "52", "a bound of memory", prove_memory },
	{ "cpu", "53", "a bound of processor time", prove_cpu },
	{ "environment", "57 73", "no secret of the host in its environment",
	    prove_environ },
	{ .id = NULL },
};
