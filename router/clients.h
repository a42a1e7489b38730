/*
 * clients: the worker's table of projects: who asks, in which mode, and how
 * much of each bound is in use.  Filled by the main process through chan.h.
 * Callers keep the id; a pointer is good for the present callback only.
 */
#ifndef ROUTER_CLIENTS_H
#define ROUTER_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/egress.h"
#include "router/policy.h"

struct chan_msg;
struct clients;
struct err;
struct quota;

enum {
	CLIENT_LOOKUPS_MAX = 64, /* in flight, of one project */
	CLIENT_QUERIES_PER_S = 100,
	CLIENT_DNS_CONNS_MAX = 16,
	CLIENT_FRONT_CONNS_MAX = 256,
	CLIENTS_HOST_MAX = 1024
};

struct client {
	uint32_t id;
	enum policy_mode mode; /* in force */
	struct egress_policy *policy;
	int64_t refilled_ms;
	uint32_t tokens; /* thousandths of a query */
	uint32_t lookups, dns_conns, front_conns;
	uint32_t suppressed; /* queries over the bound, not logged yet */
	struct quota *quota; /* of new names */
	uint32_t quota_refused;
};

struct clients *clients_new(const struct policy_range *range,
    const struct policy_net *exempt) __attribute__((returns_nonnull));
void clients_free(struct clients *c);
/* Closed beside the never list. */
void clients_set_never(struct clients *c, const struct policy_nets *never);
const struct policy_range *clients_range(const struct clients *c);

/*
 * What the main process says: a policy in pieces, a project's end, the host's
 * addresses.  1: the project *id has another policy now, or has gone; 0: no
 * project has changed; -1: the other end is broken.
 */
int clients_take(
    struct clients *c, const struct chan_msg *m, uint32_t *id, struct err *e);
/* Takes the policy. */
void clients_set(struct clients *c, uint32_t id, struct egress_policy *policy);
void clients_del(struct clients *c, uint32_t id);
struct client *clients_find(struct clients *c, uint32_t id); /* or NULL */
/* By source address; NULL for nobody and for mode off. */
struct client *clients_from(struct clients *c, uint32_t addr);
struct client *clients_next(struct clients *c, size_t *cursor);

/* The host's own addresses; n over the maximum keeps the first. */
void clients_set_host(struct clients *c, const uint32_t *addrs, size_t n);
/* True when no answer may name this address. */
bool clients_is_closed(const struct clients *c, uint32_t addr);

/* Take one query of the rate; false when it is used up. */
bool client_take_query(struct client *c, int64_t now_ms);

#endif
