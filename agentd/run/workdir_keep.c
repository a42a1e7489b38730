/* workdir_keep: ws/runs/keep, what CLIs keep from run to run. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/run/workdir_priv.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	KEEP_NAMES_MAX = 16,  /* of one project */
	KEEP_FILES_MAX = 512, /* of one of them: files and folders */
	KEEP_BYTES_MAX = 16 << 20,
	KEEP_DEPTH_MAX = 8
};

struct keep_look {
	const char *id;
	unsigned files;
	uint64_t bytes;
	bool found;              /* a file that is called by the id */
	DIR *at[KEEP_DEPTH_MAX]; /* the folders that it is in */
	unsigned depth;
};

static int
keep_entry(
    struct keep_look *k, int dir, const char *name, bool *is_dir, struct err *e)
{
	struct stat st;

	if (++k->files > KEEP_FILES_MAX)
		return err_set(e, ERR_LIMIT, "over %d files", KEEP_FILES_MAX);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_sys(e, ERR_IO, "look at what is kept");
	*is_dir = S_ISDIR(st.st_mode);
	if (*is_dir)
		return 0;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(e, ERR_DENIED, "a file that is no plain one");
	k->bytes += (uint64_t)st.st_size;
	if (k->bytes > KEEP_BYTES_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d bytes", (int)KEEP_BYTES_MAX);
	k->found |= k->id[0] != '\0' && strstr(name, k->id) != NULL;
	return 0;
}

static int
keep_enter(struct keep_look *k, int parent, const char *name, struct err *e)
{
	int fd;

	if (k->depth == KEEP_DEPTH_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d folders deep", KEEP_DEPTH_MAX);
	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	k->at[k->depth] = fd == -1 ? NULL : fdopendir(fd);
	if (k->at[k->depth] == NULL) {
		(void)err_sys(e, ERR_IO, "look at what is kept");
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	k->depth++;
	return 0;
}

static int
keep_walk(struct keep_look *k, int keep, const char *name, struct err *e)
{
	int rc = keep_enter(k, keep, name, e);

	while (rc == 0 && k->depth > 0) {
		DIR *d = k->at[k->depth - 1];
		const struct dirent *x = readdir(d);
		bool is_dir = false;

		if (x == NULL) {
			(void)closedir(d);
			k->depth--;
			continue;
		}
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		rc = keep_entry(k, dirfd(d), x->d_name, &is_dir, e);
		if (rc == 0 && is_dir)
			rc = keep_enter(k, dirfd(d), x->d_name, e);
	}
	while (k->depth > 0)
		(void)closedir(k->at[--k->depth]);
	return rc;
}

int
workdir_keep_look(const struct sandbox_host *h, int64_t project,
    const char *name, const char *id, struct err *e)
{
	AUTO_CLOSE int keep = workdir_open(h, project, "runs/keep", e);
	struct keep_look k = { .id = id };

	if (keep == -1 || keep_walk(&k, keep, name, e) == -1)
		return -1;
	if (id[0] != '\0' ? !k.found : k.files > 0)
		return err_set(e, ERR_NOTFOUND, "the session is not there");
	return 0;
}

void
workdir_keep_remove(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *done, void *arg)
{
	AUTO_FREE char *path = xasprintf("keep/%s", name);

	workdir_rm(h, project, path, done, arg);
}

/* The one that was used least lately, if there are too many. */
static void
keep_prune(const struct sandbox_host *h, int64_t project, int keep,
    const char *mine, sandbox_done_fn *done)
{
	char oldest[WORKDIR_KEEP_MAX] = "";
	int fd = openat(keep, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *x;
	time_t when = 0;
	unsigned n = 0;
	struct stat st;

	while (d != NULL && (x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.' || strcmp(x->d_name, mine) == 0 ||
		    strlen(x->d_name) >= sizeof(oldest) ||
		    fstatat(keep, x->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		n++;
		if (oldest[0] == '\0' || st.st_mtime < when) {
			memcpy(oldest, x->d_name, strlen(x->d_name) + 1);
			when = st.st_mtime;
		}
	}
	if (d != NULL)
		(void)closedir(d);
	else if (fd != -1)
		(void)close(fd);
	if (n >= KEEP_NAMES_MAX)
		workdir_keep_remove(h, project, oldest, done, NULL);
}

int
workdir_keep_make(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *pruned, struct err *e)
{
	AUTO_FREE char *ws = workspace_mount(h, project);
	AUTO_CLOSE int root = open(
	    ws, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSE int runs = -1, keep = -1, leaf = -1;
	uid_t agent = host_project_uid_base(project) + HOST_AGENT_UID;

	if (root == -1)
		return err_sys(e, ERR_IO, "open %s", ws);
	runs = workdir_sub(root, "runs", 0700, 0, e);
	if (runs == -1)
		return -1;
	keep = workdir_sub(runs, "keep", 0711, 0, e);
	if (keep == -1)
		return -1;
	leaf = workdir_sub(keep, name, 0700, agent, e);
	if (leaf == -1)
		return -1;
	/* Its time is that of its last use. */
	(void)futimens(leaf, NULL);
	keep_prune(h, project, keep, name, pruned);
	return 0;
}
