/*
 * refuse: the gateway's own answers, in the shape that a provider's client
 * reads an error in, so that it stops or tries again as it should.  Pure but
 * for refuse_send.
 */
#ifndef AGENTD_GATEWAY_REFUSE_H
#define AGENTD_GATEWAY_REFUSE_H

#include "agentd/gateway/provider.h"

struct request;
struct str;

enum refusal {
	REFUSE_NO_TOKEN,  /* 401 */
	REFUSE_NOT_HERE,  /* 403: of another project */
	REFUSE_PATH,      /* 403 */
	REFUSE_PROVIDER,  /* 403: the grant does not have it */
	REFUSE_BODY,      /* 400 */
	REFUSE_DENIED,    /* 403: what it asks for is not let through */
	REFUSE_UPLOAD,    /* 408 */
	REFUSE_TOO_LARGE, /* 413 */
	REFUSE_BUDGET,    /* 403: terminal */
	REFUSE_FROZEN,    /* 403: terminal */
	REFUSE_LATER,     /* 429: others of the run have it reserved */
	REFUSE_BUSY,      /* 503 */
	REFUSE_NO_KEY,    /* 503 */
	REFUSE_KEY,       /* 403: the provider does not take the key */
	REFUSE_UPSTREAM,  /* 502 */
	REFUSE_TIMEOUT,   /* 504 */
	REFUSALS
};

const char *refuse_word(enum refusal r) __attribute__((returns_nonnull));
int refuse_status(enum refusal r);
void refuse_body(struct str *out, enum provider_kind kind, enum refusal r,
    const char *message);
void refuse_send(struct request *q, enum provider_kind kind, enum refusal r,
    const char *message);

#endif
