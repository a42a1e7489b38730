/*
 * policy: what may leave a sandbox, as pure functions and tables.  It knows
 * addresses, modes and names; it asks no kernel and no clock.  Addresses are
 * host byte order.  The never list is the one source for the firewall's set
 * and for the filter on DNS answers.
 */
#ifndef ROUTER_POLICY_H
#define ROUTER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* From what lets nothing out to what lets most out. */
enum policy_mode {
	POLICY_OFF,    /* nothing at all */
	POLICY_NONE,   /* cofferd and the name `coffer` */
	POLICY_LOCKED, /* listed names, on their addresses and ports */
	POLICY_WEB,    /* public TCP 80 and 443, names, empty ICMP echo */
	POLICY_OPEN,   /* any public address and port */
	POLICY_MODE_MAX
};

enum {
	POLICY_FIRST_PROJECT = 256, /* addresses below belong to the router */
	POLICY_TEXT_MAX = 20,       /* "255.255.255.255/32" and a NUL */
	POLICY_NETS_MAX = 64
};

/* Not a power of two boundary of ours: any prefix from /8 to /22. */
struct policy_range {
	uint32_t base;
	uint32_t size; /* addresses */
	unsigned prefix;
	uint32_t router; /* in the first 256 addresses */
};

struct policy_net {
	uint32_t base;
	unsigned prefix; /* 0 for an unset exemption */
};

/* Ranges that the operator closes beside the never list. */
struct policy_nets {
	size_t n;
	struct policy_net nets[POLICY_NETS_MAX];
};

int policy_mode_parse(const char *s, enum policy_mode *out, struct err *e);
const char *policy_mode_name(enum policy_mode m);

int policy_range_parse(const char *range, const char *address,
    struct policy_range *out, struct err *e);
/* The project's address; an id that does not fit is ERR_INVALID. */
int policy_address(
    const struct policy_range *r, uint64_t id, uint32_t *out, struct err *e);
/* False when the address is no project's. */
bool policy_project(const struct policy_range *r, uint32_t addr, uint32_t *id);

int policy_addr_parse(const char *s, uint32_t *out, struct err *e);
int policy_net_parse(const char *s, struct policy_net *out, struct err *e);
const char *policy_addr_text(uint32_t addr, char out[POLICY_TEXT_MAX]);
const char *policy_net_text(
    const struct policy_net *n, char out[POLICY_TEXT_MAX]);
bool policy_net_has(const struct policy_net *n, uint32_t addr);

/* "203.0.113.7, 198.51.100.0/24", or "" for none. */
int policy_nets_parse(const char *s, struct policy_nets *out, struct err *e);
bool policy_nets_has(const struct policy_nets *n, uint32_t addr);

/* The never list, row by row; NULL at the end. */
const struct policy_net *policy_never_at(size_t i);
/* exempt: a row left out by a test build, prefix 0 for none. */
bool policy_is_never(uint32_t addr, const struct policy_net *exempt);
/*
 * The exemption of a test build from COFFER_TEST_INTERNET; a release build
 * always gives none.  A value that is no row of the list is an error.
 */
int policy_exempt(struct policy_net *out, struct err *e);

enum policy_dns {
	POLICY_DNS_ROUTER, /* answer the router's address */
	POLICY_DNS_NODATA,
	POLICY_DNS_NXDOMAIN,
	POLICY_DNS_REFUSED,
	POLICY_DNS_FORWARD,
	POLICY_DNS_DROP
};

/* name is normalised (dns.h); "" is the root or a name outside LDH. */
enum policy_dns policy_dns_decide(
    enum policy_mode mode, const char *name, uint16_t type, uint16_t class);

#endif
