/*
 * engine_holder: Docker joins containers to a container's network and to no
 * other, so a project's namespace belongs to a container that does nothing,
 * and has the name /run/netns/coffer-INST-pID like any other.  Podman joins a
 * namespace by its path: there is no holder then.
 */
#ifndef AGENTD_SANDBOX_ENGINE_HOLDER_H
#define AGENTD_SANDBOX_ENGINE_HOLDER_H

#include "agentd/sandbox/host.h"

struct err;

/* Is there an engine, and does it need one? */
bool engine_holds_networks(const struct sandbox_host *h);

/* keep: one whose namespace has the project's name stays; else it is made
 * anew, with an empty namespace. */
void engine_net_up(const struct sandbox_host *h, int64_t id, bool keep,
    sandbox_done_fn *done, void *arg);
/* When nothing uses it any more. */
void engine_net_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);

/* What to join for the namespace coffer-INST-pID: "container:ID" or "ns:PATH";
 * NULL when e is not.  Valid during the call only. */
typedef void engine_net_fn(const char *net, const struct err *e, void *arg);
void engine_net_find(const struct sandbox_host *h, const char *netns,
    engine_net_fn *fn, void *arg);

#endif
