/*
 * capture: what was said in each exchange, for who asks for it ([gateway]
 * capture): HOME/gateway/content/run-ID (session-PROJECT) with one file for the
 * request's body and one for the reply's, 0600, keys masked.  Bounded: a body's
 * first CAPTURE_BODY_MAX bytes, so much of a run, so many runs; older ones go.
 */
#ifndef AGENTD_GATEWAY_CAPTURE_H
#define AGENTD_GATEWAY_CAPTURE_H

#include <stdint.h>

#include "agentd/gateway/ledger.h"
#include "lib/base/view.h"

struct capture;
struct err;

enum {
	CAPTURE_BODY_MAX = 4 << 20
};

struct capture_what {
	struct ledger_who who;
	int64_t at; /* ms since 1970, when the exchange began */
	uint64_t exchange;
	const char *part;  /* "request.json", "reply.txt" */
	struct view bytes; /* the rest over CAPTURE_BODY_MAX is left out */
	struct view key;   /* the provider's; becomes asterisks */
};

/* runs: how many are kept. */
struct capture *capture_open(const char *dir, unsigned runs, struct err *e);
void capture_close(struct capture *c); /* NULL is fine */
/* What cannot be kept is told in the log, and left out. */
void capture_add(struct capture *c, const struct capture_what *what);

#endif
