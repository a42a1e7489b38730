/*
 * netns: the router's network namespace, kept alive by a bind mount at
 * /run/netns/coffer-INST-router as ip-netns(8) does.  Called as root, before
 * privileges are dropped, by a process with one thread.
 */
#ifndef ROUTER_NETNS_H
#define ROUTER_NETNS_H

#include <stdbool.h>

struct err;

enum {
	NETNS_NAME_MAX = 64
};

void netns_name(const char *inst, char out[NETNS_NAME_MAX]);
/*
 * Enter the namespace of that name, or a new one without a name; *adopted
 * tells which.
 */
int netns_enter(const char *name, bool *adopted, struct err *e);
/* Give the namespace that we are in its name: others can reach it then. */
int netns_publish(const char *name, struct err *e);
/* Forwarding on, IPv6 off, nothing learned from neighbours or redirects. */
int netns_set_sysctls(struct err *e);
/* Remove the name; absent is fine. */
int netns_remove(const char *name, struct err *e);

#endif
