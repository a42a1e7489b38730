/*
 * resolver: answers the DNS queries of projects, over UDP and TCP.  Runs in
 * the worker, without any capability.  A name that may leave is asked anew
 * through the stub's socket; what comes back is reduced to addresses that
 * policy lets through.  Lives as long as its process.
 */
#ifndef ROUTER_RESOLVER_H
#define ROUTER_RESOLVER_H

#include "lib/io/loop.h"
#include "router/clients.h"
#include "router/egress_log.h"

struct resolver;

typedef void resolver_log_fn(const struct egress_entry *e, void *arg);

struct resolver_spec {
	int udp_fd, tcp_fd;      /* bound, taken */
	int stub_fd;             /* message boundaries kept, taken */
	struct clients *clients; /* borrowed */
	resolver_log_fn *log;
	void *arg;
};

struct resolver *resolver_new(struct loop *l, const struct resolver_spec *spec)
    __attribute__((returns_nonnull));

#endif
