/*
 * oneshot: `coffer run start --repo DIR -- CMD`: a command in a throw-away
 * project on a copy of a folder.  The folder is only read, and its fingerprint
 * is taken before and after.
 */
#ifndef CLI_ONESHOT_H
#define CLI_ONESHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/opt.h"

struct cli;

struct oneshot_spec {
	const char *dir;
	const char *agent;  /* NULL: the command itself */
	const char *verify; /* a shell's text, NULL: none */
	const char *network, *output, *record;
	const struct opt_list *env;
	int64_t wall_ms, budget;
	uint64_t memory, cpus, pids, disk;
	bool all, keep;
	int argc;
	char **argv; /* the command, or an agent's task */
};

/* Returns the exit code. */
int oneshot_run(struct cli *c, const struct oneshot_spec *spec);

#endif
