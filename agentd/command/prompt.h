/*
 * prompt: the text an agent is given.  The command's prompt and the order are
 * instructions; everything else is data of other people and programs, quoted
 * line by line behind a mark with a nonce that the data cannot know.  Pure:
 * the nonce is passed in.
 */
#ifndef AGENTD_COMMAND_PROMPT_H
#define AGENTD_COMMAND_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/command/command.h"
#include "lib/base/view.h"

struct json;
struct str;

enum {
	PROMPT_MAX = 512 << 10,       /* the whole text */
	PROMPT_QUOTE_MAX = 64 << 10,  /* one quoted body */
	PROMPT_MARKED_MAX = 96 << 10, /* the same with its marks */
	PROMPT_COMMENTS_MAX = 200,    /* the newest are kept, */
	PROMPT_TALK_MAX = 224 << 10,  /* and of these what fits into this */
	PROMPT_NONCE_BYTES = 8
};

struct prompt_input {
	const struct command *command;
	struct view args; /* of the maintainer who gave the order */
	const char *why;
	const char *actor;
	const char *project; /* OWNER/NAME */
	int64_t item;
	bool is_pull;
	const char *branch; /* "" unless access is write */
	const char *base;
	/*
	 * What the run answers, oldest first: [{actor, why, args, kind, data,
	 * comments: [{path, line, side, body, hunk}]}]; data is the event's,
	 * comments are a review's on lines.  NULL: args, why, actor and
	 * event_data are the one order.
	 */
	const struct json *orders;
	const struct json *attached;   /* [{name, file, by, why}]; NULL: none */
	const struct json *issue;      /* docs/api.md: Issue */
	const struct json *comments;   /* array of Comment */
	const struct json *event_data; /* of check.failed: its tail is quoted */
	const char *nonce;             /* hex */
};

/* out must allow PROMPT_MAX; str_ok tells whether it fitted. */
void prompt_write(const struct prompt_input *in, struct str *out);

#endif
