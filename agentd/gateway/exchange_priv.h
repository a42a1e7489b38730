/*
 * exchange_priv: one request of a sandbox: exchange.c lets it in,
 * exchange_budget.c reserves what it may cost, exchange_upstream.c sends it on,
 * exchange_reply.c hands back what comes and settles what it cost.
 */
#ifndef AGENTD_GATEWAY_EXCHANGE_PRIV_H
#define AGENTD_GATEWAY_EXCHANGE_PRIV_H

#include "agentd/gateway/ask.h"
#include "agentd/gateway/gateway_priv.h"
#include "agentd/gateway/ledger.h"
#include "agentd/gateway/price.h"
#include "agentd/gateway/provider.h"
#include "agentd/gateway/refuse.h"
#include "agentd/gateway/scrub.h"
#include "agentd/gateway/usage.h"

struct fetch;
struct fetch_reply;

enum {
	EXCHANGE_OUT_HIGH = 256 << 10, /* bytes that wait for the client */
	EXCHANGE_OUT_LOW = 64 << 10,
	EXCHANGE_ERROR_MAX = 1 << 20, /* of a provider's error */
	EXCHANGE_BYTES_PER_TOKEN = 2, /* at least; of text, source code too */
	EXCHANGE_TOKENS_PER_MS = 1    /* at most, of an answer */
};

struct exchange {
	LIST_ENTRY(exchange) entry;
	struct gateway *g;
	uint64_t id;
	struct request *q; /* NULL: the client is gone, or has it all */
	uint64_t grant;    /* 0: no token yet */
	struct ledger_who who;
	struct provider *provider;
	const struct provider_route *route;
	enum provider_kind shape; /* of our own errors */

	struct ask ask;
	struct price price;
	struct str body;
	size_t length;   /* of the body */
	size_t buffered; /* counted in the gateway's, of the body */
	uint64_t seq;    /* of the reservation, 0: none, or settled */
	int64_t cut;     /* what it was settled at when cut, -1: it was not */
	int64_t reserved;
	struct tokens most; /* what was reserved for */

	bool waits_for_key;
	struct timer *held;   /* frozen, until then */
	struct timer *upload; /* until then its body has to be there */
	bool late;            /* it was not */

	struct fetch *fetch;
	char *key;
	struct usage_reader usage;
	struct scrub scrub;
	struct str said; /* by the provider, when that is kept */
	struct str out;
	size_t out_at;
	bool streaming; /* a reply has begun */
	bool paused;    /* the provider, by us */
	bool eof, broken;

	const char *result; /* for the record, NULL: not known yet */
	int status, upstream;
	int64_t began, began_at, sent, first; /* monotonic; began_at real */
};

/* exchange_reply.c: of the fetch. */
bool exchange_on_data(struct view chunk, void *arg);
void exchange_on_done(const struct fetch_reply *r, void *arg);
void exchange_on_free(void *arg);

/* exchange.c */
void exchange_refuse(struct exchange *x, enum refusal r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Before anything was sent: what it ends with is all there is to record. */
void exchange_end(struct exchange *x, enum refusal r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A part of it, when that is asked for. */
void exchange_keep(
    const struct exchange *x, const char *part, struct view bytes);
/* Adds to what is kept of the reply, when that is asked for. */
void exchange_capture(struct exchange *x, struct view chunk);
/* The body is not needed any more. */
void exchange_drop_body(struct exchange *x);
/* When nothing is left of it. */
void exchange_release(struct exchange *x);
/* What it may have cost until now. */
int64_t exchange_guess(const struct exchange *x);
/* Once, with the last use of its price. */
void exchange_settle(struct exchange *x, int64_t cost, bool estimated);

/* exchange_budget.c */
/* The most that it can cost; ERR_DENIED: there is no price. */
int exchange_estimate(struct exchange *x, struct err *e);
/* Everything is known: reserve, then ask. */
void exchange_admit(struct exchange *x);

/* exchange_upstream.c: sends it once there is a key; x is a struct exchange. */
void exchange_with_key(void *arg);

#endif
