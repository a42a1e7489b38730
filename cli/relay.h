/*
 * relay: standard input and output and a program in a sandbox, joined until
 * the program ends: what exec, dial and a plain attach are.
 */
#ifndef CLI_RELAY_H
#define CLI_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct cli;
struct err;

struct relay_spec {
	const char *project; /* OWNER/NAME */
	const char *verb;
	bool terminal; /* the program gets one if the user has one */
	const char *const *argv;
	const char *key; /* see agentlink.h */
	bool editor;
	int64_t run; /* see agentlink.h */
	bool quiet;  /* a signal is its end, no failure */
	/* Before any output: the host key that agentd told; may be NULL. */
	int (*on_hostkey)(struct view line, void *arg, struct err *e);
	void *arg;
};

/* 0 with its status, REMOTE_DRY, or -1. */
int relay_run(
    struct cli *c, const struct relay_spec *spec, int *status, struct err *e);

#endif
