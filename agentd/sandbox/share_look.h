/*
 * share_look: spec_share_look in a child, for what is shared may be tens of
 * thousands of files on a slow disk: a program that serves others cannot wait
 * for them.
 */
#ifndef AGENTD_SANDBOX_SHARE_LOOK_H
#define AGENTD_SANDBOX_SHARE_LOOK_H

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

/* What s shares of the host, copied; ended by NULL. */
char **share_list(const struct sandbox_spec *s);
void share_list_free(char **list); /* NULL is fine */
/* paths: ended by NULL; NULL and none are fine, and done in the next turn. */
void share_look(const struct sandbox_host *h, const char *const *paths,
    sandbox_done_fn *done, void *arg);
/* The child's: `coffer-shim --look PATH...`; the exit status. */
int share_look_main(char *const *paths);

#endif
