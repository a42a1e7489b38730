/*
 * slash: the command in a comment.  A command stands on the first line that is
 * not blank: "/name" and its arguments; what follows on later lines belongs to
 * the arguments.  A fenced or quoted first line is text.  Pure.
 */
#ifndef LIB_BASE_SLASH_H
#define LIB_BASE_SLASH_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	SLASH_NAME_MAX = 32
};

struct slash {
	char name[SLASH_NAME_MAX + 1]; /* without the slash, lower case */
	struct view args;              /* borrowed from body, trimmed */
};

/* False: the body holds no command. */
bool slash_parse(struct view body, struct slash *out);

#endif
