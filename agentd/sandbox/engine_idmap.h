/*
 * engine_idmap: a mount shows the files of one range of uids as those of
 * another, for an engine that cannot run a container with the project's own:
 * Docker's userns-remap has one range for all, and without it Docker takes no
 * uid of 2^31 or more.
 */
#ifndef AGENTD_SANDBOX_ENGINE_IDMAP_H
#define AGENTD_SANDBOX_ENGINE_IDMAP_H

#include <stdint.h>

struct err;

/* A user namespace, for MOUNT_ATTR_IDMAP: HOST_UID_SPAN ids on the disk from
 * `from` on are those from `to` on.  A descriptor, or -1. */
int engine_idmap_open(uint32_t from, uint32_t to, struct err *e);

#endif
