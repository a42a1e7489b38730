/*
 * ipset: members of the firewall's sets, by netlink and at once: a name's
 * answer and a change of mode wait for them.  Synchronous, each a few
 * microseconds; needs NET_ADMIN.
 */
#ifndef ROUTER_IPSET_H
#define ROUTER_IPSET_H

#include <stdint.h>

struct err;
struct nlsock;

/*
 * Host byte order.  Which of them a set wants is its kind's: hash:ip the
 * address, hash:net,iface the link too, hash:ip,port,ip the rest (TCP).
 */
struct ipset_member {
	uint32_t addr;
	const char *iface; /* NULL for none */
	uint32_t dst;      /* 0 for none */
	uint16_t port;
	uint32_t timeout_s; /* at least 1, with dst */
};

/* One that is there gets the new end of time. */
int ipset_add(struct nlsock *s, const char *set, const struct ipset_member *m,
    struct err *e);
/* One that is not there is no failure. */
int ipset_del(struct nlsock *s, const char *set, const struct ipset_member *m,
    struct err *e);

#endif
