/*
 * output: what an agent answers in a form: a review with comments on lines, or
 * a value that fits a schema.  It stands in a file of its own or in the last
 * block fenced as ```json of its answer.  All of it is hostile text: bounded,
 * without control characters.  Pure.
 */
#ifndef AGENTD_COMMAND_OUTPUT_H
#define AGENTD_COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	OUTPUT_MAX = 256 << 10,    /* of the file */
	OUTPUT_COMMENTS_MAX = 100, /* as cofferd takes */
	OUTPUT_BODY_MAX = 4 << 10, /* of one comment */
	OUTPUT_SUMMARY_MAX = 32 << 10,
	OUTPUT_PATH_MAX = 1024,
	OUTPUT_VALUE_MAX = 40 << 10 /* of what is structured, printed */
};

/* Text as text: whole code points, no control characters. */
void output_clean(struct str *out, struct view v);

/* The last fenced block of JSON; rest is the answer before it. */
bool output_block(struct view answer, struct view *json, struct view *rest);

/*
 * {summary?, comments: [{path, line, side?, severity?, body}]}.  comments gets
 * a JSON array of {path, line, side, body}, summary its text, left how many
 * comments were too many.  A comment that is wrong makes the review wrong:
 * ERR_INVALID names it.
 */
int output_review(struct view json, struct str *summary, struct str *comments,
    size_t *left, struct err *e);
/* The value in one line, if it fits. */
int output_value(
    struct view json, const char *schema, struct str *out, struct err *e);

#endif
