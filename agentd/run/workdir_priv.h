/* workdir_priv: what the two files of workdir share. */
#ifndef AGENTD_RUN_WORKDIR_PRIV_H
#define AGENTD_RUN_WORKDIR_PRIV_H

#include <sys/types.h>

#include "agentd/run/workdir.h"

/* A folder of root's (owner 0) or of the agent's under dirfd, made if it is not
 * there; a descriptor. */
int workdir_sub(
    int dirfd, const char *name, mode_t mode, uid_t owner, struct err *e);
/* ws/LEAF as a descriptor: no part of it may be a link. */
int workdir_open(const struct sandbox_host *h, int64_t project,
    const char *leaf, struct err *e);
/* ws/runs/PATH and all below. */
void workdir_rm(const struct sandbox_host *h, int64_t project, const char *path,
    sandbox_done_fn *done, void *arg);

#endif
