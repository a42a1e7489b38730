/*
 * ipset: members of the firewall's pin set, by netlink and at once: a name's
 * answer waits for them.  Synchronous, each a few microseconds; needs
 * NET_ADMIN.  The kernel's acknowledgement is read before a call returns.
 */
#ifndef ROUTER_IPSET_H
#define ROUTER_IPSET_H

#include <stdint.h>

struct err;
struct ipset;

/* In the present network namespace.  name: of a set hash:ip,port,ip. */
struct ipset *ipset_new(const char *name, struct err *e);
void ipset_free(struct ipset *s); /* NULL is fine */

/* Host byte order, TCP; an end that was set before is replaced. */
struct ipset_pin {
	uint32_t src, dst;
	uint16_t port;
	uint32_t timeout_s; /* at least 1 */
};

int ipset_add(struct ipset *s, const struct ipset_pin *pin, struct err *e);
int ipset_del(struct ipset *s, const struct ipset_pin *pin, struct err *e);

#endif
