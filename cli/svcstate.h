/*
 * svcstate: HOME/run/services.json, what the supervisor runs now, and the
 * lock HOME/run/coffer.pid that makes it the only one.  `down` and `status`
 * read them; a process is recognised by pid and start time, so that a reused
 * pid is never signalled.
 */
#ifndef CLI_SVCSTATE_H
#define CLI_SVCSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum {
	SVCSTATE_MAX = 8,
	SVCSTATE_NAME_MAX = 32
};

struct svcstate {
	char name[SVCSTATE_NAME_MAX];
	char state[16];
	pid_t pid;
	uint64_t start; /* of the process, in ticks since boot */
	int64_t restarts;
};

int svcstate_write(
    const char *home, const struct svcstate *s, size_t n, struct err *e);
/* How many were read; 0 when there is no file or it is broken. */
size_t svcstate_read(const char *home, struct svcstate s[SVCSTATE_MAX]);
/* The start time of a process, 0 if there is none. */
uint64_t svcstate_start_of(pid_t pid);
bool svcstate_alive(const struct svcstate *s);
/* End whatever a dead supervisor left: TERM, then KILL after grace_ms. */
void svcstate_reap(const char *home, int64_t grace_ms);

/* 0 locked (*out is the lock), 1 another supervisor has it, -1 failed. */
int svcstate_lock(const char *home, int *out, struct err *e);
/* The pid in the lock file if somebody holds it, else 0. */
pid_t svcstate_holder(const char *home);

#endif
