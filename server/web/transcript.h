/*
 * transcript: what an agent said and did, out of the text of its run's log
 * (agentd's live.log): "> TOOL: what it was given", "[error]: ...", and lines
 * that it said.  It shows and proves nothing: an agent can write such lines
 * itself.
 */
#ifndef SERVER_WEB_TRANSCRIPT_H
#define SERVER_WEB_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct web;

enum {
	TRANSCRIPT_PARTS_MAX = 2000 /* that are shown */
};

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
/* What it says, for marks.h: at most TRANSCRIPT_PARTS_MAX; how many. */
size_t transcript_texts(struct view text, struct view *out);
/* Of a run of that project ("OWNER/NAME"); tokens: of those texts. */
void transcript_write(struct web *w, const char *project, struct view text,
    const struct view *tokens);

#endif
