/*
 * tool: runs iptables-restore, ipset, conntrack and ip with a clean
 * environment.  The children keep the caller's capabilities and namespace.
 */
#ifndef ROUTER_TOOL_H
#define ROUTER_TOOL_H

#include <stdbool.h>

#include "lib/io/loop.h"

struct err;
struct str;

struct tool_spec {
	const char *const *argv; /* argv[0] is a bare name; ends with NULL */
	const char *input;       /* text for stdin, NULL for none */
	struct str *output;      /* tool_run only: stdout, may be NULL */
	const char *lockfile;    /* XTABLES_LOCKFILE, may be NULL */
};

/* e is NULL on success. */
typedef void tool_done_fn(const struct err *e, void *arg);

/*
 * One tool to its end, turning the loop: for start-up and teardown, while
 * nothing else is on the loop that could mind.
 */
int tool_run(struct loop *l, const struct tool_spec *spec, struct err *e);
/* done comes from the loop, once, unless this fails. */
int tool_start(struct loop *l, const struct tool_spec *spec, tool_done_fn *done,
    void *arg, struct err *e);

#endif
