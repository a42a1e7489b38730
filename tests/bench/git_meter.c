/*
 * git_meter: what one command costs the servers that answer it.
 *   git_meter [--group NAME | --pid PID,PID...] [--every MS] -- COMMAND...
 * runs COMMAND and prints "WALL_MS CPU_MS PEAK_KB STATUS": the processor time
 * of a group of control groups (cpuacct v1 or v2), or of the trees of
 * processes under the pids where there is none, and with --every the most
 * private memory that they held together.  The command's output is on stderr.
 */
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/opt.h"

enum {
	METER_PIDS_MAX = 4096,
	METER_ROOTS_MAX = 16,
	METER_SETTLE_MS = 40,
	METER_TEXT = 4096
};

struct meter {
	const char *group;
	const char *pids;
	uint64_t every_ms; /* 0: memory is not looked at */
	char cpu_file[512], procs_file[512];
	bool v2;
	long roots[METER_ROOTS_MAX];
	size_t n_roots;
	long pid[METER_PIDS_MAX];
	size_t n_pids;
	double peak_kb;
};

static double
meter_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
meter_sleep(uint64_t ms)
{
	const struct timespec ts = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static bool
meter_text(const char *path, char out[METER_TEXT])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, out, METER_TEXT - 1);

	if (fd != -1)
		(void)close(fd);
	out[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

struct meter_stat {
	long parent;
	double cpu_ms; /* with the children it has waited for */
};

static bool
meter_stat(long pid, struct meter_stat *out)
{
	char path[64], text[METER_TEXT], *p;
	unsigned long t[4];

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (!meter_text(path, text) || (p = strrchr(text, ')')) == NULL ||
	    /* NOLINTNEXTLINE(cert-err34-c) the kernel's own numbers */
	    sscanf(p + 1,
		" %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		"%lu %lu %lu %lu",
		&out->parent, &t[0], &t[1], &t[2], &t[3]) != 5)
		return false;
	out->cpu_ms = (double)(t[0] + t[1] + t[2] + t[3]) * 1e3 /
	    (double)sysconf(_SC_CLK_TCK);
	return true;
}

static void
meter_add(struct meter *m, long pid)
{
	if (m->n_pids < METER_PIDS_MAX)
		m->pid[m->n_pids++] = pid;
}

static bool
meter_has(const struct meter *m, long pid)
{
	for (size_t i = 0; i < m->n_pids; i++)
		if (m->pid[i] == pid)
			return true;
	return false;
}

/* The roots and everything under them; a new process mostly has a higher
 * number than its parent. */
static void
meter_list_tree(struct meter *m)
{
	DIR *d = opendir("/proc");
	const struct dirent *de;
	struct meter_stat st;

	m->n_pids = 0;
	for (size_t i = 0; i < m->n_roots; i++)
		meter_add(m, m->roots[i]);
	while (d != NULL && (de = readdir(d)) != NULL) {
		long pid = strtol(de->d_name, NULL, 10);

		if (pid > 0 && !meter_has(m, pid) && meter_stat(pid, &st) &&
		    meter_has(m, st.parent))
			meter_add(m, pid);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void
meter_list_group(struct meter *m)
{
	FILE *f = fopen(m->procs_file, "re");
	char line[32];

	m->n_pids = 0;
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		meter_add(m, strtol(line, NULL, 10));
	if (f != NULL)
		(void)fclose(f);
}

static void
meter_list(struct meter *m)
{
	if (m->group != NULL)
		meter_list_group(m);
	else
		meter_list_tree(m);
}

static double
meter_cpu(struct meter *m)
{
	char text[METER_TEXT];
	struct meter_stat st;
	double sum = 0;

	if (m->group != NULL) {
		const char *p = text;

		if (!meter_text(m->cpu_file, text))
			return 0;
		if (m->v2 && (p = strstr(text, "usage_usec ")) != NULL)
			return strtod(p + strlen("usage_usec "), NULL) / 1e3;
		return p == NULL ? 0 : strtod(p, NULL) / 1e6;
	}
	meter_list(m);
	for (size_t i = 0; i < m->n_pids; i++)
		if (meter_stat(m->pid[i], &st))
			sum += st.cpu_ms;
	return sum;
}

static void
meter_memory(struct meter *m)
{
	double sum = 0;

	meter_list(m);
	for (size_t i = 0; i < m->n_pids; i++) {
		char path[64], text[METER_TEXT];
		unsigned long resident, shared;

		(void)snprintf(
		    path, sizeof(path), "/proc/%ld/statm", m->pid[i]);
		/* NOLINTNEXTLINE(cert-err34-c) the kernel's own numbers */
		if (meter_text(path, text) &&
		    sscanf(text, "%*u %lu %lu", &resident, &shared) == 2)
			sum += (double)(resident - shared) *
			    (double)sysconf(_SC_PAGESIZE) / 1024;
	}
	if (sum > m->peak_kb)
		m->peak_kb = sum;
}

static void
meter_place(struct meter *m)
{
	char *end;

	if (m->group != NULL) {
		(void)snprintf(m->cpu_file, sizeof(m->cpu_file),
		    "/sys/fs/cgroup/cpuacct/%s/cpuacct.usage", m->group);
		(void)snprintf(m->procs_file, sizeof(m->procs_file),
		    "/sys/fs/cgroup/cpuacct/%s/cgroup.procs", m->group);
		m->v2 = access(m->cpu_file, R_OK) != 0;
		if (m->v2) {
			(void)snprintf(m->cpu_file, sizeof(m->cpu_file),
			    "/sys/fs/cgroup/%s/cpu.stat", m->group);
			(void)snprintf(m->procs_file, sizeof(m->procs_file),
			    "/sys/fs/cgroup/%s/cgroup.procs", m->group);
		}
		return;
	}
	for (const char *p = m->pids;
	     p != NULL && *p != '\0' && m->n_roots < METER_ROOTS_MAX;
	     p = *end == ',' ? end + 1 : end) {
		m->roots[m->n_roots] = strtol(p, &end, 10);
		if (end == p)
			break;
		m->n_roots++;
	}
}

static int
meter_run(struct meter *m, char **argv)
{
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int status = 0, rc;

	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_adddup2(
	    &fa, STDERR_FILENO, STDOUT_FILENO);
	rc = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	if (rc != 0)
		return 127;
	while (m->every_ms > 0 && waitpid(pid, &status, WNOHANG) == 0) {
		meter_memory(m);
		meter_sleep(m->every_ms);
	}
	if (m->every_ms == 0)
		(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int
main(int argc, char **argv)
{
	static struct meter m;
	const struct opt opts[] = {
		{ 0, "group", OPT_STR, &m.group, "NAME", "a control group" },
		{ 0, "pid", OPT_STR, &m.pids, "PID,...", "trees of processes" },
		{ 0, "every", OPT_U64, &m.every_ms, "MS", "look at memory" },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	struct err e = ERR_INIT;
	double cpu, wall;
	int status;

	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc < 1) {
		opt_usage(stderr, "git_meter [OPTION...] -- COMMAND...", opts);
		return 2;
	}
	meter_place(&m);
	cpu = meter_cpu(&m);
	wall = meter_ms();
	status = meter_run(&m, argv);
	wall = meter_ms() - wall;
	meter_sleep(METER_SETTLE_MS);
	(void)printf("%.3f %.3f %.0f %d\n", wall, meter_cpu(&m) - cpu,
	    m.peak_kb, status);
	return status;
}
