/* guard_priv: what guard.c (at work) and guard_start.c (as root) share. */
#ifndef ROUTER_GUARD_PRIV_H
#define ROUTER_GUARD_PRIV_H

#include <stdbool.h>

#include "lib/io/loop.h"
#include "router/clients.h"
#include "router/egress_log.h"
#include "router/guard.h"
#include "router/projects.h"
#include "router/respawn.h"
#include "router/rules.h"
#include "router/worker.h"

struct guard {
	const struct config *cfg;
	struct loop *loop;
	struct rules rules;
	struct firewall *firewall;
	struct projects *projects;
	struct egress_log *log;
	struct nflog *nflog;
	struct control *control;
	struct respawn *worker;
	struct child *keeper;
	bool keeper_lost;
	int stub; /* the worker's end of the stub's socket */
	int udp53, tcp53, tcp80, listen; /* -1 while closed */
	int chan; /* our end of the worker's channel, -1 while there is none */
	struct watch *chan_watch;
	uint32_t host[CLIENTS_HOST_MAX];
	size_t n_host;
	bool host_stale; /* the worker does not know it */
};

/* In the namespace, before privileges are dropped. */
int guard_start_late(struct guard *g, struct err *e);
/* After: the worker inherits nothing that it should not have. */
void guard_start_children(struct guard *g);
void guard_close_chan(struct guard *g);

#endif
