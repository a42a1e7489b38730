#include "agentd/sandbox/engine_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/engine_idmap.h"
#include "agentd/sandbox/rootfs.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

static const char *const engine_own_files[] = { "passwd", "group", "hosts",
	"resolv.conf", "hostname", "gitconfig", NULL };

char *
engine_places_dir(const struct sandbox_host *h, const char *id)
{
	return xasprintf("%s/run/engine/%s", h->home, id);
}

static void
engine_places_add(
    struct engine_places *p, const char *source, const char *target, bool ro)
{
	if (p->n == ENGINE_PLACES_MAX)
		die("engine places");
	p->row[p->n++] = (struct engine_place){
		.source = source != NULL ? xstrdup(source) : NULL,
		.target = xstrdup(target),
		.ro = ro,
	};
}

void
engine_places_release(struct engine_places *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->row[i].source);
		free(p->row[i].target);
	}
	p->n = 0;
}

/* The system of a root that is the host's: the image has the rest of it. */
static void
engine_places_add_system(struct engine_places *p)
{
	const char *const *sys = bundle_system_paths();
	const char *const *links = bundle_link_paths();

	for (size_t i = 0; sys[i] != NULL; i++) {
		if (access(sys[i], F_OK) == 0)
			engine_places_add(p, sys[i], sys[i], true);
	}
	for (size_t i = 0; links[i] != NULL; i++) {
		struct stat st;

		if (lstat(links[i], &st) == 0 && S_ISDIR(st.st_mode))
			engine_places_add(p, links[i], links[i], true);
	}
}

static void
engine_places_add_file(
    struct engine_places *p, const char *root, const char *target)
{
	AUTO_FREE char *source = xasprintf("%s%s", root, target);

	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->row[i].target, target) == 0)
			return;
	}
	engine_places_add(p, source, target, true);
}

/*
 * A tmpfs, for tokens are in them: places are binds of its files, and keep it
 * when it is mounted here no more.
 */
static int
engine_places_write_own(const struct sandbox_host *h,
    const struct sandbox_spec *s, uint32_t uid, const char *own, struct err *e)
{
	AUTO_FREE char *root = path_join(own, "root");
	mode_t old;
	int r = 0;

	if (mkdir(own, 0700) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", own);
	if (mount("coffer", own, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") ==
	    -1)
		return err_sys(e, ERR_IO, "mount a tmpfs at %s", own);
	old = umask(022);
	if (mkdir(root, 0755) == -1)
		r = err_sys(e, ERR_IO, "mkdir %s", root);
	else
		r = rootfs_write_own(h, s, uid, root, e);
	(void)umask(old);
	return r;
}

static void
engine_places_plan(
    const struct sandbox_spec *s, const char *own, struct engine_places *p)
{
	AUTO_FREE char *root = path_join(own, "root");

	p->n = 0;
	if (s->root == NULL)
		engine_places_add_system(p);
	for (size_t i = 0; engine_own_files[i] != NULL; i++) {
		AUTO_FREE char *t = path_join("/etc", engine_own_files[i]);

		engine_places_add_file(p, root, t);
	}
	for (size_t i = 0; i < s->n_files; i++)
		engine_places_add_file(p, root, s->files[i].path);
	if (!bundle_has_target(s, "/home/agent"))
		engine_places_add(p, NULL, "/home/agent", false);
	for (size_t i = 0; i < s->n_mounts; i++)
		engine_places_add(p, s->mounts[i].source, s->mounts[i].target,
		    s->mounts[i].ro);
}

static int
engine_place_home(
    const struct sandbox_spec *s, const char *to, uint32_t agent, struct err *e)
{
	AUTO_FREE char *options = xasprintf("size=%" PRIu64
					    ",mode=0700,uid=%u,gid=%u",
	    spec_limits_of(s).tmp, agent, agent);

	if (mkdir(to, 0700) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", to);
	if (mount("tmpfs", to, "tmpfs", MS_NOSUID | MS_NODEV, options) == -1)
		return err_sys(e, ERR_IO, "mount the home at %s", to);
	return 0;
}

/* A mount point of the kind of the source. */
static int
engine_place_make(const char *to, const struct stat *st, struct err *e)
{
	int file;

	if (S_ISDIR(st->st_mode)) {
		if (mkdir(to, 0700) == -1)
			return err_sys(e, ERR_IO, "mkdir %s", to);
		return 0;
	}
	file = open(
	    to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file == -1)
		return err_sys(e, ERR_IO, "create %s", to);
	(void)close(file);
	return 0;
}

static bool
engine_place_is_agents(const struct stat *st, uint32_t base)
{
	return st->st_uid - base < HOST_UID_SPAN ||
	    st->st_gid - base < HOST_UID_SPAN;
}

/* A copy of the mount with flags of its own, which then gets its place. */
static int
engine_place_bind(const struct engine_place *p,
    const struct engine_places_who *who, int idmap, const char *to,
    struct err *e)
{
	AUTO_CLOSE int fd = spec_open_source(p->source, true, e);
	AUTO_CLOSE int tree = -1;
	struct mount_attr flags = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
		    (p->ro ? MOUNT_ATTR_RDONLY : 0),
	};
	struct stat st;

	if (fd == -1)
		return err_wrap(e, "mount");
	if (fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "%s", p->source);
	if (engine_place_make(to, &st, e) == -1)
		return -1;
	if (idmap != -1 && engine_place_is_agents(&st, who->uid_base)) {
		flags.attr_set |= MOUNT_ATTR_IDMAP;
		flags.userns_fd = (unsigned)idmap;
	}
	tree = open_tree(
	    fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree == -1 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH, &flags, sizeof(flags)) == -1)
		return err_sys(e, ERR_IO, "mount %s with flags%s", p->source,
		    (flags.attr_set & MOUNT_ATTR_IDMAP) != 0
			? " and other uids (the file system or the kernel "
			  "cannot do that)"
			: "");
	if (move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) == -1)
		return err_sys(e, ERR_IO, "mount %s", p->source);
	return 0;
}

static int
engine_places_mount(const struct engine_places *p, const struct sandbox_spec *s,
    const char *dir, const struct engine_places_who *who, struct err *e)
{
	AUTO_CLOSE int idmap = -1;

	if (who->range != who->uid_base) {
		idmap = engine_idmap_open(who->uid_base, who->range, e);
		if (idmap == -1)
			return -1;
	}
	for (size_t i = 0; i < p->n; i++) {
		AUTO_FREE char *to = xasprintf("%s/%zu", dir, i);

		if ((p->row[i].source == NULL
			    ? engine_place_home(
				  s, to, who->range + HOST_AGENT_UID, e)
			    : engine_place_bind(
				  &p->row[i], who, idmap, to, e)) == -1)
			return -1;
	}
	return 0;
}

static int
engine_place_unmount(const char *at, struct err *e)
{
	if (umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) == -1 &&
	    errno != EINVAL && errno != ENOENT)
		return err_sys(e, ERR_IO, "unmount %s", at);
	/* Empty, or a mount was left: neither is ever looked into. */
	if (rmdir(at) == -1 && errno == ENOTDIR && unlink(at) == -1)
		return err_sys(e, ERR_IO, "remove %s", at);
	return 0;
}

int
engine_places_make(const struct sandbox_host *h, const struct sandbox_spec *s,
    const struct engine_places_who *who, const char *dir,
    struct engine_places *p, struct err *e)
{
	AUTO_FREE char *up = xstrndup(dir, (size_t)(strrchr(dir, '/') - dir));
	AUTO_FREE char *own = path_join(dir, "own");

	if (path_mkdirs(up, 0711, e) == -1)
		return -1;
	if (mkdir(dir, 0700) == -1 || chown(dir, who->root, who->root) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", dir);
	if (engine_places_write_own(h, s, who->agent, own, e) == -1)
		return -1;
	engine_places_plan(s, own, p);
	if (engine_places_mount(p, s, dir, who, e) == -1)
		return -1;
	return engine_place_unmount(own, e);
}

int
engine_places_unmount(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;
	int r = 0;

	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return err_sys(e, ERR_IO, "%s", dir);
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (r == 0 && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *at = path_join(dir, ent->d_name);

		if (ent->d_name[0] == '.')
			continue;
		r = engine_place_unmount(at, e);
	}
	(void)closedir(d);
	if (r == 0 && rmdir(dir) == -1 && errno != ENOENT)
		r = err_sys(e, ERR_IO, "remove %s", dir);
	return r;
}
