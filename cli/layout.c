#include "cli/layout.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"

enum {
	LAYOUT_SERVER_UID = 64101,
	LAYOUT_ROUTER_UID = 64102,
	LAYOUT_INSTANCE_BYTES = 2
};

enum layout_owner {
	LAYOUT_SELF,
	LAYOUT_SERVER,
	LAYOUT_FRONT /* server uid, router gid */
};

static const struct {
	const char *path;
	mode_t mode;
	enum layout_owner owner;
} layout_dirs[] = {
	{ "", 0711, LAYOUT_SERVER },
	{ "db", 0700, LAYOUT_SERVER },
	{ "repos", 0700, LAYOUT_SERVER },
	{ "logs", 0700, LAYOUT_SERVER },
	{ "logs/runs", 0700, LAYOUT_SERVER },
	{ "logs/jobs", 0700, LAYOUT_SERVER },
	{ "secrets", 0711, LAYOUT_SELF },
	{ "secrets/upstream", 0700, LAYOUT_SERVER },
	{ "log", 0755, LAYOUT_SELF },
	{ "run", 0755, LAYOUT_SELF },
	{ "run/front", 02710, LAYOUT_FRONT },
	{ "sandboxes", 0711, LAYOUT_SELF },
	{ "runs", 0711, LAYOUT_SELF },
	{ "agentd", 0700, LAYOUT_SELF },
	{ "runner", 0700, LAYOUT_SELF },
};

static const char layout_conf
    [] = "# Read by cofferd, coffer-agentd, coffer-runner, coffer-router and\n"
	 "# coffer.  Each checks its own section; unknown keys are errors.\n"
	 "[server]\n[agentd]\n[runner]\n[router]\n[cli]\n";

static void
layout_ids(enum layout_owner owner, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw;
	const struct group *gr;

	*uid = geteuid();
	*gid = getegid();
	if (owner == LAYOUT_SELF || *uid != 0)
		return;
	pw = getpwnam("coffer");
	*uid = pw != NULL ? pw->pw_uid : LAYOUT_SERVER_UID;
	*gid = pw != NULL ? pw->pw_gid : LAYOUT_SERVER_UID;
	if (owner == LAYOUT_FRONT) {
		gr = getgrnam("coffer-router");
		*gid = gr != NULL ? gr->gr_gid : LAYOUT_ROUTER_UID;
	}
}

/* A link in HOME's place would have root change another file's owner. */
static int
layout_set(
    const char *path, mode_t mode, enum layout_owner owner, struct err *e)
{
	AUTO_CLOSE int fd = open(
	    path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	uid_t uid;
	gid_t gid;

	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	layout_ids(owner, &uid, &gid);
	if ((st.st_uid != uid || st.st_gid != gid) &&
	    fchown(fd, uid, gid) == -1)
		return err_sys(e, ERR_IO, "change owner of %s", path);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) == -1)
		return err_sys(e, ERR_IO, "change mode of %s", path);
	return 0;
}

int
layout_make(const char *home, struct err *e)
{
	if (path_mkdirs(home, 0711, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(layout_dirs) / sizeof(layout_dirs[0]);
	     i++) {
		AUTO_FREE char *path = layout_dirs[i].path[0] == '\0'
		    ? xstrdup(home)
		    : path_join(home, layout_dirs[i].path);

		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return err_sys(e, ERR_IO, "make %s", path);
		if (layout_set(path, layout_dirs[i].mode, layout_dirs[i].owner,
			e) == -1)
			return -1;
	}
	return 0;
}

int
layout_files(const char *home, struct err *e)
{
	AUTO_FREE char *conf = path_join(home, "coffer.conf");
	AUTO_FREE char *instance = path_join(home, "instance");
	char hex[2 * LAYOUT_INSTANCE_BYTES + 2];
	struct stat st;

	if (lstat(conf, &st) == -1 &&
	    path_write_atomic(
		conf, layout_conf, sizeof(layout_conf) - 1, 0644, e) == -1)
		return -1;
	if (lstat(instance, &st) == 0)
		return 0;
	rnd_hex(hex, LAYOUT_INSTANCE_BYTES);
	hex[sizeof(hex) - 2] = '\n';
	return path_write_atomic(instance, hex, sizeof(hex) - 1, 0644, e);
}

bool
layout_is_ready(const char *home)
{
	AUTO_FREE char *instance = path_join(home, "instance");
	AUTO_FREE char *token = path_join(home, "secrets/admin.token");

	return access(instance, R_OK) == 0 && access(token, F_OK) == 0;
}
