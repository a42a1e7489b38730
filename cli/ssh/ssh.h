/*
 * ssh: an SSH connection (libssh2) to a project's sandbox, dialled through
 * coffer-agentd with a key that lives as long as it does.  The other end is
 * hostile: its host key must be the one that agentd tells, and what it sends
 * is bounded.  Calls that wait run the loop until they are done.
 */
#ifndef CLI_SSH_SSH_H
#define CLI_SSH_SSH_H

#include <stdbool.h>
#include <stdint.h>

struct _LIBSSH2_SESSION;
struct cli;
struct err;
struct loop;
struct ssh;

/* 0, REMOTE_DRY or -1. */
int ssh_open(struct cli *c, const char *full, struct ssh **out, struct err *e);
void ssh_free(struct ssh *s); /* NULL is fine */
struct _LIBSSH2_SESSION *ssh_session(struct ssh *s);
struct loop *ssh_loop(struct ssh *s);

/*
 * After LIBSSH2_ERROR_EAGAIN: runs the loop until something came, was sent or
 * ssh_wake.  -1 when the connection has ended, or when nothing came for 40 s
 * although answers were due.
 */
int ssh_wait(struct ssh *s, struct err *e);
void ssh_wake(struct ssh *s); /* from a callback of the loop */
/* The last failure of libssh2, or of the connection, as an error. */
int ssh_fail(struct ssh *s, const char *what, struct err *e);
bool ssh_is_lost(const struct ssh *s); /* the connection ended by itself */

#endif
