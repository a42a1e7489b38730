/*
 * nlmsg: messages to the kernel's netfilter over netlink, one at a time, each
 * with its acknowledgement read before the call returns.  Synchronous; needs
 * NET_ADMIN in the namespace in which the socket was opened.
 */
#ifndef ROUTER_NLMSG_H
#define ROUTER_NLMSG_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum {
	NLMSG_ROOM = 256 /* ours are below 200 */
};

struct nlmsg {
	size_t len;
	/* As netlink wants it aligned. */
	uint8_t p[NLMSG_ROOM] __attribute__((aligned(4)));
};

/* A request of a subsystem of nfnetlink, for IPv4; flags beside REQUEST, ACK.
 */
void nlmsg_begin(struct nlmsg *m, uint8_t subsystem, uint8_t cmd,
    uint16_t flags, uint8_t version);
/* The number that the subsystem wants in the head, as NFLOG its group. */
void nlmsg_set_resource(struct nlmsg *m, uint16_t id);
void nlmsg_put(struct nlmsg *m, uint16_t type, const void *p, size_t n);
void nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t v);
/* Returns where the attribute began, for nlmsg_nest_end. */
size_t nlmsg_nest(struct nlmsg *m, uint16_t type);
void nlmsg_nest_end(struct nlmsg *m, size_t at);

struct nlsock;

/* In the present network namespace. */
struct nlsock *nlsock_new(struct err *e);
void nlsock_free(struct nlsock *s);    /* NULL is fine */
int nlsock_fd(const struct nlsock *s); /* to read what comes unasked */
/*
 * Send and wait for the kernel's word.  *refused: its error number when that
 * is what failed, else 0; e says nothing of it then.
 */
int nlsock_call(struct nlsock *s, struct nlmsg *m, int *refused, struct err *e);

#endif
