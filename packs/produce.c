#include "packs/produce.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "packs/counts.h"
#include "packs/entry.h"
#include "packs/request.h"

enum {
	PRODUCE_STEP = 128 << 10,
	PRODUCE_FD = 3,  /* the entry, with the lock */
	PRODUCE_DIR = 4, /* of the project */
	PRODUCE_HIGH = 16
};

struct produce {
	struct entry *en;
	pid_t git;
	int err; /* git's standard error */
	uint64_t max;
	uint64_t said;
	char last[512]; /* the end of what git said */
	size_t last_n;
	uint64_t summed; /* bytes in crc */
	uint32_t crc;
	uint32_t *pulse;
	uint64_t seen; /* the file's size */
	int quiet;     /* looks without growth */
	bool unnamed;  /* too long to keep */
	int64_t deadline;
	int64_t alone; /* since when; 0: somebody follows */
};

static const char produce_full_file[] = "../full";

/* Bytes of the packs of the repository we stand in, or of other files there. */
static uint64_t
produce_repo_size(const char *suffix)
{
	DIR *d = opendir("objects/pack");
	uint64_t sum = 0;
	struct dirent *x;
	struct stat st;

	if (d == NULL)
		return 0;
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL) {
		const char *dot = strrchr(x->d_name, '.');

		if (dot != NULL && strcmp(dot, suffix) == 0 &&
		    fstatat(dirfd(d), x->d_name, &st, 0) == 0)
			sum += (uint64_t)st.st_size;
	}
	(void)closedir(d);
	return sum;
}

bool
produce_is_copy(void)
{
	return produce_repo_size(".bitmap") > 0 &&
	    produce_repo_size(".pack") >= PRODUCE_LARGE;
}

int
produce_room(int dir, uint64_t all, struct err *e)
{
	int64_t now = clock_now_ms() / 1000;
	struct statvfs vfs;
	struct stat st;

	if (fstatat(dir, produce_full_file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime <= now && st.st_mtime + PRODUCE_FULL_S > now)
		return err_set(e, ERR_LIMIT, "the disk was full just now");
	if (counts_bytes(dir) > all)
		return err_set(e, ERR_LIMIT, "more is kept than allowed");
	if (fstatvfs(dir, &vfs) == -1)
		return err_sys(e, ERR_IO, "ask for free space");
	if ((uint64_t)vfs.f_bavail * vfs.f_frsize <
	    produce_repo_size(".pack") + PRODUCE_SPARE)
		return err_set(e, ERR_LIMIT, "the disk is nearly full");
	return 0;
}

/* What was written since the last time goes into the sum. */
static int
produce_sum(struct produce *p)
{
	struct stat st;

	if (fstat(PRODUCE_FD, &st) == -1)
		return -1;
	if (st.st_size <= ENTRY_HEAD)
		return 0;
	return entry_sum(
	    PRODUCE_FD, &p->summed, (uint64_t)st.st_size - ENTRY_HEAD, &p->crc);
}

static void
produce_fail(struct produce *p, enum entry_why why)
{
	struct entry_head h = { .state = ENTRY_FAILED, .why = why };
	struct err e = ERR_INIT;

	entry_unlink(PRODUCE_DIR, p->en->key, PRODUCE_FD);
	memcpy(h.boot, p->en->boot, sizeof(h.boot));
	(void)entry_write_head(PRODUCE_FD, &h, &e);
	counts_add(
	    PRODUCE_DIR, why == ENTRY_ALONE ? COUNTS_ABANDONED : COUNTS_FAILED);
	/* Room for others at once, though followers keep the file open. */
	if (why == ENTRY_FULL) {
		int rc = ftruncate(PRODUCE_FD, ENTRY_HEAD), fd;

		(void)rc; /* then the sweep takes it */
		fd = openat(PRODUCE_DIR, produce_full_file,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		    0600);
		if (fd != -1) {
			(void)futimens(fd, NULL);
			(void)close(fd);
		}
	}
}

static int
produce_finish(struct produce *p, struct err *e)
{
	struct entry_head h = { .state = ENTRY_WHOLE };
	struct stat st;

	if (produce_sum(p) == -1 || fstat(PRODUCE_FD, &st) == -1 ||
	    (uint64_t)st.st_size != p->summed + ENTRY_HEAD ||
	    p->summed < ENTRY_PACK_MIN ||
	    pread(PRODUCE_FD, h.tail, ENTRY_TAIL, st.st_size - ENTRY_TAIL) !=
		ENTRY_TAIL)
		return err_set(e, ERR_IO, "a pack cannot be read back");
	h.size = p->summed;
	h.crc = p->crc;
	memcpy(h.boot, p->en->boot, sizeof(h.boot));
	if (!p->unnamed)
		counts_add_bytes(PRODUCE_DIR, h.size + ENTRY_HEAD);
	return entry_write_head(PRODUCE_FD, &h, e);
}

static bool
produce_disk_full(const struct produce *p)
{
	struct statvfs vfs;

	if (strstr(p->last, "No space left") != NULL ||
	    strstr(p->last, "Out of diskspace") != NULL ||
	    strstr(p->last, "quota") != NULL)
		return true;
	return fstatvfs(PRODUCE_FD, &vfs) == 0 &&
	    (uint64_t)vfs.f_bavail * vfs.f_frsize < PRODUCE_STEP;
}

static void
produce_kill(struct produce *p)
{
	int status;

	(void)kill(p->git, SIGKILL);
	while (waitpid(p->git, &status, 0) == -1 && errno == EINTR)
		;
	p->git = -1;
}

/* git closed its standard error, or exited. */
static void
produce_end(struct produce *p)
{
	struct err e = ERR_INIT;
	int status = 0;

	while (waitpid(p->git, &status, 0) == -1)
		if (errno != EINTR)
			break;
	p->git = -1;
	if (status == 0 && produce_finish(p, &e) == 0)
		return;
	produce_fail(p, produce_disk_full(p) ? ENTRY_FULL : ENTRY_GIT);
}

/* False: git's standard error has ended. */
static bool
produce_hear(struct produce *p)
{
	char buf[1024];
	ssize_t n = read(p->err, buf, sizeof(buf));
	size_t keep = sizeof(p->last) - 1;

	if (n <= 0)
		return n == -1 && errno == EINTR;
	entry_say(PRODUCE_FD, &p->said, buf, (size_t)n);
	entry_pulse(p->pulse);
	if ((size_t)n < keep && p->last_n + (size_t)n > keep) {
		size_t drop = p->last_n + (size_t)n - keep;

		memmove(p->last, p->last + drop, p->last_n - drop);
		p->last_n -= drop;
	}
	if ((size_t)n >= keep) {
		memcpy(p->last, buf + (size_t)n - keep, keep);
		p->last_n = keep;
	} else {
		memcpy(p->last + p->last_n, buf, (size_t)n);
		p->last_n += (size_t)n;
	}
	p->last[p->last_n] = '\0';
	return true;
}

/* False: it is over, and said so. */
static bool
produce_tick(struct produce *p, int64_t now)
{
	struct stat st;

	(void)produce_sum(p);
	if (!p->unnamed && fstat(PRODUCE_FD, &st) == 0 &&
	    (uint64_t)st.st_size > p->max) {
		entry_unlink(PRODUCE_DIR, p->en->key, PRODUCE_FD);
		p->unnamed = true;
	}
	if (entry_followed(PRODUCE_FD)) {
		p->alone = 0;
		if (now < p->deadline)
			return true;
		produce_kill(p);
		produce_fail(p, ENTRY_LIMIT);
		return false;
	}
	if (p->alone == 0)
		p->alone = now;
	if (now - p->alone < PRODUCE_ALONE_MS)
		return true;
	/* The name first: who comes now computes it anew. */
	entry_unlink(PRODUCE_DIR, p->en->key, PRODUCE_FD);
	if (!p->unnamed && entry_followed(PRODUCE_FD)) {
		/* Somebody came at the last moment. */
		p->unnamed = true;
		p->alone = 0;
		return true;
	}
	produce_kill(p);
	produce_fail(p, ENTRY_ALONE);
	return false;
}

/* Tells of growth; ms until the next look. */
static int
produce_look(struct produce *p)
{
	struct stat st;

	if (fstat(PRODUCE_FD, &st) == 0 && (uint64_t)st.st_size != p->seen) {
		p->seen = (uint64_t)st.st_size;
		p->quiet = 0;
		entry_pulse(p->pulse);
	}
	if (p->quiet >= PRODUCE_TICK_MS)
		return PRODUCE_QUIET_MS;
	p->quiet++;
	return PRODUCE_LOOK_MS;
}

static void
produce_run(struct produce *p)
{
	struct pollfd pf = { .fd = p->err, .events = POLLIN };
	int64_t next = clock_mono_ms() + PRODUCE_TICK_MS;

	p->deadline = clock_mono_ms() + PRODUCE_WALL_MS;
	for (;;) {
		int64_t now = clock_mono_ms();

		if (now >= next) {
			if (!produce_tick(p, now))
				return;
			next = now + PRODUCE_TICK_MS;
		}
		if (poll(&pf, 1, produce_look(p)) > 0 && !produce_hear(p)) {
			produce_end(p);
			return;
		}
	}
}

/* A test keeps a computation at its start as long as it likes. */
static void
produce_hold(void)
{
#ifdef COFFER_TEST
	static const struct timespec nap = { .tv_nsec = 5000000 };
	struct stat st;

	while (fstatat(PRODUCE_DIR, "../hold", &st, 0) == 0)
		(void)nanosleep(&nap, NULL);
#endif
}

/* In the child that becomes git. */
static _Noreturn void
produce_be_git(struct request *r, pid_t parent, int err)
{
	struct err e = ERR_INIT;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent ||
	    lseek(PRODUCE_FD, ENTRY_HEAD, SEEK_SET) == -1 ||
	    dup2(PRODUCE_FD, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1)
		_exit(127);
	produce_hold();
	(void)request_exec(r, &e);
	(void)dprintf(STDERR_FILENO, "fatal: cofferd: %s\n", e.msg);
	_exit(127);
}

static int
produce_spawn(struct produce *p, struct request *r)
{
	pid_t self = getpid();
	int err[2];

	if (pipe2(err, O_CLOEXEC) == -1)
		return -1;
	p->git = fork();
	if (p->git == 0)
		produce_be_git(r, self, err[1]);
	(void)close(err[1]);
	p->err = err[0];
	return p->git == -1 ? -1 : 0;
}

/* Nothing of the request that started us stays: not its session, not its
 * pipes, whose end others wait for. */
static int
produce_detach(const struct entry *en)
{
	int fd = fcntl(en->pfd, F_DUPFD_CLOEXEC, PRODUCE_HIGH);
	int dir = fcntl(en->dir, F_DUPFD_CLOEXEC, PRODUCE_HIGH);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1 || dir == -1 || null == -1 || setsid() == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 ||
	    dup3(fd, PRODUCE_FD, O_CLOEXEC) == -1 ||
	    dup3(dir, PRODUCE_DIR, O_CLOEXEC) == -1)
		return -1;
	return close_range(PRODUCE_DIR + 1, ~0U, 0);
}

static _Noreturn void
produce_main(struct entry *en, struct request *r, uint64_t max)
{
	struct produce p = { .en = en, .git = -1, .err = -1, .max = max };

	/* Its lock is the producer's only when the follower's file is shut. */
	if (produce_detach(en) == -1)
		_exit(1);
	(void)prctl(PR_SET_NAME, "packs-producer");
	if (produce_spawn(&p, r) == -1) {
		produce_fail(&p, ENTRY_GIT);
		_exit(1);
	}
	(void)dup2(STDERR_FILENO, STDIN_FILENO); /* git has the revisions */
	p.pulse = entry_pulse_map(PRODUCE_FD);
	produce_run(&p);
	entry_pulse(p.pulse);
	_exit(0);
}

int
produce_start(struct entry *en, struct request *r, uint64_t max, struct err *e)
{
	pid_t pid;

	if (request_rewind(r, e) == -1)
		return -1;
	pid = fork();
	if (pid == -1)
		return err_sys(e, ERR_LIMIT, "start the producer");
	if (pid == 0)
		produce_main(en, r, max);
	(void)close(en->pfd);
	en->pfd = -1;
	return 0;
}
