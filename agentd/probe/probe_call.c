#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/probe/probe.h"

enum {
	PROBE_BAD = -1,
	PROBE_PTRACE_TRACEME = 0
};

/*
 * EPERM is a call that was refused.  One that was not fails by its arguments or
 * changes nothing but this process, even on a host and as root.
 */
struct probe_call {
	const char *name;
	long nr;
	long a[5];
};

#define PROBE_P(s) ((long)(intptr_t)(s))

static const struct probe_call probe_calls[] = {
	{ "unshare-user", SYS_unshare, { CLONE_NEWUSER } },
	{ "unshare-net", SYS_unshare, { CLONE_NEWNET } },
	{ "unshare-mount", SYS_unshare, { CLONE_NEWNS } },
	{ "unshare-pid", SYS_unshare, { CLONE_NEWPID } },
	{ "unshare-ipc", SYS_unshare, { CLONE_NEWIPC } },
	{ "unshare-uts", SYS_unshare, { CLONE_NEWUTS } },
	{ "unshare-cgroup", SYS_unshare, { CLONE_NEWCGROUP } },
	{ "clone-user", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "clone3", SYS_clone3, { 0, 0 } },
	/* ENODEV where it may. */
	{ "mount", SYS_mount,
	    { PROBE_P("none"), PROBE_P("/"), PROBE_P("coffer-none"), 0, 0 } },
	{ "setns", SYS_setns, { PROBE_BAD, 0 } },
	{ "umount", SYS_umount2, { PROBE_P("/proc/self/status"), 0 } },
	{ "pivot_root", SYS_pivot_root, { PROBE_P("/"), PROBE_P("/") } },
	{ "chroot", SYS_chroot, { PROBE_P("/") } },
	{ "fsopen", SYS_fsopen, { PROBE_P("tmpfs"), 0 } },
	{ "open_tree", SYS_open_tree, { AT_FDCWD, PROBE_P("/"), 1 } },
	{ "move_mount", SYS_move_mount, { PROBE_BAD, 0, PROBE_BAD, 0 } },
	{ "mount_setattr", SYS_mount_setattr, { PROBE_BAD, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, 0 } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "bpf", SYS_bpf, { PROBE_BAD, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0, 0, 0 } },
	{ "add_key", SYS_add_key, { 0, 0, 0, 0, 0 } },
	{ "request_key", SYS_request_key, { 0, 0, 0, 0 } },
	{ "keyctl", SYS_keyctl, { PROBE_BAD } },
	{ "kexec_load", SYS_kexec_load, { 0, 0, 0, PROBE_BAD } },
	{ "init_module", SYS_init_module, { 0, 0, 0 } },
	{ "finit_module", SYS_finit_module, { PROBE_BAD, 0, 0 } },
	{ "open_by_handle", SYS_open_by_handle_at, { PROBE_BAD, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 0 } },
	{ "kcmp", SYS_kcmp, { 0, 0, PROBE_BAD } },
	{ "quotactl", SYS_quotactl, { PROBE_BAD, 0 } },
	{ "swapon", SYS_swapon, { PROBE_P("/nowhere"), 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0 } },
	{ "settimeofday", SYS_settimeofday, { 0, 0 } },
	{ "clock_adjtime", SYS_clock_adjtime, { PROBE_BAD, 0 } },
	{ "acct", SYS_acct, { PROBE_P("/nowhere") } },
	{ "syslog", SYS_syslog, { 9, 0, 0 } },
	{ "memfd_secret", 447, { PROBE_BAD } },
	{ "fanotify_init", SYS_fanotify_init, { 0, 0 } },
	{ "sethostname", SYS_sethostname, { PROBE_P("x"), PROBE_BAD } },
#ifdef SYS_modify_ldt
	{ "modify_ldt", SYS_modify_ldt, { PROBE_BAD, 0, 0 } },
	{ "iopl", SYS_iopl, { 3 } },
	{ "ioperm", SYS_ioperm, { 0, 1, 1 } },
#endif
	/* What programs need. */
	{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 1 } },
	{ "memfd_create", SYS_memfd_create, { PROBE_P("x"), 0 } },
	{ "ptrace-me", SYS_ptrace, { PROBE_PTRACE_TRACEME } },
	{ "seccomp", SYS_seccomp, { 2, 0, PROBE_P("\0\0\0") } },
	{ "pidfd_open", SYS_pidfd_open, { 1, 0 } },
};

/*
 * Of a child: who is traced stops at the next signal, and whoever traces the
 * probe itself, the runtime, would not let it go on.
 */
static void
probe_traced(const struct probe_call *c)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(syscall(c->nr, c->a[0]) == -1 ? errno : 0);
	if (pid == -1 || waitpid(pid, &status, 0) == -1) {
		probe_tell(c->name, errno, "");
		return;
	}
	if (!WIFEXITED(status))
		(void)kill(pid, SIGKILL);
	probe_tell(
	    c->name, WIFEXITED(status) ? WEXITSTATUS(status) : 0, "done");
}

static void
probe_one(const struct probe_call *c)
{
	long r;

	if (c->nr == SYS_ptrace) {
		probe_traced(c);
		return;
	}
	r = syscall(c->nr, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]);

	/* A child of its own, where one was let be made. */
	if (c->nr == SYS_clone && r == 0)
		_exit(0);
	probe_tell(c->name, r == -1 ? errno : 0, "done");
}

void
probe_call(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		for (size_t k = 0;
		     k < sizeof(probe_calls) / sizeof(probe_calls[0]); k++) {
			if (strcmp(argv[i], probe_calls[k].name) == 0)
				probe_one(&probe_calls[k]);
		}
	}
}

void
probe_write(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		int fd = open(
		    argv[i], O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

		probe_tell(argv[i], fd == -1 ? errno : 0, "open");
		if (fd >= 0)
			(void)close(fd);
	}
}
