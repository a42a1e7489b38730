/*
 * egress_log: what projects asked for and what became of it, in memory: per
 * project the last EGRESS_KEEP refusals and as many answers apart, so that a
 * flood of allowed names cannot push a refusal out.  Equal entries are counted
 * instead of repeated.
 */
#ifndef ROUTER_EGRESS_LOG_H
#define ROUTER_EGRESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct egress_log;
struct str;

enum {
	EGRESS_KEEP = 100,
	EGRESS_NAME_MAX = 254
};

enum egress_verdict {
	EGRESS_ANSWERED,     /* a name, with its first address */
	EGRESS_DNS_REFUSED,  /* by type or mode */
	EGRESS_DNS_FILTERED, /* the answer was an address that is never let */
	EGRESS_DNS_FAILED,
	EGRESS_DNS_LIMITED,
	EGRESS_NEVER, /* connections: the reason of the firewall */
	EGRESS_HOST,
	EGRESS_MODE,
	EGRESS_LIMIT,
	EGRESS_SPOOF,
	EGRESS_VERDICT_MAX
};

enum {
	EGRESS_PROTO_DNS = 0 /* others are IP protocol numbers */
};

/* Plain data: also a message between our processes. */
struct egress_entry {
	int64_t at_ms;
	uint32_t id;
	uint32_t count;
	uint32_t addr; /* host byte order, 0 for none */
	uint16_t port;
	uint8_t proto;
	uint8_t verdict;
	char name[EGRESS_NAME_MAX]; /* normalised, or "" */
};

struct egress_log *egress_log_new(void) __attribute__((returns_nonnull));
void egress_log_free(struct egress_log *l);
/* A name that was answered with this address is added to a refusal. */
void egress_log_add(struct egress_log *l, const struct egress_entry *e);
void egress_log_forget(struct egress_log *l, uint32_t id);
/* {"ok":true,"entries":[...]}, oldest first, at most the last `limit`. */
void egress_log_write(
    const struct egress_log *l, uint32_t id, size_t limit, struct str *out);

const char *egress_verdict_name(enum egress_verdict v);
bool egress_is_refusal(enum egress_verdict v);

#endif
