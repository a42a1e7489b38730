/*
 * dns: DNS messages (RFC 1035, EDNS0 of RFC 6891) as a pure parser and writer.
 * Nothing of a sandbox's message is ever passed on: a question is read into
 * dns_query, a fresh message is built from it; an answer is reduced to the
 * addresses that belong to the asked name.
 */
#ifndef ROUTER_DNS_H
#define ROUTER_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_CLASS_IN = 1
};

enum {
	DNS_RCODE_OK = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5
};

enum {
	DNS_HEADER = 12,
	DNS_NAME_MAX = 253, /* text, without the last dot */
	DNS_WIRE_NAME_MAX = 255,
	DNS_UDP_MIN = 512,
	DNS_UDP_MAX = 1232,
	DNS_MESSAGE_MAX = 4096, /* what we read of anybody */
	DNS_QUERY_MAX = 512,    /* what dns_put_query and dns_put_reply need */
	DNS_REPLY_MAX = 1024,
	DNS_ADDRS_MAX = 24,
	DNS_TTL_MIN = 30, /* seconds */
	DNS_TTL_MAX = 600
};

struct dns_query {
	uint16_t id;
	bool rd;
	bool edns;
	uint16_t udp_max; /* largest reply over UDP */
	uint16_t type, class;
	/* Lower case, LDH and underscore; "" if it is the root or has others.
	 */
	char name[DNS_NAME_MAX + 1];
	/* The question as it came, to echo it; 0 long when it was unreadable.
	 */
	uint8_t question[DNS_WIRE_NAME_MAX + 4];
	size_t question_len;
};

enum dns_verdict {
	DNS_OK,
	DNS_DROP,    /* no reply: not a query */
	DNS_FORMERR, /* id and rd are valid, nothing else */
	DNS_NOTIMP
};

enum dns_verdict dns_read_query(struct view msg, struct dns_query *q);

struct dns_answer {
	uint8_t rcode;
	bool truncated;
	uint32_t addrs[DNS_ADDRS_MAX]; /* host byte order */
	size_t n_addrs;
	uint32_t ttl; /* lowest of the chain, clamped to [30, 600] */
};

/*
 * Read a server's reply to dns_put_query(id, name): the addresses at the end
 * of the CNAME chain that starts at name.  Everything else is skipped.
 */
int dns_read_answer(struct view msg, uint16_t id, const char *name,
    struct dns_answer *out, struct err *e);

/* A question for an A record with recursion desired; returns its length. */
size_t dns_put_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name);

/* Extended DNS errors (RFC 8914). */
enum {
	DNS_EDE_BLOCKED = 15,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_UNREACHABLE = 22,
	DNS_EDE_TEXT_MAX = 100
};

struct dns_reply {
	uint8_t rcode;
	const struct dns_answer *answer; /* may be NULL */
	uint16_t why;                    /* 0 for none */
	const char *why_text;
};

/*
 * A reply to q.  For UDP the addresses that do not fit are left out and TC is
 * set.  Returns its length.
 */
size_t dns_put_reply(uint8_t out[DNS_REPLY_MAX], const struct dns_query *q,
    bool udp, const struct dns_reply *reply);

/* Message-level checks of the stub, which passes bytes that we wrote. */
bool dns_is_query(struct view msg);
/* True when msg is a reply with this id to the question of that query. */
bool dns_replies_to(struct view msg, uint16_t id, struct view query);

#endif
