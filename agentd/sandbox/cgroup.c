#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/oci.h"
#include "agentd/sandbox/shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CGROUP_FILE_MAX = 4 << 20,
	/* A process that runs is frozen after a few. */
	CGROUP_FREEZE_LOOKS = 50
};

#define CGROUP_TOP "/sys/fs/cgroup"

/* Where a controller's files are: its v1 mount, v2, the hybrid's v2. */
static bool
cgroup_read(const char *const *files, const char *cgroup, struct str *out)
{
	for (size_t i = 0; files[i] != NULL; i += 2) {
		AUTO_FREE char *path = xasprintf(
		    CGROUP_TOP "/%s%s/%s", files[i], cgroup, files[i + 1]);
		struct err e = ERR_INIT;

		str_reset(out);
		if (path_read(path, CGROUP_FILE_MAX, out, &e) == 0)
			return true;
	}
	return false;
}

bool
cgroup_was_oom(const char *cgroup)
{
	static const char *const files[] = { "memory/", "memory.oom_control",
		"", "memory.events", "unified/", "memory.events", NULL };
	AUTO_STR struct str text = STR_INIT;
	struct view rest;
	struct view line;

	if (!cgroup_read(files, cgroup, &text))
		return false;
	rest = str_view(&text);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		if (view_starts(line, "oom_kill "))
			return !view_is(line, "oom_kill 0");
	}
	return false;
}

int
cgroup_signal(const char *cgroup, int sig)
{
	static const char *const files[] = { "pids/", "cgroup.procs", "",
		"cgroup.procs", "unified/", "cgroup.procs", NULL };
	AUTO_STR struct str text = STR_INIT;
	struct view rest;
	struct view line;
	int n = 0;

	if (!cgroup_read(files, cgroup, &text))
		return 0;
	rest = str_view(&text);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *pid = view_dup(line);
		struct err e = ERR_INIT;
		int64_t v;

		if (num_i64(pid, 2, INT32_MAX, &v, &e) == -1)
			continue;
		n++;
		if (sig != 0)
			(void)kill((pid_t)v, sig);
	}
	return n;
}

/* v1 and v2 differ in the file that says it is done, too. */
struct cgroup_freezer {
	const char *mount, *order, *frozen, *thawed, *state, *is_frozen;
};

static const struct cgroup_freezer cgroup_freezers[] = {
	{ "freezer/", "freezer.state", "FROZEN", "THAWED", "freezer.state",
	    "FROZEN" },
	{ "", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1" },
	{ "unified/", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1" },
	{ .mount = NULL },
};

static bool
cgroup_freezer_is(
    const struct cgroup_freezer *f, const char *cgroup, bool *frozen)
{
	AUTO_FREE char *path = xasprintf(
	    CGROUP_TOP "/%s%s/%s", f->mount, cgroup, f->state);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	struct view line;

	if (path_read(path, 4096, &text, &e) == -1)
		return false;
	rest = str_view(&text);
	*frozen = false;
	while (rest.p != NULL && view_split(&rest, '\n', &line))
		*frozen |= view_is(line, f->is_frozen);
	return true;
}

bool
cgroup_is_frozen(const char *cgroup)
{
	bool frozen = false;

	for (const struct cgroup_freezer *f = cgroup_freezers; f->mount != NULL;
	     f++) {
		if (cgroup_freezer_is(f, cgroup, &frozen) && frozen)
			return true;
	}
	return false;
}

int
cgroup_freeze(const char *cgroup, bool freeze)
{
	for (const struct cgroup_freezer *f = cgroup_freezers; f->mount != NULL;
	     f++) {
		AUTO_FREE char *path = xasprintf(
		    CGROUP_TOP "/%s%s/%s", f->mount, cgroup, f->order);
		AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
		const char *order = freeze ? f->frozen : f->thawed;
		bool is = !freeze;

		if (fd == -1 || write(fd, order, strlen(order)) == -1)
			continue;
		for (int i = 0; is != freeze && i < CGROUP_FREEZE_LOOKS; i++) {
			if (!cgroup_freezer_is(f, cgroup, &is))
				break;
		}
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return is == freeze ? 0 : 1;
	}
	return -1;
}

/* A frozen process takes its signal only when it runs again. */
void
cgroup_thaw(const char *cgroup)
{
	(void)cgroup_freeze(cgroup, false);
}

/* Depth first, folders only: rmdir succeeds on an empty cgroup alone. */
static int
cgroup_remove_one(
    const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	if (kind == FTW_DP)
		(void)rmdir(path);
	return 0;
}

/* Most have nothing below them; the walk looks at some forty files. */
static void
cgroup_remove(const char *path)
{
	if (rmdir(path) == -1 && errno != ENOENT)
		(void)nftw(path, cgroup_remove_one, 8,
		    FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Below every hierarchy of v1, the hybrid's v2, and v2 itself. */
bool
cgroup_remove_all(const char *cgroup)
{
	AUTO_FREE char *v2 = path_join(CGROUP_TOP, cgroup);
	DIR *d = opendir(CGROUP_TOP);
	const struct dirent *ent;
	bool gone = true;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;

		if (ent->d_name[0] == '.' || ent->d_type == DT_REG)
			continue;
		path = xasprintf(CGROUP_TOP "/%s/%s", ent->d_name, cgroup);
		if (access(path, F_OK) == -1)
			continue;
		cgroup_remove(path);
		gone = gone && access(path, F_OK) == -1;
	}
	if (d != NULL)
		(void)closedir(d);
	if (access(v2, F_OK) == 0) {
		cgroup_remove(v2);
		gone = gone && access(v2, F_OK) == -1;
	}
	return gone;
}

void
oci_sweep_cgroups(const struct sandbox_host *h)
{
	AUTO_FREE char *own = xasprintf("coffer-%s", h->inst);

	(void)cgroup_remove_all(own);
}
