/*
 * seccomp: the system call filter of every sandbox, as the `linux.seccomp`
 * object of an OCI config.  What is not listed returns EPERM; clone3 and
 * unknown numbers return ENOSYS, so that libc falls back.
 */
#ifndef AGENTD_SANDBOX_SECCOMP_H
#define AGENTD_SANDBOX_SECCOMP_H

struct jw;

void seccomp_write(struct jw *w, const char *key);

#endif
