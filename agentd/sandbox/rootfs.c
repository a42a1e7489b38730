#include "agentd/sandbox/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static const char *const rootfs_dirs[] = { "/dev", "/etc", "/etc/ssl", "/home",
	"/home/agent", "/mnt", "/opt", "/proc", "/root", "/run", "/srv", "/sys",
	"/tmp", "/var", "/var/cache", "/var/lib", "/var/log", "/var/tmp",
	"/work" };

/* Mounted by the bundle: what is mounted below is made there by runc. */
static const char *const rootfs_covered[] = { "/tmp", "/run", "/var/tmp",
	NULL };

static const struct spec_file rootfs_etc[] = {
	{ "/etc/passwd",
	    "root:x:0:0:root:/root:/usr/sbin/nologin\n"
	    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
	    "agent:x:1000:1000:agent:/home/agent:/bin/bash\n" },
	{ "/etc/group",
	    "root:x:0:\ntty:x:5:\nnogroup:x:65534:\nagent:x:1000:\n" },
	{ "/etc/shells", "/bin/sh\n/bin/bash\n" },
	{ "/etc/nsswitch.conf",
	    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
	    "networks: files\nprotocols: files\nservices: files\n" },
	{ "/etc/host.conf", "multi on\n" },
	{ "/etc/protocols", "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n" },
	{ "/etc/services",
	    "ssh 22/tcp\ndomain 53/tcp\ndomain 53/udp\nhttp 80/tcp\n"
	    "https 443/tcp\n" },
	{ "/etc/profile",
	    "export "
	    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin\n"
	    "[ -n \"$BASH\" ] && PS1='\\u@\\h:\\w\\$ '\n" },
	{ "/etc/bash.bashrc", "[ -z \"$PS1\" ] || PS1='\\u@\\h:\\w\\$ '\n" },
	{ "/etc/gitconfig", "" },
	{ "/etc/timezone", "Etc/UTC\n" },
	{ "/etc/debian_version", "sandbox\n" },
};

static int
rootfs_mkdir(const char *root, const char *rel, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s%s", root, rel);

	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "mkdir %s", path);
	return 0;
}

/* Every part of rel, for mount points that the caller chose. */
static int
rootfs_mkdirs(const char *root, const char *rel, struct err *e)
{
	AUTO_FREE char *p = xstrdup(rel);

	for (char *c = strchr(p + 1, '/'); c != NULL; c = strchr(c + 1, '/')) {
		*c = '\0';
		if (rootfs_mkdir(root, p, e) == -1)
			return -1;
		*c = '/';
	}
	return rootfs_mkdir(root, p, e);
}

int
rootfs_put(const char *root, const char *rel, const char *text, size_t n,
    struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s%s", root, rel);
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd == -1)
		return err_sys(e, ERR_IO, "create %s", path);
	while (n > 0) {
		ssize_t k = write(fd, text, n);

		if (k == -1 && errno == EINTR)
			continue;
		if (k == -1)
			return err_sys(e, ERR_IO, "write %s", path);
		text += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
rootfs_write_names(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e)
{
	const char *name = s->hostname != NULL ? s->hostname : "sandbox";
	AUTO_STR struct str hosts = STR_INIT;
	AUTO_STR struct str resolv = STR_INIT;
	AUTO_STR struct str hostname = STR_INIT;

	str_addf(&hosts, "127.0.0.1 localhost %s\n", name);
	if (s->net == SPEC_NET_JOIN) {
		str_addf(&hosts, "%s coffer\n", h->gateway);
		str_addf(
		    &resolv, "nameserver %s\noptions timeout:3\n", h->gateway);
	}
	str_addf(&hostname, "%s\n", name);
	if (rootfs_put(dir, "/etc/hosts", str_cstr(&hosts), hosts.len, e) ==
		-1 ||
	    rootfs_put(dir, "/etc/resolv.conf", str_cstr(&resolv), resolv.len,
		e) == -1)
		return -1;
	return rootfs_put(
	    dir, "/etc/hostname", str_cstr(&hostname), hostname.len, e);
}

static int
rootfs_write_files(const struct sandbox_spec *s, const char *dir, struct err *e)
{
	for (size_t i = 0; i < s->n_files; i++) {
		const struct spec_file *f = &s->files[i];
		AUTO_FREE char *up = xstrdup(f->path);

		*strrchr(up, '/') = '\0';
		if (rootfs_mkdirs(dir, up, e) == -1 ||
		    rootfs_put(dir, f->path, f->text, strlen(f->text), e) == -1)
			return -1;
	}
	return 0;
}

static int
rootfs_write_etc(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e)
{
	for (size_t i = 0; i < sizeof(rootfs_etc) / sizeof(rootfs_etc[0]);
	     i++) {
		const struct spec_file *f = &rootfs_etc[i];

		if (rootfs_put(dir, f->path, f->text, strlen(f->text), e) == -1)
			return -1;
	}
	if (rootfs_write_names(h, s, dir, e) == -1)
		return -1;
	return rootfs_write_files(s, dir, e);
}

int
rootfs_write_own(const struct sandbox_host *h, const struct sandbox_spec *s,
    uint32_t uid, const char *dir, struct err *e)
{
	AUTO_FREE char *passwd = xasprintf(
	    "root:x:0:0:root:/root:/usr/sbin/nologin\n"
	    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
	    "agent:x:%u:%u:agent:/home/agent:/bin/bash\n",
	    uid, uid);
	AUTO_FREE char *group = xasprintf(
	    "root:x:0:\ntty:x:5:\nnogroup:x:65534:\nagent:x:%u:\n", uid);
	AUTO_FREE char *etc = path_join(dir, "etc");

	if (mkdir(etc, 0755) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", etc);
	if (rootfs_put(dir, "/etc/passwd", passwd, strlen(passwd), e) == -1 ||
	    rootfs_put(dir, "/etc/group", group, strlen(group), e) == -1 ||
	    rootfs_put(dir, "/etc/gitconfig", "", 0, e) == -1 ||
	    rootfs_write_names(h, s, dir, e) == -1)
		return -1;
	return rootfs_write_files(s, dir, e);
}

/* A mount point of the same kind as its source. */
static int
rootfs_mount_point(
    const char *dir, const char *source, const char *target, struct err *e)
{
	struct stat st;

	if (lstat(source, &st) == -1)
		return err_sys(e, ERR_NOTFOUND, "mount source %s", source);
	if (S_ISDIR(st.st_mode))
		return rootfs_mkdirs(dir, target, e);
	{
		AUTO_FREE char *up = xstrdup(target);
		char *slash = strrchr(up, '/');

		*slash = '\0';
		if (slash != up && rootfs_mkdirs(dir, up, e) == -1)
			return -1;
	}
	return rootfs_put(dir, target, "", 0, e);
}

static bool
rootfs_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && path[n] == '/';
}

/* Below another mount, the mount point is not ours to make. */
static bool
rootfs_is_covered(const struct sandbox_spec *s, size_t i)
{
	const char *t = s->mounts[i].target;

	for (size_t j = 0; rootfs_covered[j] != NULL; j++) {
		if (rootfs_is_below(t, rootfs_covered[j]))
			return true;
	}
	if (rootfs_is_below(t, "/home/agent"))
		return true;
	for (size_t j = 0; j < i; j++) {
		if (rootfs_is_below(t, s->mounts[j].target))
			return true;
	}
	return false;
}

/* /bin and its kind: the root's own link, or a mount point. */
static int
rootfs_write_link(
    const char *dir, const char *source, const char *rel, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s%s", dir, rel);
	char to[64];
	ssize_t n = readlink(source, to, sizeof(to) - 1);

	if (n == -1 && errno == ENOENT)
		return 0;
	if (n == -1)
		return rootfs_mkdir(dir, rel, e);
	to[n] = '\0';
	if (symlink(to, path) == -1)
		return err_sys(e, ERR_IO, "link %s", path);
	return 0;
}

/* runc gives a tmpfs the mode of the folder that it covers. */
static int
rootfs_open_tmp(const char *dir, const char *rel, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s%s", dir, rel);

	if (chmod(path, 01777) == -1)
		return err_sys(e, ERR_IO, "mode of %s", path);
	return 0;
}

static int
rootfs_write_system(
    const struct sandbox_spec *s, const char *dir, struct err *e)
{
	const char *root = s->root != NULL ? s->root : "";
	const char *const *sys = bundle_system_paths();
	const char *const *links = bundle_link_paths();

	for (size_t i = 0; sys[i] != NULL; i++) {
		AUTO_FREE char *src = xasprintf("%s%s", root, sys[i]);

		if (access(src, F_OK) == 0 &&
		    rootfs_mount_point(dir, src, sys[i], e) == -1)
			return -1;
	}
	for (size_t i = 0; links[i] != NULL; i++) {
		AUTO_FREE char *src = xasprintf("%s%s", root, links[i]);

		if (rootfs_write_link(dir, src, links[i], e) == -1)
			return -1;
	}
	return 0;
}

int
rootfs_write(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e)
{
	if (mkdir(dir, 0755) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", dir);
	for (size_t i = 0; i < sizeof(rootfs_dirs) / sizeof(rootfs_dirs[0]);
	     i++) {
		if (rootfs_mkdir(dir, rootfs_dirs[i], e) == -1)
			return -1;
	}
	if (rootfs_open_tmp(dir, "/tmp", e) == -1 ||
	    rootfs_open_tmp(dir, "/var/tmp", e) == -1 ||
	    rootfs_write_system(s, dir, e) == -1 ||
	    rootfs_write_etc(h, s, dir, e) == -1)
		return -1;
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];

		if (!rootfs_is_covered(s, i) &&
		    rootfs_mount_point(dir, m->source, m->target, e) == -1)
			return -1;
	}
	return 0;
}

/* Where the shim puts the mount sources: of the same kind as each. */
static int
rootfs_write_places(
    const struct sandbox_spec *s, const char *dir, struct err *e)
{
	if (rootfs_mkdir(dir, "/source", e) == -1)
		return -1;
	for (size_t i = 0; i < s->n_mounts; i++) {
		char rel[32];

		(void)snprintf(rel, sizeof(rel), "/source/%zu", i);
		if (rootfs_mount_point(dir, s->mounts[i].source, rel, e) == -1)
			return -1;
	}
	return 0;
}

static int
bundle_write(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e)
{
	AUTO_FREE char *root = path_join(dir, "root");
	AUTO_STR struct str text = STR_INIT;
	mode_t old;
	int r;

	bundle_config(h, s, &text);
	if (!str_ok(&text))
		return err_set(e, ERR_LIMIT, "the sandbox's config is too big");
	old = umask(022);
	/* The container's root alone passes here: others on the host do not
	 * reach the skeleton's open folders. */
	if (chmod(dir, 0700) == -1 ||
	    chown(dir, s->uid_base, s->uid_base) == -1)
		r = err_sys(e, ERR_IO, "owner of %s", dir);
	else
		r = rootfs_write(h, s, root, e);
	if (r == 0)
		r = rootfs_write_places(s, dir, e);
	(void)umask(077);
	if (r == 0)
		r = rootfs_put(dir, "/config.json", text.p, text.len, e);
	(void)umask(old);
	if (r == -1)
		return err_wrap(e, "bundle");
	return 0;
}

/* A new tmpfs that is mounted nowhere. */
static int
bundle_new_mount(struct err *e)
{
	AUTO_CLOSE int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (fs != -1 &&
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "coffer", 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = fsmount(
		    fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return fd == -1 ? err_sys(e, ERR_IO, "mount a tmpfs") : fd;
}

int
bundle_open(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct err *e)
{
	AUTO_CLOSE int fd = bundle_new_mount(e);
	char dir[32];

	if (fd == -1)
		return -1;
	(void)snprintf(dir, sizeof(dir), "/proc/self/fd/%d", fd);
	if (bundle_write(h, s, dir, e) == -1)
		return -1;
	return STEAL_FD(fd);
}

int
bundle_remove(const char *dir, struct err *e)
{
	if (access(dir, F_OK) == -1 && errno == ENOENT)
		return 0;
	return path_rmtree(dir, e);
}
