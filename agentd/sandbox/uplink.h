/*
 * uplink: the router's way out, on the host's side: a veth pair with a /30 of
 * 10.213.0.0/16, the router's default route, and the chains COFFER-INST-FWD,
 * -IN and -NAT in the host's tables, each with one jump at the top (DOCKER-USER
 * too, where it is).  down takes all of it away again, after a crash as well,
 * and restores ip_forward when no other installation needs it.
 */
#ifndef AGENTD_SANDBOX_UPLINK_H
#define AGENTD_SANDBOX_UPLINK_H

#include "agentd/sandbox/host.h"

struct err;
struct uplink_watch;

void uplink_up(const struct sandbox_host *h, sandbox_done_fn *done, void *arg);
void uplink_down(
    const struct sandbox_host *h, sandbox_done_fn *done, void *arg);

/*
 * The host's own IPv4 addresses, at once (from the loop) and after every
 * change.  n addresses as text, valid during the call.
 */
typedef void uplink_addrs_fn(const char *const *addresses, size_t n, void *arg);
struct uplink_watch *uplink_watch_new(
    struct loop *l, uplink_addrs_fn *fn, void *arg, struct err *e);
void uplink_watch_free(struct uplink_watch *w); /* NULL is fine */

#endif
