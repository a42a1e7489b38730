#include "agentd/sandbox/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/sandbox/shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	SHIM_DRAIN_MS = 2000,
	SHIM_RUNC_LIMIT_MS = 60 * 1000,
	SHIM_CHUNK = 8 << 10,
	SHIM_POLL_MAX_MS = 3600000,
	SHIM_RELEASE_MS = 5000,
	SHIM_CGROUP_TRIES = 50
};

struct shim_pipe {
	int in; /* our end, -1 after end of file */
	int file;
	struct shim_kept kept;
};

enum shim_phase {
	SHIM_STARTING, /* runc is at work */
	SHIM_RUNNING,
	SHIM_DRAINING, /* ended; the rest of its output */
	SHIM_ENDED
};

struct shim {
	const char *dir;
	struct shim_conf conf;
	int alive, ctl, sig;
	int bundle;       /* until it is mounted */
	int sealed;       /* runc itself; -1: it is taken by its path */
	int home;         /* the host's mount namespace */
	int64_t start_by; /* clock_mono_ms: runc is stuck after that */
	struct shim_pipe pipes[2];
	enum shim_phase phase;
	pid_t runc;
	pid_t pid;  /* the container's process 1, our child once runc is gone */
	bool go;    /* the command may run */
	bool begun; /* and does */
	int64_t wall_at; /* clock_mono_ms; 0: never */
	int64_t kill_at; /* after TERM */
	int64_t drain_at;
	struct shim_exit x;
};

static const char *const shim_env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	NULL };

/* One output: a pipe whose inside end belongs to the container's user, so that
 * /dev/stdout can be opened again there. */
static int
shim_open_pipe(struct shim *s, struct shim_pipe *p, const char *name,
    int *inside, struct err *e)
{
	int fds[2];

	p->file = shim_open_log(s->dir, name, e);
	if (p->file == -1)
		return -1;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, ERR_IO, "pipe");
	p->in = fds[0];
	*inside = fds[1];
	if (fchown(fds[1], s->conf.uid, s->conf.uid) == -1 ||
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return err_sys(e, ERR_IO, "pipe");
	return 0;
}

/* Before anything else is opened. */
static int
shim_take_fds(struct shim *s, struct err *e)
{
	if (fcntl(SHIM_FD_BUNDLE, F_SETFD, FD_CLOEXEC) == -1)
		return err_set(e, ERR_INVALID, "there is no bundle");
	s->bundle = SHIM_FD_BUNDLE;
	if (fcntl(SHIM_FD_RUNC, F_GET_SEALS) > 0 &&
	    fcntl(SHIM_FD_RUNC, F_SETFD, FD_CLOEXEC) == 0)
		s->sealed = SHIM_FD_RUNC;
	return 0;
}

static int
shim_load(struct shim *s, struct err *e)
{
	AUTO_FREE char *done = path_join(s->dir, "exit.json");

	if (shim_take_fds(s, e) == -1)
		return -1;
	if (access(done, F_OK) == 0)
		return err_set(e, ERR_EXISTS, "%s is there already", done);
	if (shim_conf_load(s->dir, &s->conf, e) == -1)
		return -1;
	return shim_open_orders(s->dir, &s->alive, &s->ctl, e);
}

static int
shim_catch_signals(struct shim *s, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return err_sys(e, ERR_IO, "signals");
	s->sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->sig == -1)
		return err_sys(e, ERR_IO, "signals");
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* runc with arguments; fds: what becomes 0, 1 and 2; -1 is /dev/null. */
static int
shim_spawn(const struct shim *s, const char *const *argv, const int fds[3],
    pid_t *pid, struct err *e)
{
	AUTO_FREE char *sealed = xasprintf("/proc/self/fd/%d", s->sealed);
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none;
	sigset_t all;
	char *const *args;
	char *const *env;
	const char *const *fixed = shim_env;
	int r = 0;

	/* posix_spawn(3) does not write to them; its type cannot say so. */
	memcpy(&args, &argv, sizeof(args));
	memcpy(&env, &fixed, sizeof(env));
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawnattr_init(&at);
	(void)posix_spawnattr_setsigmask(&at, &none);
	(void)posix_spawnattr_setsigdefault(&at, &all);
	(void)posix_spawnattr_setflags(
	    &at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; i < 3 && r == 0; i++)
		r = fds[i] == -1
		    ? posix_spawn_file_actions_addopen(
			  &fa, i, "/dev/null", O_RDWR, 0)
		    : posix_spawn_file_actions_adddup2(&fa, fds[i], i);
	if (r == 0)
		r = posix_spawn(pid, s->sealed != -1 ? sealed : argv[0], &fa,
		    &at, args, env);
	/* A host that starts nothing from memory. */
	if (s->sealed != -1 && (r == EACCES || r == EPERM))
		r = posix_spawn(pid, argv[0], &fa, &at, args, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)posix_spawnattr_destroy(&at);
	if (r != 0) {
		errno = r;
		return err_sys(e, ERR_IO, "start %s", argv[0]);
	}
	return 0;
}

/*
 * The bundle of a joined namespace names none: what runc starts inherits ours.
 * So being in the right one, and out of the host's, is proved here.
 */
static int
shim_join_netns(const struct shim *s, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/run/netns/%s", s->conf.netns);
	AUTO_CLOSE int ns = open(path, O_RDONLY | O_CLOEXEC);
	struct stat host;
	struct stat want;
	struct stat now;

	if (ns == -1 || fstat(ns, &want) == -1 ||
	    stat("/proc/self/ns/net", &host) == -1)
		return err_sys(e, ERR_NOTFOUND, "namespace %s", s->conf.netns);
	if (setns(ns, CLONE_NEWNET) == -1 ||
	    stat("/proc/self/ns/net", &now) == -1)
		return err_sys(e, ERR_IO, "namespace %s", s->conf.netns);
	if (now.st_ino != want.st_ino || now.st_dev != want.st_dev ||
	    now.st_ino == host.st_ino)
		return err_set(e, ERR_INTERNAL,
		    "namespace %s is the host's own", s->conf.netns);
	return 0;
}

/* Where runc finds it, in this mount namespace only. */
static int
shim_mount_bundle(struct shim *s, struct err *e)
{
	AUTO_FREE char *to = path_join(s->dir, "bundle");

	if (move_mount(s->bundle, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) ==
	    -1)
		return err_sys(e, ERR_IO, "mount %s", to);
	(void)close(s->bundle);
	s->bundle = -1;
	return 0;
}

/*
 * A mount namespace of its own until the container has started, so that the
 * mounts below are seen by nobody and vanish, and one bind per source, from a
 * descriptor: whoever can write beside the source cannot put a link there
 * between the check and the mount.
 */
static int
shim_bind_sources(struct shim *s, struct err *e)
{
	s->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (s->home == -1)
		return err_sys(e, ERR_IO, "mount namespace");
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) == -1)
		return err_sys(e, ERR_IO, "mount namespace");
	if (shim_mount_bundle(s, e) == -1)
		return -1;
	for (size_t i = 0; i < s->conf.n_sources; i++) {
		const char *src = s->conf.sources[i];
		AUTO_CLOSE int fd = spec_open_source(src, true, e);
		AUTO_FREE char *from = xasprintf("/proc/self/fd/%d", fd);
		AUTO_FREE char *to = xasprintf(
		    "%s/bundle/source/%zu", s->dir, i);

		if (fd == -1)
			return err_wrap(e, "mount");
		if (mount(from, to, NULL, MS_BIND, NULL) == -1)
			return err_sys(e, ERR_IO, "mount %s", src);
	}
	return 0;
}

/* Back, or this process would keep alive every mount of that moment. */
static void
shim_leave_mounts(struct shim *s)
{
	if (s->home == -1)
		return;
	(void)setns(s->home, CLONE_NEWNS);
	(void)close(s->home);
	s->home = -1;
}

static int
shim_start_runc(struct shim *s, struct err *e)
{
	AUTO_FREE char *log = path_join(s->dir, "runc.log");
	AUTO_FREE char *pidfile = path_join(s->dir, "pid");
	AUTO_FREE char *bundle = path_join(s->dir, "bundle");
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int err = -1;
	const char *const argv[] = { s->conf.runc, "--root", s->conf.state,
		"--log", log, "--log-format", "json", "run", "--bundle", bundle,
		"--pid-file", pidfile, "--detach", s->conf.id, NULL };
	const char *const held[] = { s->conf.runc, "--root", s->conf.state,
		"--log", log, "--log-format", "json", "create", "--bundle",
		bundle, "--pid-file", pidfile, s->conf.id, NULL };

	if (s->conf.stdin_path != NULL) {
		in = shim_open_stdin(s->conf.stdin_path, e);
		if (in == -1)
			return -1;
	}
	if (shim_open_pipe(s, &s->pipes[0], "out.log", &out, e) == -1)
		return -1;
	if (s->conf.split &&
	    shim_open_pipe(s, &s->pipes[1], "err.log", &err, e) == -1)
		return -1;
	return shim_spawn(s, s->conf.hold ? held : argv,
	    (const int[3]){ in, out, s->conf.split ? err : out }, &s->runc, e);
}

/* Up to one chunk. */
static struct shim_log
shim_pipe_log(const struct shim *s, const struct shim_pipe *p)
{
	return (struct shim_log){ .file = p->file,
		.alive = s->alive,
		.limit = s->conf.limit,
		.tail = s->conf.tail };
}

static void
shim_pipe_read(struct shim *s, struct shim_pipe *p)
{
	const struct shim_log log = shim_pipe_log(s, p);
	char buf[SHIM_CHUNK];
	ssize_t n = read(p->in, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		(void)close(p->in);
		p->in = -1;
		return;
	}
	shim_keep(
	    &log, (struct view){ .p = buf, .len = (size_t)n }, &p->kept, &s->x);
}

static void
shim_kill(struct shim *s)
{
	(void)cgroup_signal(s->conf.cgroup, SIGKILL);
	if (s->pid > 0)
		(void)kill(s->pid, SIGKILL);
	cgroup_thaw(s->conf.cgroup);
	s->kill_at = clock_mono_ms() + SHIM_GRACE_MS; /* and again */
}

bool
shim_init_catches_term(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", (int)pid);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	const char *p;

	if (path_read(path, 16 << 10, &text, &e) == -1)
		return false;
	p = strstr(str_cstr(&text), "SigCgt:");
	return p != NULL &&
	    (strtoull(p + 7, NULL, 16) & (1ull << (SIGTERM - 1))) != 0;
}

static void
shim_stop(struct shim *s)
{
	int n;

	if (s->kill_at != 0)
		return;
	if (!s->begun && s->pid > 0) {
		shim_kill(s);
		return;
	}
	cgroup_thaw(s->conf.cgroup);
	n = cgroup_signal(s->conf.cgroup, SIGTERM);
	s->kill_at = clock_mono_ms() + SHIM_GRACE_MS;
	if (n <= 1 && s->pid > 0 && !shim_init_catches_term(s->pid))
		shim_kill(s);
}

static void
shim_on_end(struct shim *s, int status)
{
	s->x.ended_at = clock_now_ms();
	s->x.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	s->x.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	s->phase = SHIM_DRAINING;
	s->drain_at = clock_mono_ms() + SHIM_DRAIN_MS;
}

/*
 * What `runc start` does, without one more runc: the container's first process
 * waits for somebody to read from this FIFO, and then becomes the command.
 */
static int
shim_release(const struct shim *s)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/%s/exec.fifo", s->conf.state, s->conf.id);
	AUTO_CLOSE int fd = open(
	    path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	if (fd == -1 || poll(&p, 1, SHIM_RELEASE_MS) != 1 ||
	    read(fd, &byte, 1) != 1)
		return -1;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return unlink(path);
}

/* The command runs from here on, if it may and is there. */
static void
shim_begin(struct shim *s)
{
	if (s->begun || !s->go || s->phase != SHIM_RUNNING || s->kill_at != 0)
		return;
	if (s->conf.hold && shim_release(s) == -1) {
		(void)snprintf(s->x.error, sizeof(s->x.error),
		    "the container did not begin when it was told to");
		shim_kill(s);
		return;
	}
	s->begun = true;
	s->x.started_at = clock_now_ms();
	if (s->conf.hold)
		s->wall_at = s->conf.wall_ms > 0
		    ? clock_mono_ms() + s->conf.wall_ms
		    : 0;
	shim_mark_started(s->dir, s->alive);
}

static void
shim_on_runc_end(struct shim *s, int status)
{
	AUTO_FREE char *path = path_join(s->dir, "pid");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	int64_t pid = 0;

	s->runc = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    path_read(path, 32, &text, &e) == 0 &&
	    num_i64(str_cstr(&text), 2, INT32_MAX, &pid, &e) == 0) {
		s->pid = (pid_t)pid;
		s->phase = SHIM_RUNNING;
		shim_begin(s);
		return;
	}
	s->x.exit_code = -1;
	s->x.ended_at = clock_now_ms();
	shim_runc_error(s->dir, s->x.error, sizeof(s->x.error));
	if (s->x.error[0] == '\0')
		(void)snprintf(s->x.error, sizeof(s->x.error),
		    "runc ended with wait status %d and said nothing", status);
	s->phase = SHIM_DRAINING;
	s->drain_at = clock_mono_ms() + SHIM_DRAIN_MS;
}

/* Until runc is gone its orphans are left alone: one of them is process 1. */
static void
shim_reap(struct shim *s)
{
	int status;
	pid_t pid;

	if (s->runc != 0) {
		if (waitpid(s->runc, &status, WNOHANG) != s->runc)
			return;
		shim_on_runc_end(s, status);
		/* It may take long: nobody waits for it any more. */
		shim_leave_mounts(s);
	}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->pid) {
			s->pid = 0;
			shim_on_end(s, status);
		}
	}
	/* Its process 1 is not ours to wait for: it cannot be followed. */
	if (s->phase == SHIM_RUNNING && s->pid > 0 && kill(s->pid, 0) == -1 &&
	    errno == ESRCH)
		shim_on_end(s, 0x7f00);
}

static void
shim_on_signal(struct shim *s)
{
	struct signalfd_siginfo si;

	while (read(s->sig, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGTERM) {
			s->x.stopped = true;
			shim_stop(s);
		}
	}
	shim_reap(s);
}

static void
shim_on_order(struct shim *s)
{
	char order;

	while (read(s->ctl, &order, 1) == 1) {
		if (order == SHIM_GO) {
			s->go = true;
			shim_begin(s);
		}
		if (order != SHIM_STOP && order != SHIM_KILL)
			continue;
		s->x.stopped = true;
		if (order == SHIM_KILL)
			shim_kill(s);
		else
			shim_stop(s);
	}
}

static int
shim_timeout(const struct shim *s, int64_t now)
{
	int64_t at = INT64_MAX;

	if (s->wall_at != 0 && s->wall_at < at)
		at = s->wall_at;
	if (s->kill_at != 0 && s->kill_at < at)
		at = s->kill_at;
	if (s->phase == SHIM_DRAINING && s->drain_at < at)
		at = s->drain_at;
	if (s->phase == SHIM_STARTING && s->start_by < at)
		at = s->start_by;
	if (at == INT64_MAX)
		return -1;
	if (at <= now)
		return 0;
	return at - now > SHIM_POLL_MAX_MS ? SHIM_POLL_MAX_MS : (int)(at - now);
}

static void
shim_on_time(struct shim *s, int64_t now)
{
	if (s->phase == SHIM_DRAINING) {
		if (now >= s->drain_at ||
		    (s->pipes[0].in == -1 && s->pipes[1].in == -1))
			s->phase = SHIM_ENDED;
		return;
	}
	if (s->phase == SHIM_STARTING && now >= s->start_by) {
		s->start_by = now + SHIM_GRACE_MS;
		(void)kill(s->runc, SIGKILL);
		(void)cgroup_signal(s->conf.cgroup, SIGKILL);
	}
	if (s->wall_at != 0 && now >= s->wall_at) {
		s->wall_at = 0;
		s->x.timed_out = true;
		shim_stop(s);
	}
	if (s->kill_at != 0 && now >= s->kill_at)
		shim_kill(s);
}

static void
shim_loop(struct shim *s)
{
	while (s->phase != SHIM_ENDED) {
		struct pollfd p[4] = {
			{ .fd = s->sig, .events = POLLIN },
			{ .fd = s->ctl, .events = POLLIN },
			{ .fd = s->pipes[0].in, .events = POLLIN },
			{ .fd = s->pipes[1].in, .events = POLLIN },
		};
		int n = poll(p, 4, shim_timeout(s, clock_mono_ms()));

		if (n == -1 && errno != EINTR)
			break;
		if (p[0].revents != 0)
			shim_on_signal(s);
		if (p[1].revents != 0)
			shim_on_order(s);
		for (int i = 0; i < 2; i++) {
			if (p[2 + i].revents != 0)
				shim_pipe_read(s, &s->pipes[i]);
		}
		shim_on_time(s, clock_mono_ms());
	}
}

/*
 * What runc's delete does for a container that has ended, without the time of
 * one more runc: cgroups and the state folder.  False: let runc try.
 */
static bool
shim_delete_quick(struct shim *s)
{
	AUTO_FREE char *state = path_join(s->conf.state, s->conf.id);
	struct err e = ERR_INIT;
	int tries = 0;

	/* The last process may still be on its way out. */
	while (!cgroup_remove_all(s->conf.cgroup)) {
		if (++tries > SHIM_CGROUP_TRIES)
			return false;
		(void)poll(NULL, 0, 1);
	}
	return access(state, F_OK) == -1 || path_rmtree(state, &e) == 0;
}

/* What runc keeps of it goes before the exit is told. */
static void
shim_delete(struct shim *s)
{
	const char *const argv[] = { s->conf.runc, "--root", s->conf.state,
		"delete", "--force", s->conf.id, NULL };
	struct err e = ERR_INIT;
	int64_t until = clock_mono_ms() + SHIM_RUNC_LIMIT_MS;
	pid_t pid = 0;

	if (shim_spawn(s, argv, (const int[3]){ -1, -1, -1 }, &pid, &e) == -1)
		return;
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		struct pollfd p = { .fd = s->sig, .events = POLLIN };
		struct signalfd_siginfo si;

		if (clock_mono_ms() > until) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return;
		}
		(void)poll(&p, 1, 1000);
		(void)!read(s->sig, &si, sizeof(si));
	}
}

static int
shim_finish(struct shim *s)
{
	AUTO_FREE char *path = path_join(s->dir, "exit.json");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		const struct shim_log log = shim_pipe_log(s, &s->pipes[i]);

		shim_keep_end(&log, &s->pipes[i].kept, &s->x);
	}
	s->x.oom = cgroup_was_oom(s->conf.cgroup);
	if (!shim_delete_quick(s))
		shim_delete(s);
	shim_exit_write(&s->x, &text);
	if (path_replace(path, text.p, text.len, 0600, &e) == -1)
		return 1;
	return 0;
}

static int
shim_stay(struct shim *s)
{
	struct err e = ERR_INIT;

	shim_detach("coffer-shim");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	s->go = !s->conf.hold;
	if (s->conf.hold)
		s->wall_at = clock_mono_ms() + SHIM_HOLD_MS;
	else if (s->conf.wall_ms > 0)
		s->wall_at = clock_mono_ms() + s->conf.wall_ms;
	s->start_by = clock_mono_ms() + SHIM_RUNC_LIMIT_MS;
	if (shim_catch_signals(s, &e) == -1 ||
	    (s->conf.netns != NULL && shim_join_netns(s, &e) == -1) ||
	    shim_bind_sources(s, &e) == -1 || shim_start_runc(s, &e) == -1) {
		s->x.exit_code = -1;
		s->x.ended_at = clock_now_ms();
		(void)snprintf(s->x.error, sizeof(s->x.error), "%s", e.msg);
	} else {
		shim_loop(s);
	}
	return shim_finish(s);
}

int
shim_main(const char *dir)
{
	struct shim s = {
		.dir = dir,
		.alive = -1,
		.ctl = -1,
		.sig = -1,
		.bundle = -1,
		.sealed = -1,
		.home = -1,
		.pipes = { { .in = -1, .file = -1 }, { .in = -1, .file = -1 } },
		.x = { .exit_code = -1 },
	};
	struct err e = ERR_INIT;
	pid_t pid;
	int r;

	r = shim_load(&s, &e);
	pid = r == -1 ? -1 : fork();
	if (r == 0 && pid == -1)
		r = err_sys(&e, ERR_IO, "fork");
	if (r == -1)
		(void)fprintf(stderr, "shim: %s\n", e.msg);
	else if (pid == 0)
		r = shim_stay(&s);
	/* In the parent: started.  DIR/alive is held open by the other. */
	shim_conf_release(&s.conf);
	return r == 0 ? 0 : 1;
}
