#include "agentd/sandbox/seccomp.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/barrier.h"
#include "lib/wire/json.h"

/* What a build, a shell, an agent and a debugger of its own children need. */
static const char *const seccomp_allowed[] = { "accept", "accept4", "access",
	"alarm", "arch_prctl", "bind", "brk", "cachestat", "capget", "capset",
	"chdir", "chmod", "chown", "chown32", "clock_getres",
	"clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "close", "close_range",
	"connect", "copy_file_range", "creat", "dup", "dup2", "dup3",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old",
	"eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group",
	"faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
	"fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown",
	"fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync", "fgetxattr",
	"flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat",
	"fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
	"ftruncate64", "futex", "futex_requeue", "futex_time64", "futex_wait",
	"futex_waitv", "futex_wake", "futimesat", "get_mempolicy",
	"get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents",
	"getdents64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid",
	"getgid32", "getgroups", "getgroups32", "getitimer", "getpeername",
	"getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom",
	"getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit",
	"getrusage", "getsid", "getsockname", "getsockopt", "gettid",
	"gettimeofday", "getuid", "getuid32", "getxattr", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel",
	"io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
	"ioctl", "ioprio_get", "ioprio_set", "ipc", "kill", "landlock_add_rule",
	"landlock_create_ruleset", "landlock_restrict_self", "lchown",
	"lchown32", "lgetxattr", "link", "linkat", "listen", "listxattr",
	"llistxattr", "_llseek", "lremovexattr", "lseek", "lsetxattr", "lstat",
	"lstat64", "madvise", "map_shadow_stack", "mbind", "membarrier",
	"memfd_create", "mincore", "mkdir", "mkdirat", "mknod", "mknodat",
	"mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect",
	"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive",
	"mq_timedsend", "mq_unlink", "mremap", "mseal", "msgctl", "msgget",
	"msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap",
	"name_to_handle_at", "nanosleep", "newfstatat", "_newselect", "open",
	"openat", "openat2", "pause", "pidfd_getfd", "pidfd_open",
	"pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64",
	"preadv", "preadv2", "prlimit64", "process_mrelease", "pselect6",
	"pselect6_time64", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "recv", "recvfrom",
	"recvmmsg", "recvmsg", "remap_file_pages", "removexattr", "rename",
	"renameat", "renameat2", "restart_syscall", "rmdir", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
	"sched_getattr", "sched_getparam", "sched_getscheduler",
	"sched_rr_get_interval", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "seccomp",
	"select", "semctl", "semget", "semop", "semtimedop", "send", "sendfile",
	"sendfile64", "sendmmsg", "sendmsg", "sendto", "setfsgid", "setfsgid32",
	"setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups",
	"setgroups32", "set_mempolicy", "setitimer", "setpgid", "setpriority",
	"setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
	"setresuid32", "setreuid", "setreuid32", "setrlimit", "set_robust_list",
	"setsid", "setsockopt", "set_thread_area", "set_tid_address", "setuid",
	"setuid32", "setxattr", "shmat", "shmctl", "shmdt", "shmget",
	"shutdown", "sigaltstack", "signalfd", "signalfd4", "sigprocmask",
	"sigreturn", "splice", "stat", "stat64", "statfs", "statfs64", "statx",
	"symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "sysinfo",
	"tee", "tgkill", "time", "timer_create", "timer_delete",
	"timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
	"timerfd_gettime", "timerfd_settime", "times", "tkill", "truncate",
	"truncate64", "ugetrlimit", "umask", "uname", "unlink", "unlinkat",
	"utime", "utimensat", "utimes", "vfork", "vmsplice", "wait4", "waitid",
	"waitpid", "write", "writev" };

/* Every CLONE_NEW* bit that clone(2) takes. */
#define SECCOMP_CLONE_NEW                                      \
	((unsigned)CLONE_NEWNS | (unsigned)CLONE_NEWCGROUP |   \
	    (unsigned)CLONE_NEWUTS | (unsigned)CLONE_NEWIPC |  \
	    (unsigned)CLONE_NEWUSER | (unsigned)CLONE_NEWPID | \
	    (unsigned)CLONE_NEWNET)

struct seccomp_arg {
	unsigned index;
	uint64_t value; /* the mask, for SCMP_CMP_MASKED_EQ */
	uint64_t second;
	const char *op;
};

struct seccomp_rule {
	const char *name;
	struct seccomp_arg args[2]; /* op NULL ends */
};

#define SECCOMP_EQ(i, v)                                                  \
	{                                                                 \
		.index = (i), .value = (uint64_t)(v), .op = "SCMP_CMP_EQ" \
	}

/* Allowed with these arguments only; rows of one name are alternatives. */
static const struct seccomp_rule seccomp_rules[] = {
	{ "clone",
	    { { .index = 0,
		.value = SECCOMP_CLONE_NEW,
		.second = 0,
		.op = "SCMP_CMP_MASKED_EQ" } } },
	{ "socket", { SECCOMP_EQ(0, AF_UNIX) } },
	{ "socket", { SECCOMP_EQ(0, AF_INET) } },
	{ "socket", { SECCOMP_EQ(0, AF_INET6) } },
	/* getifaddrs(3) and friends: NETLINK_ROUTE is protocol 0. */
	{ "socket", { SECCOMP_EQ(0, AF_NETLINK), SECCOMP_EQ(2, 0) } },
	{ "socketpair", { SECCOMP_EQ(0, AF_UNIX) } },
	{ "personality", { SECCOMP_EQ(0, 0) } },
	{ "personality", { SECCOMP_EQ(0, 8) } },
	{ "personality", { SECCOMP_EQ(0, 0x20000) } },
	{ "personality", { SECCOMP_EQ(0, 0x20008) } },
	{ "personality", { SECCOMP_EQ(0, 0xffffffff) } },
	/* ADDR_NO_RANDOMIZE: debuggers and sanitizers restart with it. */
	{ "personality", { SECCOMP_EQ(0, 0x40000) } },
};

static void
seccomp_write_rule(struct jw *w, const struct seccomp_rule *r)
{
	jw_object(w, NULL);
	jw_array(w, "names");
	jw_str(w, NULL, r->name);
	jw_end(w);
	jw_str(w, "action", "SCMP_ACT_ALLOW");
	jw_array(w, "args");
	for (size_t i = 0; i < 2 && r->args[i].op != NULL; i++) {
		jw_object(w, NULL);
		jw_u64(w, "index", r->args[i].index);
		jw_u64(w, "value", r->args[i].value);
		if (r->args[i].op[9] == 'M')
			jw_u64(w, "valueTwo", r->args[i].second);
		jw_str(w, "op", r->args[i].op);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}

void
seccomp_write(struct jw *w, const char *key)
{
	jw_object(w, key);
	jw_str(w, "defaultAction", "SCMP_ACT_ERRNO");
	jw_u64(w, "defaultErrnoRet", EPERM);
	jw_array(w, "architectures");
#if defined(__aarch64__)
	jw_str(w, NULL, "SCMP_ARCH_AARCH64");
#else
	jw_str(w, NULL, "SCMP_ARCH_X86_64");
#endif
	jw_end(w);
	jw_array(w, "syscalls");
	jw_object(w, NULL);
	jw_array(w, "names");
	for (size_t i = 0;
	     i < sizeof(seccomp_allowed) / sizeof(seccomp_allowed[0]); i++) {
		if (!barrier_is_off("kept") ||
		    strcmp(seccomp_allowed[i], "memfd_create") != 0)
			jw_str(w, NULL, seccomp_allowed[i]);
	}
	jw_end(w);
	jw_str(w, "action", "SCMP_ACT_ALLOW");
	jw_end(w);
	for (size_t i = 0; i < sizeof(seccomp_rules) / sizeof(seccomp_rules[0]);
	     i++)
		seccomp_write_rule(w, &seccomp_rules[i]);
	/* Its flags are behind a pointer; libc falls back to clone. */
	jw_object(w, NULL);
	jw_array(w, "names");
	jw_str(w, NULL, "clone3");
	jw_end(w);
	jw_str(w, "action", "SCMP_ACT_ERRNO");
	jw_u64(w, "errnoRet", ENOSYS);
	jw_end(w);
	jw_end(w);
	jw_end(w);
}
