/*
 * ci_word: the line of /test-pr and /test-pr-bug, cut into words as a shell
 * does, without its expansions:
 *
 *	"COMMAND" [BRANCH] [--setup "COMMAND"] [--required]
 *
 * "..." takes \" and \\; '...' takes everything; outside of both a backslash
 * takes the next byte.  Pure; for hostile input.
 */
#ifndef SERVER_DOMAIN_CI_WORD_H
#define SERVER_DOMAIN_CI_WORD_H

#include <stdbool.h>

#include "lib/base/view.h"

struct err;

struct ci_word {
	char *test;
	char *setup;  /* NULL: none */
	char *branch; /* NULL: none is named */
	bool required;
};

/* Only the first line counts.  ERR_INVALID says what is wrong and where; the
 * caller releases *out on success. */
int ci_word_parse(struct view args, struct ci_word *out, struct err *e);
void ci_word_release(struct ci_word *w);

#endif
