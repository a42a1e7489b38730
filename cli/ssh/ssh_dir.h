/*
 * ssh_dir: what the user's own ssh needs to reach a project's sandbox, in
 * ~/.config/coffer/ssh/INSTANCE/OWNER/NAME: a key for this project alone, and
 * the sandbox's host key as coffer-agentd tells it.
 */
#ifndef CLI_SSH_SSH_DIR_H
#define CLI_SSH_SSH_DIR_H

#include "lib/base/view.h"
#include "lib/net/sshkey.h"

struct cli;
struct err;

/* The name under which known_hosts has the sandbox. */
#define SSH_DIR_ALIAS "sandbox"

struct ssh_dir {
	char *key_path;
	char *known_path;
	char public_line[SSHKEY_PUBLIC_MAX];
};

/* Makes what is missing. */
int ssh_dir_open(
    struct cli *c, const char *full, struct ssh_dir *d, struct err *e);
void ssh_dir_release(struct ssh_dir *d);
/* Writes known_hosts, if it says something else. */
int ssh_dir_pin(const struct ssh_dir *d, struct view line, struct err *e);

#endif
