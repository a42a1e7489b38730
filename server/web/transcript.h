/*
 * transcript: what an agent said and did, out of the text of its run's log
 * (agentd's live.log): "> TOOL: what it was given", "[error]: ...", and lines
 * that it said.  It shows and proves nothing: an agent can write such lines
 * itself.
 */
#ifndef SERVER_WEB_TRANSCRIPT_H
#define SERVER_WEB_TRANSCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct web;

enum transcript_kind {
	TRANSCRIPT_TEXT, /* lines */
	TRANSCRIPT_TOOL,
	TRANSCRIPT_NOTE /* of the CLI: session, error ... */
};

struct transcript_part {
	enum transcript_kind kind;
	bool undone; /* a tool that was not let */
	struct view name;
	struct view text;
};

/* The next part of *rest; false at its end.  Pure. */
bool transcript_next(struct view *rest, struct transcript_part *out);
/* Does the text have tools, or is it the output of some program? */
bool transcript_is(struct view text);
void transcript_write(struct web *w, struct view text);

#endif
