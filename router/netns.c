#include "router/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

#define NETNS_DIR "/run/netns"

enum {
	NETNS_PATH_MAX = 128,
	NETNS_FS_MAGIC = 0x6e736673 /* NSFS_MAGIC */
};

struct netns_sysctl {
	const char *path; /* below /proc/sys/net */
	const char *value;
	bool optional; /* the kernel may be built without it */
};

/* `default` is what an interface gets that comes later. */
static const struct netns_sysctl netns_sysctls[] = {
	{ "ipv6/conf/all/disable_ipv6", "1", true },
	{ "ipv6/conf/default/disable_ipv6", "1", true },
	{ "ipv6/conf/all/forwarding", "0", true },
	{ "ipv4/conf/all/rp_filter", "1", false },
	{ "ipv4/conf/default/rp_filter", "1", false },
	{ "ipv4/conf/all/accept_redirects", "0", false },
	{ "ipv4/conf/default/accept_redirects", "0", false },
	{ "ipv4/conf/all/secure_redirects", "0", false },
	{ "ipv4/conf/default/secure_redirects", "0", false },
	{ "ipv4/conf/all/send_redirects", "0", false },
	{ "ipv4/conf/default/send_redirects", "0", false },
	{ "ipv4/conf/all/accept_source_route", "0", false },
	{ "ipv4/conf/default/accept_source_route", "0", false },
	{ "ipv4/conf/all/proxy_arp", "0", false },
	{ "ipv4/conf/default/proxy_arp", "0", false },
	{ "ipv4/conf/all/log_martians", "0", false },
	{ "ipv4/conf/default/log_martians", "0", false },
	{ "ipv4/conf/all/arp_ignore", "1", false },
	{ "ipv4/conf/default/arp_ignore", "1", false },
	{ "ipv4/conf/all/arp_announce", "2", false },
	{ "ipv4/conf/default/arp_announce", "2", false },
	{ "ipv4/conf/all/arp_accept", "0", false },
	{ "ipv4/ip_unprivileged_port_start", "0", false },
	/* A refusal must come at once, the seventh in a row as well. */
	{ "ipv4/icmp_ratelimit", "0", false },
	/* After a flush, the middle of a stream must not open a flow. */
	{ "netfilter/nf_conntrack_tcp_loose", "0", false },
	/*
	 * One project's lookups must not fill the table of flows; an answer
	 * takes up to 7 s.
	 */
	{ "netfilter/nf_conntrack_udp_timeout", "10", false },
	{ "netfilter/nf_conntrack_udp_timeout_stream", "10", false },
	{ "netfilter/nf_conntrack_tcp_timeout_established", "14400", false },
	/* Last: nothing is forwarded before the rest holds. */
	{ "ipv4/ip_forward", "1", false },
	/* Turning forwarding on resets these. */
	{ "ipv4/conf/all/accept_redirects", "0", false },
	{ "ipv4/conf/all/send_redirects", "0", false },
};

void
netns_name(const char *inst, char out[NETNS_NAME_MAX])
{
	snprintf(out, NETNS_NAME_MAX, "coffer-%.8s-router", inst);
}

static void
netns_path(const char *name, char out[NETNS_PATH_MAX])
{
	snprintf(out, NETNS_PATH_MAX, NETNS_DIR "/%s", name);
}

/* A shared mount, so that unmounting a name unmounts it everywhere. */
static int
netns_make_dir(struct err *e)
{
	if (mkdir(NETNS_DIR, 0755) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "create " NETNS_DIR);
	if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return err_sys(e, ERR_IO, "share " NETNS_DIR);
	if (mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) == -1 ||
	    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == -1)
		return err_sys(e, ERR_IO, "mount " NETNS_DIR);
	return 0;
}

int
netns_enter(const char *name, bool *adopted, struct err *e)
{
	char path[NETNS_PATH_MAX];
	struct statfs sf;
	AUTO_CLOSE int fd = -1;

	netns_path(name, path);
	*adopted = false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstatfs(fd, &sf) == 0 && sf.f_type == NETNS_FS_MAGIC) {
		if (setns(fd, CLONE_NEWNET) == -1)
			return err_sys(e, ERR_IO, "enter namespace %s", name);
		*adopted = true;
		return 0;
	}
	if (unshare(CLONE_NEWNET) == -1)
		return err_sys(e, ERR_DENIED, "create a network namespace");
	return 0;
}

int
netns_publish(const char *name, struct err *e)
{
	char path[NETNS_PATH_MAX];
	AUTO_CLOSE int fd = -1;

	netns_path(name, path);
	if (netns_make_dir(e) == -1)
		return -1;
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (fd == -1)
		return err_sys(e, ERR_IO, "create %s", path);
	if (mount("/proc/self/ns/net", path, "none", MS_BIND, NULL) == -1)
		return err_sys(e, ERR_IO, "bind %s", path);
	return 0;
}

static int
netns_set_sysctl(const struct netns_sysctl *s, struct err *e)
{
	char path[NETNS_PATH_MAX];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", s->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT && s->optional)
			return 0;
		return err_sys(e, ERR_IO, "open %s", path);
	}
	if (write(fd, s->value, strlen(s->value)) == -1)
		return err_sys(e, ERR_IO, "write %s", path);
	return 0;
}

int
netns_set_sysctls(struct err *e)
{
	size_t n = sizeof(netns_sysctls) / sizeof(netns_sysctls[0]);

	for (size_t i = 0; i < n; i++) {
		if (netns_set_sysctl(&netns_sysctls[i], e) == -1)
			return -1;
	}
	return 0;
}

int
netns_remove(const char *name, struct err *e)
{
	char path[NETNS_PATH_MAX];

	netns_path(name, path);
	if (umount2(path, MNT_DETACH) == -1 && errno != ENOENT &&
	    errno != EINVAL)
		return err_sys(e, ERR_IO, "unmount %s", path);
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "remove %s", path);
	return 0;
}
