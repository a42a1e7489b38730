/* firewall_priv: what the files of firewall share. */
#ifndef ROUTER_FIREWALL_PRIV_H
#define ROUTER_FIREWALL_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/list.h"
#include "router/firewall.h"

struct firewall_change;
struct nlsock;

STAILQ_HEAD(firewall_changes, firewall_change);

struct firewall {
	struct loop *loop;
	const struct rules *rules;
	const char *lockfile;
	struct firewall_changes waiting; /* the first is under way when busy */
	size_t n;
	bool busy, turning;
	struct nlsock *netlink; /* NULL: not opened yet */
	bool tools_cut;         /* this kernel's netlink cannot */
};

/* firewall_queue.c: changes while the router runs. */

/* What conntrack(8) is told, where netlink cannot; ends with NULL. */
struct firewall_cut_args {
	const char *argv[12];
	char addr[POLICY_TEXT_MAX], to[POLICY_TEXT_MAX], mark[12], port[12];
};

void firewall_cut_argv(
    const struct firewall_flush *x, struct firewall_cut_args *a);

/* Without their done. */
void firewall_drop_queue(struct firewall *f);

#endif
