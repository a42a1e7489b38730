/*
 * shell: a line for sh or bash taken apart into the simple commands in it, for
 * a policy to judge: those of pipes, lists, groups, loops, substitutions and
 * subshells.  It is no shell: what it does not know for sure is an error, and
 * what only a running shell knows is a word that is dynamic.  Pure, bounded.
 */
#ifndef AGENTD_POLICY_SHELL_H
#define AGENTD_POLICY_SHELL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;

enum {
	SHELL_LINE_MAX = 10000, /* bytes */
	SHELL_COMMANDS_MAX = 128,
	SHELL_WORDS_MAX = 1024, /* of all of them */
	SHELL_DEPTH_MAX = 8,
	SHELL_HERE_MAX = 8 /* here-documents of one line */
};

struct shell_word {
	char *text;   /* without its quotes; of what is dynamic the rest */
	bool dynamic; /* a part of it is known when it runs */
	bool glob;    /* so are the names that *, ? or [ in it stand for */
	bool beside;  /* no argument: a file of < or >, an assignment */
};

struct shell_command {
	struct shell_word *words;
	size_t n;
	bool piped; /* reads what the one before it writes */
	bool fed;   /* reads what stands in the line: << or <<< */
};

struct shell {
	struct shell_command *at;
	size_t n;
	size_t n_words;
	bool substitutes; /* a word is what a command prints */
};

/* ERR_INVALID: it cannot be taken apart; *out is empty then. */
int shell_parse(struct view line, struct shell *out, struct err *e);
void shell_release(struct shell *s);

#endif
