/*
 * engine_holder: Docker joins containers to a container's network and to no
 * other, so a project's namespace belongs to a container that does nothing,
 * and has the name /run/netns/coffer-INST-pID like any other.  Podman joins a
 * namespace by its path: there is no holder then, and these calls do nothing.
 */
#ifndef AGENTD_SANDBOX_ENGINE_HOLDER_H
#define AGENTD_SANDBOX_ENGINE_HOLDER_H

#include "agentd/sandbox/host.h"

struct err;

/* Idempotent: one that is as it should be stays, any other is replaced. */
void engine_net_up(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);
/* After netns_project_down. */
void engine_net_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);

/* What to join for the namespace coffer-INST-pID: "container:ID" or "ns:PATH";
 * NULL when e is not.  Valid during the call only. */
typedef void engine_net_fn(const char *net, const struct err *e, void *arg);
void engine_net_find(const struct sandbox_host *h, const char *netns,
    engine_net_fn *fn, void *arg);

#endif
