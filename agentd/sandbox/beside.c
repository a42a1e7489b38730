#include "agentd/sandbox/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	BESIDE_NS = 6,
	BESIDE_CAPS = 64,
	BESIDE_STATUS_MAX = 8 << 10,
	BESIDE_STOP_TRIES = 200,
	BESIDE_STOP_US = 5000
};

/* In the order in which they can be entered: the user's last. */
static const struct {
	const char *path;
	const char *own;
	int flag;
} beside_ns[BESIDE_NS] = {
	{ "ns/net", "/proc/self/ns/net", CLONE_NEWNET },
	{ "ns/ipc", "/proc/self/ns/ipc", CLONE_NEWIPC },
	{ "ns/uts", "/proc/self/ns/uts", CLONE_NEWUTS },
	{ "ns/cgroup", "/proc/self/ns/cgroup", CLONE_NEWCGROUP },
	{ "ns/mnt", "/proc/self/ns/mnt", CLONE_NEWNS },
	{ "ns/user", "/proc/self/ns/user", CLONE_NEWUSER },
};

/* What the child needs, found before there is one. */
struct beside_place {
	int ns[BESIDE_NS]; /* -1: it is ours as well */
	int program;
	int end;
	unsigned uid, gid; /* as its user namespace has them */
	struct sock_fprog filter;
	const char *arg;
};

/* A part of an id map: what the host calls id is called so inside. */
static bool
beside_inside(const char *map, unsigned id, unsigned *out)
{
	unsigned in, from, n;
	int used;

	while (sscanf(map, "%u %u %u%n", &in, &from, &n, &used) == 3) {
		if (id >= from && id - from < n) {
			*out = in + (id - from);
			return true;
		}
		map += used;
	}
	return false;
}

static int
beside_read(int proc, const char *name, char *out, struct err *e)
{
	AUTO_CLOSE int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, BESIDE_STATUS_MAX - 1) : -1;

	if (n < 0)
		return err_sys(e, ERR_IO, "%s of a sandbox's process", name);
	out[n] = '\0';
	return 0;
}

static int
beside_id(const struct beside *b, const char *key, const char *map,
    unsigned *out, struct err *e)
{
	char text[BESIDE_STATUS_MAX];
	const char *line;
	unsigned id;

	if (beside_read(b->proc, "status", text, e) == -1)
		return -1;
	line = strstr(text, key);
	if (line == NULL || sscanf(line + strlen(key), "%u", &id) != 1)
		return err_set(e, ERR_PROTO, "a status without %s", key + 1);
	if (beside_read(b->proc, map, text, e) == -1)
		return -1;
	if (!beside_inside(text, id, out) || *out == 0)
		return err_set(
		    e, ERR_DENIED, "it runs as user %u of the host", id);
	return 0;
}

/* Stopped by our PTRACE_INTERRUPT: any other stop goes on, with its signal. */
static bool
beside_stopped(pid_t pid)
{
	for (int i = 0; i < BESIDE_STOP_TRIES; i++) {
		int status;
		pid_t r = waitpid(pid, &status, WNOHANG | __WALL);

		if (r == -1 || (r == pid && !WIFSTOPPED(status)))
			return false;
		if (r == pid && status >> 16 == PTRACE_EVENT_STOP)
			return true;
		if (r == pid)
			(void)ptrace(
			    PTRACE_CONT, pid, NULL, (long)WSTOPSIG(status));
		(void)usleep(BESIDE_STOP_US);
	}
	return false;
}

static bool
beside_has_no_filter(const struct beside *b)
{
	char text[BESIDE_STATUS_MAX];
	struct err e = ERR_INIT;

	return beside_read(b->proc, "status", text, &e) == 0 &&
	    strstr(text, "\nSeccomp:\t0\n") != NULL;
}

static bool
beside_is_traced(const struct beside *b)
{
	char text[BESIDE_STATUS_MAX];
	struct err e = ERR_INIT;

	return beside_read(b->proc, "status", text, &e) == 0 &&
	    strstr(text, "\nTracerPid:\t") != NULL &&
	    strstr(text, "\nTracerPid:\t0\n") == NULL;
}

/*
 * The oldest filter, which is the runtime's: a process can only add to it, and
 * one that an agent added to this process is none of the sandbox's.
 */
static void
beside_get_filter(struct beside *b, struct sock_fprog *f)
{
	struct sock_filter *code;
	long n;

	b->filter = BESIDE_FILTER_UNKNOWN;
	if (ptrace(PTRACE_SEIZE, b->pid, NULL, NULL) == -1) {
		b->traced = beside_is_traced(b);
		return;
	}
	if (ptrace(PTRACE_INTERRUPT, b->pid, NULL, NULL) == -1 ||
	    !beside_stopped(b->pid))
		goto out;
	n = ptrace(PTRACE_SECCOMP_GET_FILTER, b->pid, NULL, NULL);
	if (n == -1 && beside_has_no_filter(b))
		b->filter = BESIDE_FILTER_NONE;
	if (n <= 0 || n > BPF_MAXINSNS)
		goto out;
	code = xcalloc((size_t)n, sizeof(*code));
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, b->pid, NULL, code) == n) {
		f->len = (unsigned short)n;
		f->filter = code;
		b->filter = BESIDE_FILTER_SAME;
		b->instructions = (unsigned)n;
	} else {
		free(code);
	}
out:
	(void)ptrace(PTRACE_DETACH, b->pid, NULL, NULL);
}

static int
beside_open_ns(const struct beside *b, struct beside_place *p, struct err *e)
{
	for (int i = 0; i < BESIDE_NS; i++) {
		char own[64] = "", theirs[64] = "";

		if (readlink(beside_ns[i].own, own, sizeof(own) - 1) <= 0 ||
		    readlinkat(b->proc, beside_ns[i].path, theirs,
			sizeof(theirs) - 1) <= 0)
			return err_sys(e, ERR_IO, "%s", beside_ns[i].path);
		if (strcmp(own, theirs) == 0)
			continue;
		p->ns[i] = openat(
		    b->proc, beside_ns[i].path, O_RDONLY | O_CLOEXEC);
		if (p->ns[i] == -1)
			return err_sys(e, ERR_IO, "%s", beside_ns[i].path);
	}
	return 0;
}

/* While it is root: without a user namespace another user may not. */
static int
beside_bound_caps(void)
{
	for (unsigned long c = 0; c < BESIDE_CAPS; c++) {
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1 && errno != EINVAL)
			return -1;
	}
	return 0;
}

static int
beside_give_up_caps(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_capset, &head, none);
}

/* Of the child; where it ends, in words. */
static const char *
beside_become(const struct beside_place *p)
{
	const struct rlimit none = { .rlim_cur = 0 };
	char name[] = "coffer-probe";
	char *const env[] = { NULL };
	char *argv[3] = { name, NULL, NULL };
	char *arg = xstrdup(p->arg);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (int i = 0; i < BESIDE_NS; i++) {
		if (p->ns[i] >= 0 && setns(p->ns[i], beside_ns[i].flag) == -1)
			return beside_ns[i].path;
	}
	if (chdir("/") == -1 || setrlimit(RLIMIT_CORE, &none) == -1)
		return "its root";
	if (beside_bound_caps() == -1)
		return "its bounds of capabilities";
	if (setgroups(0, NULL) == -1 ||
	    setresgid(p->gid, p->gid, p->gid) == -1 ||
	    setresuid(p->uid, p->uid, p->uid) == -1)
		return "its user";
	if (beside_give_up_caps() == -1)
		return "no capability";
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    (p->filter.len > 0 &&
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p->filter) ==
		    -1))
		return "its filter";
	argv[1] = arg;
	(void)fexecve(p->program, argv, env);
	return "the program";
}

static _Noreturn void
beside_child(const struct beside_place *p)
{
	char text[128];
	const char *where;
	int n;

	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(p->end, 0) == -1 || dup2(p->end, 1) == -1 ||
	    dup2(p->end, 2) == -1)
		_exit(126);
	where = beside_become(p);
	n = snprintf(
	    text, sizeof(text), "%s: %s\n", where, strerrorname_np(errno));
	(void)!write(1, text, n > 0 ? (size_t)n : 0);
	_exit(126);
}

static int
beside_fork(struct beside *b, struct beside_place *p, struct err *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return err_sys(e, ERR_IO, "socketpair");
	p->end = ends[1];
	b->child = fork();
	if (b->child == 0)
		beside_child(p);
	(void)close(ends[1]);
	if (b->child == -1) {
		(void)close(ends[0]);
		return err_sys(e, ERR_IO, "fork");
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	b->fd = ends[0];
	return 0;
}

int
beside_start(struct beside *b, struct err *e)
{
	struct beside_place p = { .arg = b->arg, .end = -1 };
	int r = -1;

	b->child = -1;
	b->fd = -1;
	for (int i = 0; i < BESIDE_NS; i++)
		p.ns[i] = -1;
	p.program = open(b->program, O_RDONLY | O_CLOEXEC);
	if (p.program == -1)
		(void)err_sys(e, ERR_IO, "%s", b->program);
	else if (beside_id(b, "\nUid:", "uid_map", &p.uid, e) == 0 &&
	    beside_id(b, "\nGid:", "gid_map", &p.gid, e) == 0 &&
	    beside_open_ns(b, &p, e) == 0) {
		beside_get_filter(b, &p.filter);
		r = beside_fork(b, &p, e);
	}
	for (int i = 0; i < BESIDE_NS; i++) {
		if (p.ns[i] >= 0)
			(void)close(p.ns[i]);
	}
	if (p.program >= 0)
		(void)close(p.program);
	free(p.filter.filter);
	return r;
}

void
beside_stop(struct beside *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	b->fd = -1;
	if (b->child <= 0)
		return;
	(void)kill(b->child, SIGKILL);
	(void)waitpid(b->child, NULL, 0);
	b->child = -1;
}
