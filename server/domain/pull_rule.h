/*
 * pull_rule: how a pull request's head is written, which titles say that it is
 * not ready, and the change that a review's words suggest.  Pure.
 */
#ifndef SERVER_DOMAIN_PULL_RULE_H
#define SERVER_DOMAIN_PULL_RULE_H

#include <stdbool.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	PULL_SUGGESTION_MAX = 16 << 10 /* bytes */
};

/* "WIP:" or "[WIP]" before it, without case. */
bool pull_rule_is_wip(const char *title);

/*
 * "branch", "owner:branch" or "owner/repo:branch" of the repository owner/name:
 * the branch.  NULL: another repository.
 */
const char *pull_rule_head(
    const char *head, const char *owner, const char *name);

/*
 * The first block of a text that begins with a line ```suggestion (or more
 * back-ticks, or ~~~) and ends with one of the same fence: its lines, each
 * ended by '\n', none when it is empty.  false: there is no such block, or it
 * is too large.
 */
bool pull_rule_suggestion(struct view body, struct str *out);
/* Also where in the body the block is, with its fences. */
bool pull_rule_suggestion_in(
    struct view body, struct str *out, struct view *block);

/*
 * Appends file with its line (from 1) replaced by lines, in the way in which
 * the line ended; without lines it goes.  false: there is no such line.
 */
bool pull_rule_replace(
    struct view file, long long line, struct view lines, struct str *out);

#endif
