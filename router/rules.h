/*
 * rules: the firewall of the router's namespace as text for iptables-restore,
 * ip6tables-restore and ipset.  The rules are constant for an instance:
 * interfaces are wildcards, projects and addresses are members of sets.
 */
#ifndef ROUTER_RULES_H
#define ROUTER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/policy.h"

struct str;

enum {
	RULES_NFLOG_GROUP = 5,
	RULES_MARK = 1, /* connmark of flows that left or go to the proxy */
	RULES_IFACE_MAX = 16, /* IFNAMSIZ */
	RULES_SET_MEMBERS = 131072
};

/* Borrowed strings; constant while the router lives. */
struct rules {
	const char *inst; /* four hex digits */
	struct policy_range range;
	struct policy_net exempt; /* of a test build */
	struct policy_nets never; /* beside the list */
	uint16_t proxy_port;      /* on the router's address */
	uint32_t proxy_gid;       /* who may connect out, and nobody else */
	uint32_t upload_rate;     /* of a project, KB a second; 0: no bound */
};

/* Prefixes of NFLOG. */
#define RULES_LOG_NEVER "never"
#define RULES_LOG_HOST "host"
#define RULES_LOG_MODE "mode"
#define RULES_LOG_LIMIT "limit"
#define RULES_LOG_SPOOF "spoof"
#define RULES_LOG_PIN "pin"
#define RULES_LOG_ECHO "echo"

void rules_ipv4(const struct rules *r, struct str *out);
void rules_ipv6(const struct rules *r, struct str *out);
/* Sets that must exist before the rules; keeps members of existing ones. */
void rules_sets(const struct rules *r, struct str *out);
enum {
	RULES_MEMBERS_MAX = 6
};

/* A project's places in the sets, in the order in which they are taken. */
struct rules_change {
	uint32_t id;
	size_t n;
	struct rules_member {
		const char *set; /* static, without cfINST- */
		bool add;        /* else taken out */
		bool link;       /* with the project's interface */
	} members[RULES_MEMBERS_MAX];
};

/*
 * In this mode.  strict: names are denied to it, so that one that adopts it
 * knows.
 */
void rules_project(
    uint32_t id, enum policy_mode mode, bool strict, struct rules_change *out);
void rules_project_del(uint32_t id, struct rules_change *out);
/* Exchange the set of the host's addresses in one step. */
void rules_host(
    const struct rules *r, const uint32_t *addrs, size_t n, struct str *out);

#endif
