/*
 * gatewaylink: orders for coffer-gateway at HOME/run/gateway/control.sock
 * (docs/gateway.md, Orders), one after the other.  Only root gets in: money and
 * keys are the machine's, not a user's of cofferd.
 */
#ifndef CLI_GATEWAYLINK_H
#define CLI_GATEWAYLINK_H

struct cli;
struct err;
struct json;
struct str;

/* *out is the reply, json_free; -1 also when that says no.  Nobody answering is
 * exit code 5. */
int gatewaylink_ask(
    struct cli *c, const struct str *order, struct json **out, struct err *e);

#endif
