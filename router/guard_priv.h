/* guard_priv: what the files of guard share. */
#ifndef ROUTER_GUARD_PRIV_H
#define ROUTER_GUARD_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "router/chan.h"
#include "router/clients.h"
#include "router/control.h"
#include "router/egress_log.h"
#include "router/guard.h"
#include "router/pins.h"
#include "router/projects.h"
#include "router/respawn.h"
#include "router/rules.h"
#include "router/worker.h"

/* Children that know the projects; indices for projects.h too. */
enum guard_peer_id {
	GUARD_WORKER,
	GUARD_PROXY,
	GUARD_PEERS
};

struct nlsock;

struct guard_peer {
	struct guard *guard;
	int chan; /* our end of its channel, -1 while there is none */
	struct watch *watch;
	bool deaf;    /* a keeper's child that has not begun */
	bool greet;   /* it has, and is told that it is heard */
	bool greeted; /* it is told so again when it knows all */
	uint32_t nonce;
	bool host_stale;  /* it does not know the host's addresses */
	uint64_t telling; /* version of the policy that is half told */
	uint32_t telling_id;
	uint32_t told; /* messages of it */
	/* The pins of that project, which go behind its policy. */
	struct pin *pins;
	size_t n_pins;
};

enum {
	GUARD_LATE_MAX = 256
};

struct guard {
	const struct config *cfg;
	struct loop *loop;
	struct rules rules;
	struct firewall *firewall;
	struct projects *projects;
	struct pins *pins;
	struct nlsock *netlink; /* for the pins */
	char pin_set[RULES_IFACE_MAX + 8];
	struct egress_log *log;
	struct nflog *nflog;
	struct control *control;
	struct timer *ends; /* of rules */
	int clock;          /* what is kept of it, -1 before */
	int64_t clock_kept;
	bool clock_broken;
	struct respawn *worker;
	bool keeper_lost;
	int stub; /* the worker's end of the stub's socket */
	int udp53, tcp53, tcp80, tcp81, listen; /* -1 while closed */
	int proxy_chan; /* until there is a peer for it */
	struct guard_peer peers[GUARD_PEERS];
	uint32_t host[CLIENTS_HOST_MAX];
	size_t n_host;
	/* Answers that are let when the proxy knows their pins. */
	uint64_t late[GUARD_LATE_MAX];
	size_t n_late;
};

/* guard.c */

/* In the namespace, before privileges are dropped. */
int guard_start_late(struct guard *g, struct err *e);
/* After: the worker inherits nothing that it should not have. */
void guard_start_children(struct guard *g);
void guard_add_log(struct guard *g, const struct egress_entry *e);
bool guard_host_has(const struct guard *g, uint32_t addr);

/* guard_tell.c: what children are told, and what they say. */

void guard_peers_init(struct guard *g);
/* Takes fd; it is told everything. */
void guard_open_peer(struct guard *g, enum guard_peer_id id, int fd);
void guard_close_peer(struct guard *g, enum guard_peer_id id);
/* Everybody, what he does not know, as far as the channels have room. */
void guard_tell(struct guard *g);
/* Is there something that it has not been told? */
bool guard_is_behind(struct guard *g, enum guard_peer_id id);
/* A new pin to the proxy, at once; false: it is told with all, as late as
 * guard_on_told_all. */
bool guard_tell_pin(struct guard *g, struct project *q, const struct pin *pin);

/* guard_pins.c: addresses of names, and when rules end. */

void guard_on_answer(struct guard *g, const struct chan_answer *a);
/* The proxy knows everything. */
void guard_on_told_all(struct guard *g);
/*
 * Take out the pins that the project's policy does not allow any more, also
 * from the kernel.  Appends the flows to be cut to them, at most max; returns
 * how many there are, more than max when they did not fit.
 */
size_t guard_drop_pins(struct guard *g, const struct project *q,
    struct firewall_flush *cut, size_t max);
/* The named pins of a project, without notes, into *out, which the caller
 * frees; how many. */
size_t guard_copy_pins(struct guard *g, uint32_t id, struct pin **out);
/* Pins of an adopted namespace: known to be closed, not to be opened. */
int guard_read_pins(struct guard *g, struct err *e);
void guard_arm_ends(struct guard *g);
void guard_on_end(void *arg);

/* guard_clock.c: a rule that has ended stays so when the router is killed and
 * the host's clock set back: how far it ever was is in a file, until the host
 * or the router is stopped in an orderly way. */

/* As root. */
void guard_open_clock(struct guard *g);
/* Before anything ends by it. */
void guard_keep_clock(struct guard *g);
/* An orderly stop: whoever sets the clock right starts with that. */
void guard_drop_clock(struct guard *g);

#endif
