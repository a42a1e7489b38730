/* net_hint: the one command that would let what was refused. */
#ifndef CLI_NET_HINT_H
#define CLI_NET_HINT_H

#include <stdbool.h>
#include <stdint.h>

struct str;

struct net_refusal {
	const char *verdict; /* the router's word */
	const char *name;    /* or "" */
	const char *proto;
	const char *rule; /* that decided, or "" */
	int64_t port;     /* 0: none */
};

/*
 * Appends what follows `coffer net PROJECT`; nothing when no command would: a
 * range that is never reached, a bound.  mode: of the project now.
 */
void net_hint(const struct net_refusal *r, const char *mode, bool lockdown,
    struct str *out);

#endif
