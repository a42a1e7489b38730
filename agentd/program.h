/*
 * program: what coffer-agentd and coffer-runner have in common: options, HOME,
 * exit codes.
 */
#ifndef AGENTD_PROGRAM_H
#define AGENTD_PROGRAM_H

#include <stdbool.h>

struct connection;
struct err;

enum program_mode {
	PROGRAM_CHECK, /* the configuration alone */
	PROGRAM_SERVE,
	PROGRAM_TEARDOWN
};

struct program {
	const char *name;
	const char *usage;
	bool has_teardown;
	int (*run)(struct connection *c, enum program_mode mode, struct err *e);
};

/* 0, 1 failed, 2 bad usage or a wrong configuration with -n. */
int program_main(const struct program *p, int argc, char **argv);

#endif
