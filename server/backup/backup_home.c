#include "server/backup/backup_home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/tarball.h"

static const char *const backuphome_files[] = { "coffer.conf", "instance",
	"prove.pub", "gateway/prices", NULL };
static const char *const backuphome_folders[] = { "policy", "prompts",
	"prompts/commands", "egress", "gateway/providers", NULL };
static const char *const backuphome_secrets[] = { "secrets", NULL };

/* dir: HOME.  What is not there is passed over. */
static int
backuphome_add_file(struct tarball *t, int dir, const char *name,
    const char *prefix, struct err *e)
{
	AUTO_FREE char *as = xasprintf("%s%s", prefix, name);
	AUTO_CLOSE int fd = -1;
	struct err why = ERR_INIT;
	struct stat st;

	fd = path_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0, &why);
	/* More than one name: it may be somebody else's file. */
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1 || !tarball_name_ok(as))
		return 0;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return tarball_add_fd(t, as, fd, (uint64_t)st.st_size, e);
}

static int
backuphome_plain(const struct dirent *ent)
{
	return path_component_ok(ent->d_name);
}

static int
backuphome_add_names(struct tarball *t, int home, const char *folder,
    const char *prefix, struct err *e)
{
	AUTO_FREE struct dirent **names = NULL;
	struct err why = ERR_INIT;
	int rc = 0, n;
	int dir = path_open_beneath(
	    home, folder, O_RDONLY | O_DIRECTORY, 0, &why);

	if (dir == -1)
		return 0;
	n = scandirat(dir, ".", &names, backuphome_plain, alphasort);
	if (n == -1)
		rc = err_sys(e, ERR_IO, "read %s", folder);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *name = path_join(folder, names[i]->d_name);

		if (rc == 0)
			rc = backuphome_add_file(t, home, name, prefix, e);
		free(names[i]);
	}
	(void)close(dir);
	return rc;
}

static int
backuphome_open(const char *home, struct err *e)
{
	int fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd == -1 ? err_sys(e, ERR_NOTFOUND, "%s", home) : fd;
}

int
backuphome_add_folder(struct tarball *t, const char *home, const char *folder,
    const char *prefix, struct err *e)
{
	AUTO_CLOSE int fd = backuphome_open(home, e);

	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return fd == -1 ? -1 : backuphome_add_names(t, fd, folder, prefix, e);
}

int
backuphome_add(struct tarball *t, const char *home, bool secrets, struct err *e)
{
	AUTO_CLOSE int fd = backuphome_open(home, e);
	int rc = fd == -1 ? -1 : 0;

	for (size_t i = 0; rc == 0 && backuphome_files[i] != NULL; i++)
		rc = backuphome_add_file(
		    t, fd, backuphome_files[i], "home/", e);
	for (size_t i = 0; rc == 0 && backuphome_folders[i] != NULL; i++)
		rc = backuphome_add_names(
		    t, fd, backuphome_folders[i], "home/", e);
	for (size_t i = 0; rc == 0 && secrets && backuphome_secrets[i] != NULL;
	     i++)
		rc = backuphome_add_names(
		    t, fd, backuphome_secrets[i], "home/", e);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc;
}

/* One of those that backuphome_add writes. */
static bool
backuphome_known(const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - name);

	for (size_t i = 0; backuphome_files[i] != NULL; i++)
		if (strcmp(name, backuphome_files[i]) == 0)
			return true;
	for (size_t i = 0; slash != NULL && backuphome_folders[i] != NULL; i++)
		if (strlen(backuphome_folders[i]) == len &&
		    strncmp(name, backuphome_folders[i], len) == 0)
			return true;
	return len == strlen("secrets") && strncmp(name, "secrets/", 8) == 0;
}

int
backuphome_put(struct tarball *t, const struct tarball_file *f,
    const char *home, struct err *e)
{
	const char *name = f->name + strlen("home/");
	bool secret = strncmp(name, "secrets/", 8) == 0;
	AUTO_FREE char *path = path_join(home, name);
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_CLOSE int fd = -1;

	if (!backuphome_known(name))
		return err_set(e, ERR_INVALID, "%s: not of a backup", f->name);
	*strrchr(dir, '/') = '\0';
	if (path_mkdirs(dir, secret ? 0711 : 0755, e) == -1)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    secret ? 0600 : 0644);
	if (fd == -1)
		return err_sys(e, ERR_IO, "make %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return tarball_read_to(t, f, fd, e);
}
