/*
 * dial: an SSH server for one connection, run in a project's session as its
 * user.  It talks on its standard input and output and listens nowhere, so
 * nobody else in the project's network can reach it or take its place.  What it
 * needs (host key, the one key that may log in, configuration) comes first on
 * its input: nothing of that is in an argument or an environment.
 */
#ifndef AGENTD_ATTACH_DIAL_H
#define AGENTD_ATTACH_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/sshkey.h"

struct err;
struct str;

/* To be run in the session, NULL-terminated. */
extern const char *const dial_argv[];

/* What a caller asks for. */
struct dial_ask {
	const char *key; /* a public key, as sshkey's public_line */
	bool editor;     /* connections to the sandbox's loopback, too */
};

/*
 * The first bytes of its input, with a secret in it, and the public half of
 * the project's host key, which is made in HOME/sandboxes/ID/ssh at first use.
 */
int dial_prepare(const char *home, int64_t project, const struct dial_ask *ask,
    struct str *head, char host[SSHKEY_PUBLIC_MAX], struct err *e);
/* What a status means that the script itself ended with; else NULL. */
const char *dial_reason(int status);

#endif
