/*
 * usage: how many tokens an exchange took, read from the provider's reply as
 * it passes: one JSON document, or a stream of server-sent events.  Pure, and
 * bounded: a line or document over USAGE_TEXT_MAX is passed over.  Reads the
 * shapes of Anthropic's messages, OpenAI's chat completions and responses, and
 * OpenRouter's cost.  The text of an answer cannot look like usage: that is
 * read from members of the outer objects alone.
 */
#ifndef AGENTD_GATEWAY_USAGE_H
#define AGENTD_GATEWAY_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/gateway/ask.h"
#include "agentd/gateway/price.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	USAGE_TEXT_MAX = 4 << 20
};

struct usage {
	struct tokens tokens;
	bool any;      /* some number was there */
	bool complete; /* the last of them: what is billed */
	bool failed;   /* the reply tells of an error */
	int64_t cost;  /* micros as the provider tells it, -1: it does not */
	char model[ASK_MODEL_MAX + 1]; /* that answered, "" if not told */
};

struct usage_reader {
	struct usage usage;
	struct str text; /* the document, or the line so far */
	bool events;
	bool skip; /* the rest of a line or document that is too long */
	uint64_t bytes;
};

/* events: server-sent events, else one document. */
void usage_init(struct usage_reader *r, bool events);
void usage_release(struct usage_reader *r);
void usage_feed(struct usage_reader *r, struct view chunk);
void usage_end(struct usage_reader *r); /* then r->usage is final */

#endif
