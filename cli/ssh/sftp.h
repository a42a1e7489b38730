/*
 * sftp: a sandbox's files as source and sink of a copy.  Links in the sandbox
 * are followed there, by its own sshd, and lead nowhere else.
 */
#ifndef CLI_SSH_SFTP_H
#define CLI_SSH_SFTP_H

#include "cli/copy.h"

struct sftp;
struct ssh;

extern const struct copy_source sftp_source;
extern const struct copy_sink sftp_sink;

int sftp_new(struct ssh *s, struct sftp **out, struct err *e);
void sftp_free(struct sftp *f); /* NULL is fine */
/* What an absolute path is; its name is not set.  ERR_NOTFOUND: nothing. */
int sftp_look(
    struct sftp *f, const char *path, struct copy_entry *out, struct err *e);
/* The folder, absolute, that the names of a copy are in. */
void sftp_begin(struct sftp *f, const char *folder);

#endif
