/*
 * scrub: a stream that must not contain a secret.  Bytes pass as they come but
 * for an end that may be the beginning of the secret, which waits for what
 * follows.  Pure.
 */
#ifndef AGENTD_GATEWAY_SCRUB_H
#define AGENTD_GATEWAY_SCRUB_H

#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	SCRUB_SECRET_MIN = 8 /* shorter ones are in any text */
};

struct scrub {
	struct view secret; /* borrowed */
	struct str held;
};

void scrub_init(struct scrub *s, struct view secret);
void scrub_release(struct scrub *s);
/* Appends to out what may pass; false: the secret is there, nothing more may
 * pass. */
bool scrub_feed(struct scrub *s, struct view chunk, struct str *out);
void scrub_end(struct scrub *s, struct str *out); /* what was held */

#endif
