#include "cli/oneshot_box.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static const char oneshot_box_name[] = "coffer-oneshot-";

enum {
	ONESHOT_BOX_YOUNG_S = 60 /* it may not be locked yet */
};

/* Nobody's any more, though ours. */
static bool
oneshot_box_is_left(int dir, const char *name)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (strncmp(name, oneshot_box_name, strlen(oneshot_box_name)) != 0)
		return false;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd != -1 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    st.st_mtime < time(NULL) - ONESHOT_BOX_YOUNG_S &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void
oneshot_box_sweep(const char *tmp)
{
	DIR *dir = opendir(tmp);
	const struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		AUTO_FREE char *path = path_join(tmp, d->d_name);
		struct err e = ERR_INIT;

		if (oneshot_box_is_left(dirfd(dir), d->d_name))
			(void)path_rmtree(path, &e);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

char *
oneshot_box_make(int *lock, struct err *e)
{
	const char *given = getenv("TMPDIR");
	const char *tmp = given != NULL && given[0] == '/' ? given : "/tmp";
	AUTO_FREE char *path = xasprintf("%s/%sXXXXXX", tmp, oneshot_box_name);

	oneshot_box_sweep(tmp);
	if (mkdtemp(path) == NULL) {
		(void)err_sys(e, ERR_IO, "make %s", path);
		return NULL;
	}
	*lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock == -1 || flock(*lock, LOCK_EX | LOCK_NB) == -1) {
		(void)err_sys(e, ERR_IO, "lock %s", path);
		(void)rmdir(path);
		return NULL;
	}
	return STEAL(path);
}
