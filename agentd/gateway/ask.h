/*
 * ask: what the body of a request to a model asks for, as far as the gateway
 * has to know: a walk over the members of one JSON object, without a tree.
 * Pure; the body comes from a sandbox.
 *
 * A body that two readers could take for two different ones (a member twice,
 * a member's name written with escapes) is ERR_INVALID, as is one that is no
 * JSON object; what the gateway does not let through is ERR_DENIED.
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

struct ask {
	char model[ASK_MODEL_MAX + 1];
	int64_t max_output; /* tokens of one answer, 0: not said */
	int64_t answers;    /* how many, at least 1 */
	bool stream;
};

int ask_read(struct view body, struct ask *out, struct err *e);

#endif
