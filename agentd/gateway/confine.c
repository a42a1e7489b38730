#include "agentd/gateway/confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/base/err.h"

enum {
	CONFINE_CAPS_MAX = 64,
	CONFINE_FILES = 8192
};

static int
confine_drop_caps(struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { .effective = 0 } };

	if (syscall(SYS_capset, &head, data) == -1)
		return err_sys(e, ERR_DENIED, "drop capabilities");
	return 0;
}

static void
confine_raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur >= CONFINE_FILES)
		return;
	rl.rlim_cur = rl.rlim_max < CONFINE_FILES ? rl.rlim_max : CONFINE_FILES;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

int
confine_become(uid_t uid, gid_t gid, struct err *e)
{
	if (uid == 0 || gid == 0)
		return err_set(
		    e, ERR_INVALID, "the gateway's uid and gid must not be 0");
	for (unsigned long c = 0; c < CONFINE_CAPS_MAX; c++)
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1 && errno != EINVAL)
			return err_sys(e, ERR_DENIED, "drop capability %lu", c);
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return err_sys(e, ERR_DENIED, "become uid %u gid %u",
		    (unsigned)uid, (unsigned)gid);
	return confine_drop_caps(e);
}

static const int confine_forbidden[] = {
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
	SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
};

static const int confine_programs[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
};

static int
confine_forbid(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return rc;
}

/* Unix, IPv4 and IPv6, and netlink, by which getaddrinfo(3) asks for the
 * host's addresses. */
static int
confine_sockets(scmp_filter_ctx ctx)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	int rc = seccomp_rule_add(
	    ctx, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));

	for (int f = AF_INET + 1; rc == 0 && f < AF_NETLINK; f++)
		if (f != AF_INET6)
			rc = seccomp_rule_add(ctx, no, SCMP_SYS(socket), 1,
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)f, 0));
	return rc;
}

static int
confine_load(bool programs, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (ctx == NULL)
		return err_set(e, ERR_INTERNAL, "make a seccomp filter");
	rc = confine_forbid(ctx, confine_forbidden,
	    sizeof(confine_forbidden) / sizeof(confine_forbidden[0]));
	if (rc == 0 && !programs)
		rc = confine_forbid(ctx, confine_programs,
		    sizeof(confine_programs) / sizeof(confine_programs[0]));
	if (rc == 0)
		rc = confine_sockets(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc == 0)
		return 0;
	errno = -rc;
	return err_sys(e, ERR_INTERNAL, "load the seccomp filter");
}

int
confine_filter(bool programs, struct err *e)
{
	const struct rlimit none = { 0, 0 };

	confine_raise_files();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		return err_sys(e, ERR_INTERNAL, "forbid tracing");
	return confine_load(programs, e);
}
