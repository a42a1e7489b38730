/* lock: one fetch of a clone at a time, and what a killed one left. */
#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static int
lock_take(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *path = path_join(j->dir, "lock");
	char pid[24];
	ssize_t n;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		n = pread(fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		(void)close(fd);
		return err_set(e, ERR_BUSY,
		    "another coffer fetch is at work in this clone (process "
		    "%s)",
		    pid);
	}
	j->lock = fd + 1;
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
		return err_sys(e, ERR_IO, "write %s", path);
	return 0;
}

/* Quarantines are removed at the end, but for a kill. */
static int
lock_sweep(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *folder = path_join(j->git_dir, "coffer");
	DIR *d = opendir(folder);
	struct dirent *x;
	int rc = 0;

	if (d == NULL)
		return err_sys(e, ERR_IO, "open %s", folder);
	while (rc == 0 && (x = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;

		if (strncmp(x->d_name, "quarantine-", 11) != 0)
			continue;
		path = path_join(folder, x->d_name);
		rc = path_rmtree(path, e);
	}
	(void)closedir(d);
	return rc;
}

int
fetch_lock(struct fetch_job *j, struct err *e)
{
	j->dir = path_join(j->git_dir, "coffer/fetch");
	if (path_mkdirs(j->dir, 0700, e) == -1 || lock_take(j, e) == -1 ||
	    lock_sweep(j, e) == -1)
		return -1;
	return fetch_recover(j, e);
}
