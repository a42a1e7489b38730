/*
 * policy: rules for what an agent does with its tools, and the one matcher.
 * A rule file has a line for each rule:
 *
 *	VERDICT KIND NAME: PATTERN   # REASON
 *	drop NAME                    (an operator's file: a rule from before)
 *
 * VERDICT is allow, ask or deny.  KIND says what the pattern is of:
 *
 *	command  words of a command: the program's name and arguments.  `a|b` is
 *	         either, `*` and `?` as in file names, `/` in `*` too, `\*` a
 *	         star.  ask and deny: the program, and the others anywhere
 *behind it; `-x` is x among the letters of an option, too.  allow: the first
 *words, and all of them unless `...` stands at the end. pipe     two words: a
 *program, and one behind it in the same line that reads a pipe path     a file,
 *absolute: in a command's words and what < and > name, and of other tools text
 *the line as it is, without blanks tool     a tool's name dynamic  `program` or
 *`word`: what is known only when it runs, `$(...)` unparsed `*`: what cannot be
 *taken apart
 *
 * Deny wins over ask, ask over allow, and what no rule is for is denied.  A
 *word that is dynamic may be anything: what deny only finds by one is asked.
 */
#ifndef AGENTD_POLICY_POLICY_H
#define AGENTD_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	POLICY_RULES_MAX = 256,
	POLICY_FILE_MAX = 64 << 10,
	POLICY_LINE_MAX = 512,
	POLICY_WORDS_MAX = 12, /* of a pattern */
	POLICY_NAME_MAX = 40,
	POLICY_WHY_MAX = 200,
	POLICY_NEST_MAX = 4 /* sh -c 'sh -c ...' */
};

enum policy_verdict {
	POLICY_NONE,
	POLICY_ALLOW,
	POLICY_ASK,
	POLICY_DENY
};
const char *policy_verdict_name(enum policy_verdict v);

enum policy_from {
	POLICY_OPERATOR,  /* what is shipped, and HOME's */
	POLICY_REPOSITORY /* ask and deny alone */
};

struct policy;

struct policy *policy_new(void);
void policy_free(struct policy *p);
/* The rules of a text behind those that are there.  The error names the line;
 * nothing was taken then. */
int policy_add(
    struct policy *p, struct view text, enum policy_from from, struct err *e);
size_t policy_count(const struct policy *p);
/* All of them, for policy_add. */
void policy_write(const struct policy *p, struct str *out);

struct policy_answer {
	enum policy_verdict verdict;
	char rule[POLICY_NAME_MAX + 1]; /* "": none is for it */
	char why[POLICY_WHY_MAX + 1];
};

/* A line for the agent's shell; cwd is where a relative file is. */
void policy_command(const struct policy *p, struct view line, const char *cwd,
    struct policy_answer *out);
/* Another tool, and the file that it is for, or NULL. */
void policy_tool(const struct policy *p, const char *tool, const char *path,
    const char *cwd, struct policy_answer *out);

#endif
