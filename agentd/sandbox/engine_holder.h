/*
 * engine_holder: an engine joins containers to a container's network, so a
 * project's namespace belongs to a container that does nothing, and has the
 * name /run/netns/coffer-INST-pID like any other.  Podman could join one by
 * its path, but an exec would not get into it: runc 1.1 enters the user
 * namespace first, which then must own the network's.  So with Podman the
 * holder has the project's user namespace, too.
 */
#ifndef AGENTD_SANDBOX_ENGINE_HOLDER_H
#define AGENTD_SANDBOX_ENGINE_HOLDER_H

#include "agentd/sandbox/host.h"

struct err;

/* Is there an engine? */
bool engine_holds_networks(const struct sandbox_host *h);

/* keep: one whose namespace has the project's name stays; else it is made
 * anew, with an empty namespace. */
void engine_net_up(const struct sandbox_host *h, int64_t id, bool keep,
    sandbox_done_fn *done, void *arg);
/* When nothing uses it any more. */
void engine_net_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);

/* What to join for the namespace coffer-INST-pID: "container:ID"; NULL when e
 * is not.  Valid during the call only. */
typedef void engine_net_fn(const char *net, const struct err *e, void *arg);
void engine_net_find(const struct sandbox_host *h, const char *netns,
    engine_net_fn *fn, void *arg);

#endif
