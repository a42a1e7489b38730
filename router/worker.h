/*
 * worker: the process that handles what sandboxes send: resolver and fronts.
 * It lives in the router's namespace, has no capability, and ends when the
 * main process does.
 */
#ifndef ROUTER_WORKER_H
#define ROUTER_WORKER_H

#include "router/policy.h"

/* Its descriptors, in the order in which they are passed. */
enum worker_fd {
	WORKER_FD_CHAN = 3,
	WORKER_FD_STUB,
	WORKER_FD_UDP53,
	WORKER_FD_TCP53,
	WORKER_FD_TCP80,
	WORKER_FD_TCP81,
	WORKER_FD_END
};

struct worker_spec {
	struct policy_range range;
	struct policy_nets never;
	const char *run; /* HOME/run, where the services' sockets are */
};

/* Returns the exit status. */
int worker_main(const struct worker_spec *spec);

#endif
