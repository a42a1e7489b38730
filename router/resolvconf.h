/*
 * resolvconf: which servers to ask: the `nameserver` lines of resolv.conf(5),
 * or a list from our configuration.  Pure.
 */
#ifndef ROUTER_RESOLVCONF_H
#define ROUTER_RESOLVCONF_H

#include <stddef.h>

#include "lib/base/view.h"
#include "lib/io/sock.h"

struct err;

enum {
	RESOLVCONF_SERVERS_MAX = 3,
	RESOLVCONF_BYTES_MAX = 64 << 10
};

struct resolvconf {
	struct sock_addr servers[RESOLVCONF_SERVERS_MAX];
	size_t n;
};

/* Lines that make no sense are skipped; none left means 127.0.0.1:53. */
void resolvconf_read(struct view text, struct resolvconf *out);
/* "192.0.2.1, 127.0.0.1:5353, [2001:db8::1]:53"; port 53 if absent. */
int resolvconf_list(const char *text, struct resolvconf *out, struct err *e);

#endif
