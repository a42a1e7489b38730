/*
 * signature: HMAC-SHA256 of a body as forges sign their webhooks (GitHub's
 * X-Hub-Signature-256 "sha256=HEX", Gitea's and Forgejo's X-Gitea-Signature
 * "HEX").  Compared in constant time.  Pure.
 */
#ifndef SERVER_AUTH_SIGNATURE_H
#define SERVER_AUTH_SIGNATURE_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	SIGNATURE_BYTES = 32
};

void signature_make(
    struct view secret, struct view body, unsigned char out[SIGNATURE_BYTES]);
/* header NULL or malformed: false, after the same work.  An empty secret
 * signs nothing. */
bool signature_ok(const char *header, struct view secret, struct view body);

#endif
