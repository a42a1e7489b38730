/*
 * netns: a project's network namespace and its one link to the router: a veth
 * pair with /32 addresses, fixed neighbours and no IPv6.  The router's own
 * namespace exists before (coffer-router makes it, with everything dropped).
 * All of it is idempotent: what an earlier try left is replaced.  With an
 * engine that joins no namespace by its path, a container of it holds the
 * project's (engine_holder).
 */
#ifndef AGENTD_SANDBOX_NETNS_H
#define AGENTD_SANDBOX_NETNS_H

#include "agentd/sandbox/host.h"

struct err;

void netns_project_up(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);
void netns_project_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);
/*
 * From outside, before anything runs in it: exactly lo and eth0, one default
 * route and it is the router, no IPv6 address but none, no forwarding.
 * Synchronous; leaves the caller's namespace as it was.
 */
int netns_project_check(
    const struct sandbox_host *h, int64_t id, struct err *e);

/*
 * Run fn with the calling thread inside the namespace /run/netns/NAME, and come
 * back.  For a few file or socket calls, never for anything that blocks.
 */
int netns_call(const char *name, int (*fn)(void *arg, struct err *e), void *arg,
    struct err *e);
bool netns_exists(const char *name);

#endif
