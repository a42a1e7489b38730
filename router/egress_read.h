/*
 * egress_read: a policy as the control socket has it (docs/architecture.md)
 * into egress.h's.  Whole or not at all: an error names what is wrong.
 */
#ifndef ROUTER_EGRESS_READ_H
#define ROUTER_EGRESS_READ_H

struct egress_policy;
struct err;
struct json;
struct str;

/* NULL and an error, or a policy of the caller's. */
struct egress_policy *egress_read(const struct json *req, struct err *e);
/* {"ok":true}, with a sentence for each rule that is wider than it looks. */
void egress_write_taken(const struct egress_policy *p, struct str *out);

#endif
