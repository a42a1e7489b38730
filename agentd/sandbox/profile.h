/*
 * profile: the root file systems that `coffer profile build` made:
 * HOME/images/NAME/VERSION/root, and the link HOME/images/NAME/current to the
 * version that new sandboxes get.  A running sandbox keeps its own.
 */
#ifndef AGENTD_SANDBOX_PROFILE_H
#define AGENTD_SANDBOX_PROFILE_H

#include "agentd/sandbox/host.h"

struct err;

/* Of the newest version; NULL with ERR_NOTFOUND that says how to build it. */
char *profile_root(
    const struct sandbox_host *h, const char *name, struct err *e);

#endif
