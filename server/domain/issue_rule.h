/*
 * issue_rule: what an issue's or comment's text may be, and which issues a
 * pull request says it fixes.  Pure.
 */
#ifndef SERVER_DOMAIN_ISSUE_RULE_H
#define SERVER_DOMAIN_ISSUE_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	ISSUE_FIXES_MAX = 20
};

/* ERR_INVALID that names the field. */
int issue_rule_title(const char *title, struct err *e);
int issue_rule_body(const char *body, struct err *e);
int issue_rule_comment(const char *body, struct err *e); /* not empty */

/* "Fixes #7", also close(s|d), fix(es|ed), resolve(s|d), without case: the
 * numbers, each once. */
size_t issue_rule_fixes(struct view body, int64_t out[ISSUE_FIXES_MAX]);

#endif
