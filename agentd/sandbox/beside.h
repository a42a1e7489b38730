/*
 * beside: a process of ours where a process of a sandbox is: its namespaces but
 * that of pids, so that nothing in there sees, stops or traces it; its user, no
 * capability, the filter that its runtime gave it.  What it cannot do the
 * sandbox cannot do, whatever runs there says.
 */
#ifndef AGENTD_SANDBOX_BESIDE_H
#define AGENTD_SANDBOX_BESIDE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

enum beside_filter {
	BESIDE_FILTER_UNKNOWN, /* the kernel does not tell it */
	BESIDE_FILTER_NONE,    /* there is none */
	BESIDE_FILTER_SAME
};

struct beside {
	pid_t pid;           /* whose place, as this process sees it */
	int proc;            /* its /proc/PID, opened */
	const char *program; /* static; its one argument: */
	const char *arg;
	/* Out: */
	pid_t child;
	int fd; /* its standard input and output, non-blocking */
	enum beside_filter filter;
	bool traced; /* by another process, which keeps the filter from us */
	unsigned instructions;
};

/* Synchronous.  A child that gets nowhere says why on fd and ends. */
int beside_start(struct beside *b, struct err *e);
/* Kills and reaps it; closes fd. */
void beside_stop(struct beside *b);

#endif
