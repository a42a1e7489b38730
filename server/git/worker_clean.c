#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "server/domain/refname.h"
#include "server/git/worker_priv.h"

/*
 * What git leaves behind when it is killed: a lock stops every later move of
 * its ref, a quarantine or a half pack only takes room.
 */
enum {
	WORKER_ROOM_AGE_S = 24 * 3600, /* no push or fetch lasts so long */
	WORKER_UNLOCK_STEPS = 75,      /* of 20 ms */
	WORKER_YOUNG_MAX = 1000,
	WORKER_PROC_MAX = 16 << 10
};

/* Locks that a living git may hold. */
struct worker_young {
	struct {
		char *path;
		struct stat was;
	} at[WORKER_YOUNG_MAX];
	size_t n;
};

static bool
worker_is_old(const struct stat *st, time_t now, time_t age)
{
	return st->st_mtime < now - age;
}

static bool
worker_ends(const char *name, const char *end)
{
	return view_ends(view_of(name), end);
}

/* One kind of leftover under one folder. */
struct worker_sweep {
	const char *below;
	bool deep; /* with the folders in it */
	bool (*is)(const char *name);
	time_t age;
};

/* A packed-refs.new stops what the lock of packed-refs would. */
static bool
worker_is_lock(const char *name)
{
	return worker_ends(name, ".lock") ||
	    strcmp(name, "packed-refs.new") == 0;
}

static bool
worker_is_quarantine(const char *name)
{
	return strncmp(name, "tmp_objdir-", 11) == 0;
}

static bool
worker_is_half_pack(const char *name)
{
	return strncmp(name, "tmp_", 4) == 0 || strncmp(name, ".tmp-", 5) == 0;
}

static bool
worker_is_half_object(const char *name)
{
	return strncmp(name, "tmp_obj_", 8) == 0;
}

static bool
worker_is_half_graph(const char *name)
{
	return strncmp(name, "tmp_graph_", 10) == 0 || worker_is_lock(name);
}

static const struct worker_sweep worker_sweeps[] = {
	{ "", false, worker_is_lock, WORKER_LOCK_AGE_S },
	{ "refs", true, worker_is_lock, WORKER_LOCK_AGE_S },
	{ "objects", false, worker_is_quarantine, WORKER_ROOM_AGE_S },
	{ "objects", true, worker_is_half_object, WORKER_ROOM_AGE_S },
	{ "objects/pack", false, worker_is_half_pack, WORKER_ROOM_AGE_S },
	{ "objects/info", true, worker_is_half_graph, WORKER_ROOM_AGE_S },
};

static void
worker_young_add(
    struct worker_young *y, const struct worker_sweep *s, const FTSENT *f)
{
	if (s->is != worker_is_lock || f->fts_info != FTS_F ||
	    y->n == WORKER_YOUNG_MAX)
		return;
	y->at[y->n].path = xstrdup(f->fts_path);
	y->at[y->n++].was = *f->fts_statp;
}

/* young NULL: whatever its age. */
static int
worker_sweep(const char *repo, const struct worker_sweep *s,
    struct worker_young *young, int64_t *n, struct err *e)
{
	AUTO_FREE char *path = s->below[0] != '\0' ? path_join(repo, s->below)
						   : xstrdup(repo);
	char *roots[] = { path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	time_t now = time(NULL), age = young == NULL ? -1 : s->age;
	FTSENT *f;

	if (fts == NULL)
		return err_sys(e, ERR_IO, "%s", path);
	while ((f = fts_read(fts)) != NULL) {
		struct err gone = ERR_INIT;

		if (f->fts_level == 0)
			continue;
		if (f->fts_info == FTS_D && !s->deep)
			(void)fts_set(fts, f, FTS_SKIP);
		if ((f->fts_info != FTS_F && f->fts_info != FTS_D) ||
		    !s->is(f->fts_name))
			continue;
		if (!worker_is_old(f->fts_statp, now, age)) {
			if (young != NULL)
				worker_young_add(young, s, f);
			continue;
		}
		if (f->fts_info == FTS_D ? path_rmtree(f->fts_path, &gone) == 0
					 : unlink(f->fts_path) == 0)
			(*n)++;
	}
	(void)fts_close(fts);
	return 0;
}

/* Is the lock that was there before still there? */
static bool
worker_is_same_lock(const char *path, const struct stat *was)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_ino == was->st_ino &&
	    st.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* Does it stand in the repository, or name it? */
static bool
worker_names(const char *proc, const char *leaf, const char *repo)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/%s", proc, leaf);
	AUTO_FREE char *text = xmalloc(WORKER_PROC_MAX);
	ssize_t n = readlink(path, text, WORKER_PROC_MAX);

	if (n == -1 && errno == EINVAL) {
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = fd == -1 ? -1 : read(fd, text, WORKER_PROC_MAX);
	}
	return n > 0 && memmem(text, (size_t)n, repo, strlen(repo)) != NULL;
}

/* A git that outlived the cofferd that started it. */
static bool
worker_is_in_use(const char *repo)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	if (d == NULL)
		return true;
	while (!found && (entry = readdir(d)) != NULL)
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    (worker_names(entry->d_name, "cmdline", repo) ||
			worker_names(entry->d_name, "environ", repo) ||
			worker_names(entry->d_name, "cwd", repo));
	(void)closedir(d);
	return found;
}

/* A living holder lets go in a blink: what stays as it is was left. */
static void
worker_young_end(struct worker_young *y, const char *repo, int64_t *n)
{
	const struct timespec step = { .tv_nsec = 20000000L };
	size_t left = y->n > 0 && worker_is_in_use(repo) ? 0 : y->n;
	const bool all = left > 0;

	for (int i = 0; i < WORKER_UNLOCK_STEPS && left > 0; i++) {
		(void)nanosleep(&step, NULL);
		left = 0;
		for (size_t k = 0; k < y->n; k++)
			left += worker_is_same_lock(
			    y->at[k].path, &y->at[k].was);
	}
	for (size_t k = 0; k < y->n; k++) {
		if (all && worker_is_same_lock(y->at[k].path, &y->at[k].was) &&
		    unlink(y->at[k].path) == 0)
			(*n)++;
		free(y->at[k].path);
	}
	free(y);
}

static int
worker_op_clean(struct worker_call *c, struct err *e)
{
	bool any = strcmp(json_str_or(c->in, "age", ""), "any") == 0;
	struct worker_young *young = any ? NULL : xcalloc(1, sizeof(*young));
	const char *repo;
	int64_t n = 0;
	int rc = worker_arg(c, "path", &repo, e);

	for (size_t i = 0;
	     rc == 0 && i < sizeof(worker_sweeps) / sizeof(worker_sweeps[0]);
	     i++)
		rc = worker_sweep(repo, &worker_sweeps[i], young, &n, e);
	if (young != NULL)
		worker_young_end(young, rc == 0 ? repo : "", &n);
	if (rc == -1)
		return -1;
	jw_i64(c->w, "removed", n);
	return 0;
}

/* A living holder lets go in a blink; a name of a ref is good, or refused. */
static int
worker_op_unlock(struct worker_call *c, struct err *e)
{
	const struct timespec step = { .tv_nsec = 20000000L };
	AUTO_FREE char *lock = NULL;
	AUTO_FREE char *path = NULL;
	const char *repo, *ref, *why;
	struct stat was;

	if (worker_arg(c, "path", &repo, e) == -1 ||
	    worker_arg(c, "ref", &ref, e) == -1)
		return -1;
	if (!refname_ok(ref, &why))
		return err_set(e, ERR_INVALID, "%.150s: %s", ref, why);
	lock = xasprintf("%s.lock", ref);
	path = path_join(repo, lock);
	if (lstat(path, &was) == -1) {
		jw_bool(c->w, "removed", false);
		return 0;
	}
	for (int i = 0; i < WORKER_UNLOCK_STEPS; i++) {
		(void)nanosleep(&step, NULL);
		if (!worker_is_same_lock(path, &was)) {
			jw_bool(c->w, "removed", false);
			return 0;
		}
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "%s", path);
	jw_bool(c->w, "removed", true);
	return 0;
}

const struct worker_op worker_ops_clean[] = {
	{ "clean", worker_op_clean },
	{ "unlock", worker_op_unlock },
	{ NULL, NULL },
};
