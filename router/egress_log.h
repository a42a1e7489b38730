/*
 * egress_log: what projects asked for and what became of it, in memory: per
 * project the last EGRESS_KEEP refusals and as many answers apart, so that a
 * flood of allowed names cannot push a refusal out.  Equal entries are counted
 * instead of repeated; each change of one gets the next number of a sequence.
 * A flood of different refusals becomes one entry without what they do not
 * share: another refusal is still seen.
 */
#ifndef ROUTER_EGRESS_LOG_H
#define ROUTER_EGRESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/egress.h"

struct egress_log;
struct jw;
struct str;

enum {
	EGRESS_KEEP = 100
};

enum egress_verdict {
	EGRESS_ANSWERED, /* a name, with its first address */
	EGRESS_PASSED, /* a connection through the proxy, from its beginning */
	EGRESS_DNS_REFUSED,  /* by mode */
	EGRESS_DNS_TYPE,     /* by type, class or spelling */
	EGRESS_DNS_UNLISTED, /* mode locked, no rule */
	EGRESS_DNS_DENIED,   /* by a deny rule */
	EGRESS_DNS_FILTERED, /* the answer was an address that is never let */
	EGRESS_DNS_FAILED,
	EGRESS_DNS_LIMITED, /* too many, counted */
	EGRESS_DNS_QUOTA,   /* a domain used as a tunnel */
	EGRESS_NEVER,       /* connections: the reason of the firewall */
	EGRESS_HOST,
	EGRESS_MODE,
	EGRESS_LIMIT,
	EGRESS_SPOOF,
	EGRESS_PIN, /* mode locked: no name was answered with this */
	EGRESS_ECHO,
	EGRESS_UNLISTED, /* the proxy: by name */
	EGRESS_DENIED,
	EGRESS_NO_NAME,
	EGRESS_MISMATCH, /* the name was not answered with this address */
	EGRESS_PROTOCOL,
	EGRESS_UPLOAD,
	EGRESS_FAILED, /* allowed, but the other side did not take it */
	EGRESS_VERDICT_MAX
};

enum {
	EGRESS_PROTO_DNS = 0 /* others are IP protocol numbers */
};

/* Plain data: also a message between our processes. */
struct egress_entry {
	int64_t at_ms;
	uint64_t up, down; /* bytes from and to the project */
	uint32_t id;
	uint32_t count; /* 0: more of an equal one that was told */
	uint32_t addr;  /* host byte order, 0 for none */
	uint16_t port, sport;
	uint8_t proto;
	uint8_t verdict;
	char name[EGRESS_NAME_MAX];      /* normalised, or "" */
	char rule[EGRESS_RULE_TEXT_MAX]; /* that decided, or "" */
};

struct egress_log *egress_log_new(void) __attribute__((returns_nonnull));
void egress_log_free(struct egress_log *l);
/* A name that was answered with this address is added to a refusal. */
void egress_log_add(struct egress_log *l, const struct egress_entry *e);
void egress_log_forget(struct egress_log *l, uint32_t id);

struct egress_ask {
	uint32_t id;    /* 0: all projects */
	size_t limit;   /* entries */
	bool follow;    /* what changed after since, else the last ones */
	uint64_t since; /* a sequence that an earlier reply gave */
};

/* {"ok":true,"next":N,"entries":[...]}, oldest first; how many. */
size_t egress_log_write(
    const struct egress_log *l, const struct egress_ask *ask, struct str *out);

/* Members of an object: verdicts {NAME: N}, up, down, of all projects since it
 * began. */
void egress_log_figures(const struct egress_log *l, struct jw *w);

const char *egress_verdict_name(enum egress_verdict v);
const char *egress_verdict_reason(enum egress_verdict v); /* a sentence */
bool egress_is_refusal(enum egress_verdict v);

#endif
