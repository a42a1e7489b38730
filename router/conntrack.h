/*
 * conntrack: cuts tracked flows by netlink.  The kernel walks its table by
 * itself and passes over empty buckets, where conntrack(8) has it print each
 * one: a fraction of a millisecond instead of five and a process.
 * Synchronous; needs NET_ADMIN.  Kernels before 6.8 cannot do it.
 */
#ifndef ROUTER_CONNTRACK_H
#define ROUTER_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct nlsock;

/* As the first packet went; host byte order; what is 0 is any. */
struct conntrack_match {
	uint32_t src, dst;
	uint16_t tcp_port; /* of dst */
	uint32_t mark;
};

/* At least one address.  ERR_INVALID or ERR_NOTFOUND: this kernel cannot, and
 * nothing was cut. */
int conntrack_cut(
    struct nlsock *s, const struct conntrack_match *m, struct err *e);

#endif
