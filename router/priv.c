#include "router/priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/err.h"

enum {
	PRIV_FILES_WANTED = 16384,
	PRIV_CAPS_MAX = 64
};

static int
priv_set_caps(uint32_t mask, struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = mask, .permitted = mask, .inheritable = mask }
	};

	if (syscall(SYS_capset, &head, data) == -1)
		return err_sys(e, ERR_DENIED, "set capabilities");
	return 0;
}

/* Nothing that is executed later can gain what is not in here. */
static int
priv_bound(unsigned long keep, struct err *e)
{
	for (unsigned long c = 0; c < PRIV_CAPS_MAX; c++) {
		if (c == keep)
			continue;
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1 && errno != EINVAL)
			return err_sys(e, ERR_DENIED, "drop capability %lu", c);
	}
	return 0;
}

static int
priv_become(uid_t uid, gid_t gid, struct err *e)
{
	if (uid == 0 || gid == 0)
		return err_set(
		    e, ERR_INVALID, "the router's uid and gid must not be 0");
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return err_sys(e, ERR_DENIED, "become uid %u gid %u",
		    (unsigned)uid, (unsigned)gid);
	return 0;
}

static int
priv_no_new(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_INTERNAL, "set no_new_privs");
	return 0;
}

int
priv_drop_all(uid_t uid, gid_t gid, struct err *e)
{
	if (priv_bound(PRIV_CAPS_MAX, e) == -1 ||
	    priv_become(uid, gid, e) == -1 || priv_set_caps(0, e) == -1)
		return -1;
	return priv_no_new(e);
}

/* Calls that no role needs and an intruder would. */
static const int priv_forbidden[] = {
#ifndef __SANITIZE_ADDRESS__ /* it looks for leaks by tracing itself */
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(memfd_secret),
};

/* And those that a role does not need which starts nothing. */
static const int priv_forbidden_confined[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(memfd_create),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
};

static int
priv_forbid_calls(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return rc;
}

/*
 * Any family outside of Unix, IPv4 and IPv6.  With NET_ADMIN netlink is left
 * for netfilter alone: NETLINK_ROUTE could name another namespace by a process
 * in it, the host's too, and the capability counts there.
 */
static int
priv_forbid_sockets(scmp_filter_ctx ctx, bool netfilter)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	int rc = seccomp_rule_add(
	    ctx, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));

	for (int f = AF_INET + 1; rc == 0 && f < AF_NETLINK; f++) {
		if (f != AF_INET6)
			rc = seccomp_rule_add(ctx, no, SCMP_SYS(socket), 1,
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)f, 0));
	}
	if (rc != 0)
		return rc;
	if (!netfilter)
		return seccomp_rule_add(ctx, no, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0));
	return seccomp_rule_add(ctx, no, SCMP_SYS(socket), 2,
	    SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
	    SCMP_A2(SCMP_CMP_NE, NETLINK_NETFILTER, 0));
}

static int
priv_filter(bool confined, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (ctx == NULL)
		return err_set(e, ERR_INTERNAL, "make a seccomp filter");
	rc = priv_forbid_calls(ctx, priv_forbidden,
	    sizeof(priv_forbidden) / sizeof(priv_forbidden[0]));
	if (rc == 0 && confined)
		rc = priv_forbid_calls(ctx, priv_forbidden_confined,
		    sizeof(priv_forbidden_confined) /
			sizeof(priv_forbidden_confined[0]));
	if (rc == 0)
		rc = priv_forbid_sockets(ctx, !confined);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc != 0) {
		errno = -rc;
		return err_sys(e, ERR_INTERNAL, "load the seccomp filter");
	}
	return 0;
}

int
priv_keep_net_admin(uid_t uid, gid_t gid, struct err *e)
{
	const uint32_t mask = (uint32_t)1 << CAP_NET_ADMIN;

	if (priv_bound(CAP_NET_ADMIN, e) == -1)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_INTERNAL, "keep capabilities");
	if (priv_become(uid, gid, e) == -1 || priv_set_caps(mask, e) == -1)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) ==
	    -1)
		return err_sys(e, ERR_INTERNAL, "raise NET_ADMIN for tools");
	if (priv_no_new(e) == -1)
		return -1;
	return priv_filter(false, e);
}

int
priv_confine(struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return err_sys(e, ERR_INTERNAL, "clear ambient capabilities");
	if (priv_set_caps(0, e) == -1 || priv_no_new(e) == -1)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_sys(e, ERR_INTERNAL, "forbid tracing");
	return priv_filter(true, e);
}

unsigned long
priv_raise_files(void)
{
	struct rlimit rl = { .rlim_cur = 256, .rlim_max = 256 };

	(void)getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < PRIV_FILES_WANTED) {
		rl.rlim_cur = rl.rlim_max < PRIV_FILES_WANTED
		    ? rl.rlim_max
		    : PRIV_FILES_WANTED;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
		(void)getrlimit(RLIMIT_NOFILE, &rl);
	}
	return (unsigned long)rl.rlim_cur;
}
