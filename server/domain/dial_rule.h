/*
 * dial_rule: which addresses the server dials for somebody else (a webhook).
 * The public Internet, and what an operator lists: addresses and ranges
 * ("10.0.0.0/8", "fd00::/8", "192.0.2.7"), names of hosts ("ci.example.org",
 * "*.example.org"), the words "loopback" and "private"; commas or spaces
 * between.  Pure.
 */
#ifndef SERVER_DOMAIN_DIAL_RULE_H
#define SERVER_DOMAIN_DIAL_RULE_H

#include <stdbool.h>
#include <sys/socket.h>

struct dial_rule;
struct err;

enum {
	DIAL_ENTRIES_MAX = 256
};

/* text may be NULL or "": the public Internet alone. */
struct dial_rule *dial_rule_new(const char *text, struct err *e);
void dial_rule_free(struct dial_rule *r); /* NULL is fine */
/* host: as in the URL, lower case.  sa: what it was resolved to. */
bool dial_rule_ok(const struct dial_rule *r, const char *host,
    const struct sockaddr *sa, socklen_t len);
/* Is the address in what the operator listed?  Names of hosts are nobody. */
bool dial_rule_lists(const struct dial_rule *r, const char *address);
bool dial_rule_has_names(const struct dial_rule *r);
/* Of the public Internet: not loopback, private, link-local, shared, reserved,
 * multicast, documentation or a form that hides one of these (RFC 6890). */
bool dial_public(const struct sockaddr *sa, socklen_t len);

#endif
