/*
 * ask: what the body of a request to a model asks for, as far as the gateway
 * has to know: a walk over one JSON object, without a tree.  Pure; the body
 * comes from a sandbox.
 *
 * A body that two readers could take for two different ones (a member twice,
 * a member's name written with escapes), a limit that this API does not obey
 * and what is no JSON object are ERR_INVALID; what the gateway does not let
 * through is ERR_DENIED.
 */
#ifndef AGENTD_GATEWAY_ASK_H
#define AGENTD_GATEWAY_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	ASK_MODEL_MAX = 200,
	ASK_DEPTH_MAX = 512
};

/* Whose members they are. */
enum ask_api {
	ASK_MESSAGES = 1,
	ASK_CHAT = 2,
	ASK_RESPONSES = 4
};

struct ask {
	char model[ASK_MODEL_MAX + 1];
	int64_t max_output; /* tokens of one answer, 0: not said */
	int64_t answers;    /* how many, at least 1 */
	bool stream;
	bool tools; /* it has some */
	bool whole; /* its tokens cannot be told from its bytes: images … */
	bool web;   /* the provider would fetch something */
	bool long_cache; /* cache writes at the price of an hour */
};

int ask_read(
    struct view body, enum ask_api api, struct ask *out, struct err *e);

#endif
