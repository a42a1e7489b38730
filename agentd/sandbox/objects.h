/*
 * objects: HOME/sandboxes/ID/objects, what the trees of a project borrow
 * objects from.  It lies beside the workspace, not in it: its size is not the
 * agents', and it goes with the sandbox.  The folder above is root's; the
 * folder itself is the project's agent uid's, closed to all others.
 */
#ifndef AGENTD_SANDBOX_OBJECTS_H
#define AGENTD_SANDBOX_OBJECTS_H

#include "agentd/sandbox/host.h"

struct err;

char *objects_dir(const struct sandbox_host *h, int64_t id)
    __attribute__((returns_nonnull));
/* There already is fine. */
int objects_make(const struct sandbox_host *h, int64_t id, struct err *e);

#endif
