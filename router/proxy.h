/*
 * proxy: the process that takes the web of projects in mode locked: what they
 * send to 80 and 443 of a pinned address.  It reads the name that a connection
 * begins with, lets it to the address it was meant for if the rules allow that
 * name and the address was answered for it, and refuses it with a reason else.
 * It has no capability; its group alone may open connections.
 */
#ifndef ROUTER_PROXY_H
#define ROUTER_PROXY_H

#include "router/policy.h"

/* Its descriptors, in the order in which they are passed. */
enum proxy_fd {
	PROXY_FD_CHAN = 3,
	PROXY_FD_LISTEN,
	PROXY_FD_BOOK, /* to read and to append; lines of upload.h */
	PROXY_FD_END
};

enum {
	PROXY_CONNS_MAX = 1024,  /* of one project */
	PROXY_WAITING_MAX = 512, /* of them, those that have said no name */
	PROXY_HELLO_MS = 5000,
	PROXY_DIAL_MS = 10 * 1000,
	PROXY_IDLE_MS = 60 * 60 * 1000,
	PROXY_HALF_MS = 2 * 60 * 1000 /* idle, when one side has ended */
};

struct proxy_spec {
	struct policy_range range;
	struct policy_nets never;
};

/* Returns the exit status. */
int proxy_main(const struct proxy_spec *spec);

#endif
