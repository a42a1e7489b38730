/*
 * stub: asks the host's resolvers.  It stays in the host's network namespace,
 * unprivileged, and passes one question at a time from a Unix socket to UDP,
 * and to TCP where an answer was cut.  The questions are ours (dns_is_query);
 * the answers go back unread but for id and question.
 *
 * A keeper starts it again when it dies, as the main process has left the
 * host's namespace by then.
 */
#ifndef ROUTER_STUB_H
#define ROUTER_STUB_H

enum {
	STUB_FD = 3 /* the socket, in keeper and stub */
};

/* upstream: resolvconf_list, or "" for /etc/resolv.conf.  Exit statuses. */
int stub_main(const char *upstream);

#endif
