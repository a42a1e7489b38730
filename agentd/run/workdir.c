#include "agentd/run/workdir_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/child.h"

enum {
	WORKDIR_REMOVE_MS = 5 * 60 * 1000,
	WORKDIR_OPEN = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
};

void
workdir_path(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, char *out, size_t max)
{
	AUTO_FREE char *ws = workspace_mount(h, project);

	(void)snprintf(out, max, "%s/runs/%lld/%s", ws, (long long)run, leaf);
}

int
workdir_sub(
    int dirfd, const char *name, mode_t mode, uid_t owner, struct err *e)
{
	struct stat st;
	int fd;

	if (mkdirat(dirfd, name, mode) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "make %s in the workspace", name);
	fd = openat(dirfd, name, WORKDIR_OPEN);
	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s in the workspace", name);
	if (fstat(fd, &st) == -1 ||
	    (owner != 0 && fchown(fd, owner, owner) == -1) ||
	    (owner == 0 && st.st_uid == 0 && fchmod(fd, mode) == -1)) {
		(void)err_sys(e, ERR_IO, "own %s in the workspace", name);
		(void)close(fd);
		return -1;
	}
	if (owner == 0 && st.st_uid != 0) {
		(void)close(fd);
		return err_set(e, ERR_DENIED,
		    "%s in the workspace is not root's alone", name);
	}
	return fd;
}

int
workdir_make(
    const struct sandbox_host *h, int64_t project, int64_t run, struct err *e)
{
	AUTO_FREE char *ws = workspace_mount(h, project);
	AUTO_CLOSE int root = open(ws, WORKDIR_OPEN);
	AUTO_CLOSE int runs = -1, dir = -1, tree = -1, out = -1;
	uid_t agent = host_project_uid_base(project) + HOST_AGENT_UID;
	char name[24];

	if (root == -1)
		return err_sys(e, ERR_IO, "open %s", ws);
	(void)snprintf(name, sizeof(name), "%lld", (long long)run);
	/* The session sees the whole workspace, and nothing of runs. */
	runs = workdir_sub(root, "runs", 0700, 0, e);
	if (runs == -1)
		return -1;
	dir = workdir_sub(runs, name, 0711, 0, e);
	if (dir == -1)
		return -1;
	tree = workdir_sub(dir, "tree", 0755, agent, e);
	if (tree == -1)
		return -1;
	out = workdir_sub(dir, "out", 0755, agent, e);
	return out == -1 ? -1 : 0;
}

int
workdir_open(const struct sandbox_host *h, int64_t project, const char *leaf,
    struct err *e)
{
	AUTO_FREE char *ws = workspace_mount(h, project);
	AUTO_CLOSE int root = open(ws, WORKDIR_OPEN);

	if (root == -1)
		return err_sys(
		    e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "open %s", ws);
	return path_open_beneath(root, leaf, O_RDONLY | O_DIRECTORY, 0, e);
}

int
workdir_out(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, size_t max, struct str *text, struct err *e)
{
	AUTO_FREE char *out = xasprintf("runs/%lld/out", (long long)run);
	AUTO_CLOSE int dir = workdir_open(h, project, out, e);

	if (dir == -1)
		return -1;
	if (path_read_beneath(dir, leaf, max, text, e) == -1 &&
	    e->code != ERR_NOTFOUND)
		return -1;
	return 0;
}

struct workdir_removal {
	sandbox_done_fn *done;
	void *arg;
};

static void
workdir_on_removed(const struct child_exit *x, void *arg)
{
	struct workdir_removal *w = arg;
	struct err e = ERR_INIT;

	w->done(child_check(x, "rm", &e) == -1 ? &e : NULL, w->arg);
	free(w);
}

/* Told in the next turn: nothing to remove, or no way to. */
struct workdir_verdict {
	struct workdir_removal w;
	struct err e;
};

static void
workdir_tell(void *arg)
{
	struct workdir_verdict *v = arg;

	v->w.done(v->e.code == ERR_NONE ? NULL : &v->e, v->w.arg);
	free(v);
}

static void
workdir_answer(const struct sandbox_host *h, const struct workdir_removal *w,
    const struct err *e)
{
	struct workdir_verdict *v = xcalloc(1, sizeof(*v));

	v->w = *w;
	if (e->code != ERR_NOTFOUND)
		v->e = *e;
	loop_defer(h->loop, workdir_tell, v);
}

/*
 * The tree may hold a million files: rm is a child.  It is given the folder
 * `runs` as descriptor 3, so that no name above ID can be exchanged; below
 * that it follows no link by itself.
 */
void
workdir_rm(const struct sandbox_host *h, int64_t project, const char *below,
    sandbox_done_fn *done, void *arg)
{
	struct workdir_removal *w;
	struct child *c;
	struct err e = ERR_INIT;
	AUTO_CLOSE int runs = workdir_open(h, project, "runs", &e);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/3/%s", below);
	const char *const argv[] = { "/bin/rm", "-rf", "--one-file-system",
		"--", path, NULL };
	const char *const envp[] = { "PATH=/usr/bin:/bin", NULL };
	const struct workdir_removal told = { .done = done, .arg = arg };
	struct child_spec spec = {
		.argv = argv,
		.envp = envp,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.pass_fds = &runs,
		.n_pass_fds = 1,
		.limit_ms = WORKDIR_REMOVE_MS,
		.on_exit = workdir_on_removed,
	};

	if (runs == -1) {
		workdir_answer(h, &told, &e);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	*w = told;
	spec.arg = w;
	if (child_start(h->loop, &spec, &c, &e) == 0)
		return;
	free(w);
	workdir_answer(h, &told, &e);
}

void
workdir_remove(const struct sandbox_host *h, int64_t project, int64_t run,
    sandbox_done_fn *done, void *arg)
{
	AUTO_FREE char *path = xasprintf("%lld", (long long)run);

	workdir_rm(h, project, path, done, arg);
}
