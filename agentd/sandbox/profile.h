/*
 * profile: the root file systems that `coffer profile build` made: the folder
 * HOME/images/NAME-VERSION and the link HOME/images/NAME to the version that
 * new sandboxes get; a running one keeps its own.  A folder HOME/images/NAME,
 * or NAME.tar for a driver that imports it, is fine as well.
 */
#ifndef AGENTD_SANDBOX_PROFILE_H
#define AGENTD_SANDBOX_PROFILE_H

#include "agentd/sandbox/host.h"

struct err;

/* Absolute, without a link; NULL with ERR_NOTFOUND that says how to build. */
char *profile_root(
    const struct sandbox_host *h, const char *name, struct err *e);

#endif
