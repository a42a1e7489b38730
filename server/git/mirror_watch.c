#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/io/child.h"
#include "lib/io/timer.h"
#include "server/git/mirror_priv.h"

enum {
	MIRROR_LOOK_MS = 1000,
	MIRROR_STAT_MAX = 1024,
	MIRROR_STAT_SESSION = 3, /* fields of /proc/PID/stat after the name */
	MIRROR_STAT_UTIME = 11,
	MIRROR_STAT_STIME = 12
};

struct mirror_watch {
	const struct mirror_op *o;
	struct timer *timer;
	int64_t pid; /* leads the session of git, its helpers and index-pack */
	uint64_t bytes;
	uint64_t ticks;
	int64_t moved_at; /* monotonic */
	enum mirror_fail why;
};

static char *
mirror_packs(const struct mirror_op *o)
{
	AUTO_FREE char *repo = gitenv_repo(o->r.env, o->project);

	return path_join(repo, "objects/pack");
}

int
mirror_watch_room(const struct mirror_op *o, struct err *e)
{
	struct statvfs v;
	uint64_t left;

	if (statvfs(gitenv_repos(o->r.env), &v) == -1)
		return err_sys(e, ERR_IO, "the disk of repos");
	left = (uint64_t)v.f_bavail * v.f_frsize;
	if (left >= o->r.limits->min_free)
		return 0;
	return err_set(e, ERR_LIMIT,
	    "the disk has %" PRIu64 " MiB left, min_free is %" PRIu64 " MiB",
	    left >> 20, o->r.limits->min_free >> 20);
}

typedef void mirror_tmp_fn(int dir, const char *name, void *arg);

/* The half packs of the repository. */
static void
mirror_each_tmp(const struct mirror_op *o, mirror_tmp_fn *fn, void *arg)
{
	AUTO_FREE char *path = mirror_packs(o);
	DIR *d = opendir(path);
	const struct dirent *x;

	if (d == NULL)
		return;
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL)
		if (strncmp(x->d_name, "tmp_", 4) == 0)
			fn(dirfd(d), x->d_name, arg);
	(void)closedir(d);
}

static void
mirror_add_size(int dir, const char *name, void *arg)
{
	uint64_t *sum = arg;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*sum += (uint64_t)st.st_size;
}

static void
mirror_remove_tmp(int dir, const char *name, void *arg)
{
	(void)arg;
	(void)unlinkat(dir, name, 0);
}

static void
mirror_max_size(int dir, const char *name, void *arg)
{
	uint64_t *max = arg, size = 0;

	mirror_add_size(dir, name, &size);
	if (size > *max)
		*max = size;
}

bool
mirror_watch_is_over(const struct mirror_op *o)
{
	uint64_t max = 0;

	mirror_each_tmp(o, mirror_max_size, &max);
	return max >= o->r.limits->max_bytes;
}

/* Whoever else writes a pack here does so in a quarantine of its own, or is
 * kept out by repo_use. */
void
mirror_watch_sweep(const struct mirror_op *o)
{
	mirror_each_tmp(o, mirror_remove_tmp, NULL);
}

/* CPU time of one process when it belongs to the session, in ticks.  *busy:
 * it waits for the disk, as while many refs are written, or for a CPU. */
static uint64_t
mirror_ticks_of(const char *name, int64_t session, bool *busy)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/stat", name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[MIRROR_STAT_MAX + 1];
	uint64_t sum = 0;
	struct view rest, word;
	const char *after;
	bool at_work;
	ssize_t n;

	n = fd == -1 ? -1 : read(fd, text, MIRROR_STAT_MAX);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	after = strrchr(text, ')');
	if (after == NULL || after[1] == '\0')
		return 0;
	rest = view_of(after + 2);
	at_work = after[2] == 'D' || after[2] == 'R';
	for (int i = 0; view_split(&rest, ' ', &word); i++) {
		AUTO_FREE char *digits = view_dup(word);
		struct err ignored = ERR_INIT;
		uint64_t value = 0;

		if (i != MIRROR_STAT_SESSION && i != MIRROR_STAT_UTIME &&
		    i != MIRROR_STAT_STIME)
			continue;
		(void)num_u64(digits, 0, UINT64_MAX, &value, &ignored);
		if (i == MIRROR_STAT_SESSION && value != (uint64_t)session)
			return 0;
		if (i == MIRROR_STAT_SESSION)
			*busy = *busy || at_work;
		if (i == MIRROR_STAT_UTIME)
			sum = value;
		if (i == MIRROR_STAT_STIME)
			return sum + value;
	}
	return 0;
}

static uint64_t
mirror_ticks(int64_t session, bool *busy)
{
	DIR *d = opendir("/proc");
	const struct dirent *x;
	uint64_t sum = 0;

	if (d == NULL)
		return 0;
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL)
		if (x->d_name[0] >= '1' && x->d_name[0] <= '9')
			sum += mirror_ticks_of(x->d_name, session, busy);
	(void)closedir(d);
	return sum;
}

static void
mirror_watch_end(struct mirror_watch *w, enum mirror_fail why)
{
	w->why = why;
	child_kill(w->o->child, SIGKILL);
}

/* It comes nearer by bytes; when those rest, by work on what came. */
static bool
mirror_watch_moves(struct mirror_watch *w)
{
	uint64_t bytes = 0, ticks;
	bool busy = false;

	mirror_each_tmp(w->o, mirror_add_size, &bytes);
	if (bytes != w->bytes) {
		w->bytes = bytes;
		return true;
	}
	ticks = mirror_ticks(w->pid, &busy);
	/* A tick is 10 ms: less than a twentieth of a core is waiting. */
	if (ticks < w->ticks + 5 && !busy) {
		w->ticks = ticks;
		return false;
	}
	w->ticks = ticks;
	return true;
}

static void
mirror_watch_look(void *arg)
{
	struct mirror_watch *w = arg;
	struct err e = ERR_INIT;
	int64_t now = clock_mono_ms();

	if (mirror_watch_room(w->o, &e) == -1) {
		mirror_watch_end(w, MIRROR_FAIL_DISK);
		return;
	}
	if (mirror_watch_moves(w))
		w->moved_at = now;
	if (now - w->moved_at > w->o->r.limits->stall_ms) {
		mirror_watch_end(w, MIRROR_FAIL_SLOW);
		return;
	}
	timer_set(w->timer, MIRROR_LOOK_MS);
}

struct mirror_watch *
mirror_watch_new(const struct mirror_op *o, int64_t pid)
{
	struct mirror_watch *w = xcalloc(1, sizeof(*w));

	w->o = o;
	w->pid = pid;
	w->moved_at = clock_mono_ms();
	w->timer = timer_new(o->r.loop, mirror_watch_look, w);
	timer_set(w->timer, MIRROR_LOOK_MS);
	return w;
}

void
mirror_watch_free(struct mirror_watch *w)
{
	if (w == NULL)
		return;
	timer_free(w->timer);
	free(w);
}

enum mirror_fail
mirror_watch_why(const struct mirror_watch *w)
{
	return w != NULL ? w->why : MIRROR_FAIL_NONE;
}
