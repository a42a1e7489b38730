/*
 * firewall: puts the rules of rules.h into the kernel.  firewall_load runs at
 * start as root (iptables needs NET_RAW to name a set); later only members of
 * sets change, in order, by netlink or tools that need NET_ADMIN alone.
 */
#ifndef ROUTER_FIREWALL_H
#define ROUTER_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/loop.h"
#include "router/rules.h"

struct err;
struct firewall;
struct str;

/* rules and lockfile are borrowed for the life of the object. */
struct firewall *firewall_new(struct loop *l, const struct rules *rules,
    const char *lockfile) __attribute__((returns_nonnull));
void firewall_free(struct firewall *f);

/*
 * Sets, then rules, one transaction per table, everything dropped first.
 * *changed: the rules or the never list that were there were not these.
 */
int firewall_load(struct firewall *f, bool *changed, struct err *e);
/* Every flow, at the start. */
int firewall_cut_now(struct firewall *f, struct err *e);
/*
 * Each member of the sets that name projects, after an adoption; the last mode
 * of a project counts.  strict, last of all: names are denied to it.
 */
typedef void firewall_member_fn(
    uint32_t id, enum policy_mode mode, bool strict, void *arg);
int firewall_read(
    struct firewall *f, firewall_member_fn *fn, void *arg, struct err *e);

struct firewall_pin {
	uint32_t id;
	uint32_t addr;
	uint16_t port;
	uint32_t timeout_s; /* left */
};

/* The pins in the kernel, after an adoption; their names are not known. */
typedef void firewall_pin_fn(const struct firewall_pin *pin, void *arg);
int firewall_read_pins(
    struct firewall *f, firewall_pin_fn *fn, void *arg, struct err *e);

/* e is NULL on success. */
typedef void firewall_done_fn(const struct err *e, void *arg);

/* The host's addresses in the set, at most max; the rest is left out. */
int firewall_read_host(
    struct firewall *f, uint32_t *out, size_t max, size_t *n, struct err *e);

enum firewall_flows {
	FIREWALL_FROM,     /* every flow from the address */
	FIREWALL_FROM_OUT, /* those that leave; cofferd's stay */
	FIREWALL_FROM_TO,  /* from the one to the other, TCP to a port or all */
	FIREWALL_TO        /* every flow to the address */
};

enum {
	FIREWALL_FLUSH_MAX = 64 /* of one change; above, every flow is cut */
};

struct firewall_flush {
	enum firewall_flows flows;
	uint32_t addr;
	uint32_t to;   /* FIREWALL_FROM_TO */
	uint16_t port; /* 0: every flow between the two */
};

/* Ask before a change is submitted. */
bool firewall_has_room(const struct firewall *f);
/* What is done in this order; a member that is NULL or 0 is left out. */
struct firewall_job {
	const struct rules_change *project; /* copied */
	const struct str *script;           /* for ipset(8), copied */
	const struct firewall_flush *flush; /* tracked flows to cut, copied */
	size_t n_flush;
};

/* Queue a change; done comes once from the loop. */
void firewall_submit(struct firewall *f, const struct firewall_job *job,
    firewall_done_fn *done, void *arg);

#endif
