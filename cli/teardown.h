/*
 * teardown: what the programs of root leave on the host is taken away by
 * themselves: namespaces, mounts, chains, loop devices.  They must not run.
 */
#ifndef CLI_TEARDOWN_H
#define CLI_TEARDOWN_H

struct cli;

/* CLI_OK, or the exit code of what was told on stderr as `what`. */
int teardown_all(struct cli *c, const char *what);

#endif
