/*
 * resolver: answers the DNS queries of projects, over UDP and TCP.  Runs in
 * the worker, without any capability.  A name that may leave is asked anew
 * through the stub's socket; what comes back is reduced to addresses that
 * policy lets through.  Lives as long as its process.
 */
#ifndef ROUTER_RESOLVER_H
#define ROUTER_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"
#include "router/clients.h"
#include "router/egress_log.h"

struct chan_answer;
struct resolver;

/* Ask for these addresses to be opened; false when it cannot be asked. */
typedef bool resolver_pin_fn(const struct chan_answer *a, void *arg);
typedef void resolver_log_fn(const struct egress_entry *e, void *arg);

struct resolver_spec {
	int udp_fd, tcp_fd;      /* bound, taken */
	int stub_fd;             /* message boundaries kept, taken */
	struct clients *clients; /* borrowed */
	resolver_log_fn *log;
	resolver_pin_fn *pin; /* mode locked: resolver_pinned follows */
	void *arg;
};

struct resolver *resolver_new(struct loop *l, const struct resolver_spec *spec)
    __attribute__((returns_nonnull));
/* They are open, or must not be told. */
void resolver_pinned(struct resolver *r, uint64_t seq, bool ok);

#endif
