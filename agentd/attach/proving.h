/*
 * proving: the verb `prove` of HOME/run/agentd.sock: a small program is sent
 * into the sandbox over its own standard input and run there as an agent would
 * be, and coffer-prove, outside, holds the other end and judges.
 */
#ifndef AGENTD_ATTACH_PROVING_H
#define AGENTD_ATTACH_PROVING_H

#include <stdint.h>

#include "lib/io/child.h"

struct err;

/* What runs inside: takes "SIZE TOKEN", a line, and the program. */
extern const char *const proving_argv[];

struct proving {
	struct loop *loop;
	const char *home;
	const char *driver;
	int64_t project;
	int probe; /* the other end of what runs inside; borrowed */
	child_exit_fn *on_exit;
	void *arg;
};

/* *out: a socket with its rows, a line of JSON each; the caller's. */
int proving_start(
    const struct proving *p, struct child **judge, int *out, struct err *e);

#endif
