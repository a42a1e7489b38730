/* hook_priv: the two halves of hook_loop: who makes rows, who sends them. */
#ifndef SERVER_JOBS_HOOK_PRIV_H
#define SERVER_JOBS_HOOK_PRIV_H

#include "lib/base/str.h"
#include "server/jobs/hook_loop.h"

struct hook_send;

struct hook_send *hook_send_new(const struct hook_loop_spec *spec);
void hook_send_pump(struct hook_send *s);
void hook_send_stop(struct hook_send *s);
void hook_send_free(struct hook_send *s);

enum {
	HOOK_SIGN_256_HEX = 64,
	HOOK_SIGN_1_HEX = 40
};

/* HMAC (RFC 2104) in lower hex; "" for an empty secret. */
void hook_sign_256(
    const char *secret, struct view body, char out[HOOK_SIGN_256_HEX + 1]);
void hook_sign_1(
    const char *secret, struct view body, char out[HOOK_SIGN_1_HEX + 1]);

#endif
