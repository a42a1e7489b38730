/* profile_make: a version of a profile, built, checked and put in place. */
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "cli/busy.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/profile.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	PROFILE_BUILD_MS = 30 * 60 * 1000,
	PROFILE_STATE_MAX = 2 << 20 /* as agentd's SESSION_STATE_MAX */
};

/* What a sandbox's session and attach need of it. */
static const char *const profile_needs[] = { "bin/sh", "usr/bin/git",
	"usr/bin/byobu", "usr/sbin/sshd", NULL };

/* Of everything that the result depends on, as a text in the root itself. */
static char *
profile_recipe(const struct profile *p, const struct profile_build *b)
{
	return xasprintf("suite %s\nmirror %s\ncomponents %s\npackages %s\n",
	    b->suite, b->mirror != NULL ? b->mirror : "-",
	    str_cstr(&p->components), str_cstr(&p->packages));
}

static bool
profile_is_fresh(struct cli *c, const struct profile *p, const char *recipe)
{
	AUTO_FREE char *file = NULL;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	char version[128];

	profile_version(c, p->name, version);
	if (version[0] == '\0')
		return false;
	file = xasprintf(
	    "%s/images/%s/usr/share/coffer-profile", c->home, version);
	return path_read(file, PROFILE_LIST_MAX * 2, &text, &e) == 0 &&
	    view_is(str_view(&text), recipe);
}

static int
profile_run(struct cli *c, const struct profile *p,
    const struct profile_build *b, const char *root, struct err *e)
{
	AUTO_FREE char *tool = program_find("mmdebstrap", e);
	AUTO_FREE char *include = NULL;
	AUTO_FREE char *components = NULL;
	const char *argv[12];
	struct program_result r = PROGRAM_RESULT_INIT;
	struct busy *busy;
	size_t n = 0;
	int rc;

	if (tool == NULL)
		return err_wrap(e, "apt-get install mmdebstrap");
	include = xasprintf("--include=%s", str_cstr(&p->packages));
	components = xasprintf("--components=%s", str_cstr(&p->components));
	argv[n++] = tool;
	argv[n++] = "--mode=root";
	argv[n++] = "--variant=minbase";
	argv[n++] = "--format=directory";
	argv[n++] = "--quiet";
	argv[n++] = "--aptopt=APT::Install-Recommends \"false\"";
	argv[n++] = include;
	argv[n++] = components;
	argv[n++] = b->suite;
	argv[n++] = root;
	if (b->mirror != NULL)
		argv[n++] = b->mirror;
	argv[n] = NULL;
	busy = busy_begin(c, "building", NULL, NULL);
	/* Beside a line that moves there is no room: what it said is told when
	 * it fails. */
	rc = program_check(c,
	    &(struct program_spec){ .argv = argv,
		.limit_ms = PROFILE_BUILD_MS,
		.show_err = busy == NULL,
		.stoppable = true },
	    &r, e);
	busy_end(busy);
	if (rc == -1)
		out_block(stderr, str_cstr(&r.err), "  ");
	program_result_release(&r);
	return rc;
}

static int
profile_check(const char *root, struct err *e)
{
	for (size_t i = 0; profile_needs[i] != NULL; i++) {
		AUTO_FREE char *path = path_join(root, profile_needs[i]);

		if (access(path, F_OK) == -1)
			return err_set(e, ERR_INVALID,
			    "its packages leave out /%s, which every sandbox "
			    "needs",
			    profile_needs[i]);
	}
	return 0;
}

/* Users of the host reach the root: what is setuid or a device there would be
 * theirs.  A sandbox obeys neither. */
static int
profile_harmless_one(const FTSENT *ent, struct err *e)
{
	const char *path = ent->fts_accpath;
	mode_t mode = ent->fts_statp->st_mode;

	if (ent->fts_info == FTS_DNR || ent->fts_info == FTS_ERR ||
	    ent->fts_info == FTS_NS) {
		errno = ent->fts_errno;
		return err_sys(e, ERR_IO, "%s", ent->fts_path);
	}
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return unlink(path) == 0
		    ? 0
		    : err_sys(e, ERR_IO, "remove %s", ent->fts_path);
	if (!S_ISREG(mode))
		return 0;
	if (lremovexattr(path, "security.capability") == -1 &&
	    errno != ENODATA && errno != ENOTSUP)
		return err_sys(e, ERR_IO, "%s", ent->fts_path);
	if ((mode & (S_ISUID | S_ISGID)) != 0 &&
	    chmod(path, mode & 07777 & ~(unsigned)(S_ISUID | S_ISGID)) == -1)
		return err_sys(e, ERR_IO, "chmod %s", ent->fts_path);
	return 0;
}

static int
profile_harmless(char *root, struct err *e)
{
	char *const tops[] = { root, NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	const FTSENT *ent;
	int rc = 0;

	if (walk == NULL)
		return err_sys(e, ERR_IO, "%s", root);
	while (rc == 0 && (ent = fts_read(walk)) != NULL)
		rc = profile_harmless_one(ent, e);
	(void)fts_close(walk);
	return rc;
}

/* The link changes from one version to the next in one step. */
static int
profile_place(
    struct cli *c, const struct profile *p, const char *version, struct err *e)
{
	AUTO_FREE char *link = xasprintf("%s/images/%s", c->home, p->name);
	AUTO_FREE char *fresh = xasprintf("%s.new", link);

	(void)unlink(fresh);
	if (symlink(version, fresh) == -1)
		return err_sys(e, ERR_IO, "link %s", fresh);
	if (rename(fresh, link) == -1) {
		(void)unlink(fresh);
		return err_sys(e, ERR_IO,
		    "%s is a folder of somebody's own: move it away", link);
	}
	return 0;
}

/* Does any sandbox have it?  One whose state cannot be read has all. */
static bool
profile_is_used(struct cli *c, const char *path)
{
	AUTO_FREE char *dir = path_join(c->home, "sandboxes");
	AUTO_FREE char *text = xasprintf("\"%s\"", path);
	DIR *d = opendir(dir);
	const struct dirent *ent;
	bool used = false;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && !used && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *state = xasprintf(
		    "%s/%s/state.json", dir, ent->d_name);
		AUTO_STR struct str s = STR_INIT;
		struct err e = ERR_INIT;

		if (access(state, F_OK) == -1)
			continue;
		used = path_read(state, PROFILE_STATE_MAX, &s, &e) == -1 ||
		    strstr(str_cstr(&s), text) != NULL;
	}
	if (d != NULL)
		(void)closedir(d);
	return used;
}

/* Versions that are neither in place nor a sandbox's, and halves. */
static void
profile_sweep(struct cli *c, const struct profile *p)
{
	AUTO_FREE char *dir = path_join(c->home, "images");
	AUTO_FREE char *prefix = xasprintf("%s-2", p->name);
	DIR *d = opendir(dir);
	const struct dirent *ent;
	char version[128];

	profile_version(c, p->name, version);
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *path = path_join(dir, ent->d_name);
		struct err e = ERR_INIT;

		if (strncmp(ent->d_name, prefix, strlen(prefix)) != 0 ||
		    strcmp(ent->d_name, version) == 0 ||
		    profile_is_used(c, path))
			continue;
		if (path_rmtree(path, &e) == -1)
			cli_note("%s stays: %s", path, e.msg);
	}
	if (d != NULL)
		(void)closedir(d);
}

/* In a folder that nobody else enters: until it is harmless, what is setuid in
 * it would be any user's. */
static int
profile_build_into(struct cli *c, const struct profile *p,
    const struct profile_build *b, char *root, const char *recipe,
    struct err *e)
{
	AUTO_FREE char *file = xasprintf("%s/usr/share/coffer-profile", root);

	if (profile_run(c, p, b, root, e) == -1 ||
	    profile_check(root, e) == -1 || profile_harmless(root, e) == -1 ||
	    path_write_atomic(file, recipe, strlen(recipe), 0644, e) == -1)
		return -1;
	if (chmod(root, 0755) == -1)
		return err_sys(e, ERR_IO, "%s", root);
	return 0;
}

int
profile_make(struct cli *c, const struct profile *p,
    const struct profile_build *b, struct err *e)
{
	AUTO_FREE char *recipe = profile_recipe(p, b);
	AUTO_FREE char *images = path_join(c->home, "images");
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *half = NULL;
	AUTO_FREE char *inside = NULL;
	char version[96], stamp[32];
	time_t now = (time_t)(clock_now_ms() / 1000);
	struct tm tm;
	struct err ignored = ERR_INIT;
	int rc;

	if (!b->force && profile_is_fresh(c, p, recipe))
		return 1;
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm) == 0)
		return err_set(e, ERR_INTERNAL, "the time");
	(void)snprintf(version, sizeof(version), "%s-%s", p->name, stamp);
	root = path_join(images, version);
	half = xasprintf("%s-half", root);
	inside = path_join(half, "root");
	if (path_mkdirs(images, 0755, e) == -1)
		return -1;
	if (mkdir(half, 0700) == -1)
		return err_sys(e, ERR_IO, "make %s", half);
	rc = profile_build_into(c, p, b, inside, recipe, e);
	if (rc == 0 && rename(inside, root) == -1)
		rc = err_sys(e, ERR_IO, "rename %s", inside);
	(void)path_rmtree(half, &ignored);
	if (rc == -1)
		return -1;
	if (profile_place(c, p, version, e) == -1) {
		(void)path_rmtree(root, &ignored);
		return -1;
	}
	profile_sweep(c, p);
	return 0;
}
