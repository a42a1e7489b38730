/*
 * ssh_term: the user's terminal and a terminal in a sandbox, joined until the
 * program there ends: raw input, filtered output, resizing.
 */
#ifndef CLI_SSH_SSH_TERM_H
#define CLI_SSH_SSH_TERM_H

struct err;
struct ssh;

/* subsystem NULL: the user's login shell.  Both ends are a terminal. */
int ssh_term_run(
    struct ssh *s, const char *subsystem, int *status, struct err *e);

#endif
