/*
 * bug_rule: what a reproduction shows that ran on the base and on the head.
 * What was printed can only take a verdict away, never give one.  Pure.
 */
#ifndef SERVER_DOMAIN_BUG_RULE_H
#define SERVER_DOMAIN_BUG_RULE_H

#include <stdbool.h>

#include "lib/base/view.h"
#include "server/domain/work.h"

struct bug_side {
	enum job_state state; /* an end */
	bool has_exit;
	int64_t exit_code;
	struct view tail; /* of its log */
};

enum bug_verdict {
	BUG_INVALID,        /* it did not run, or failed for another reason */
	BUG_NOT_REPRODUCED, /* the base passes it */
	BUG_NOT_FIXED,      /* the head fails it, too */
	BUG_FIXED
};

/* why, one line, borrowed from a constant or the texts of the states. */
enum bug_verdict bug_rule_decide(const struct bug_side *base,
    const struct bug_side *head, const char *command, const char **why);
/* Why the failure is none of the code under test, or NULL. */
const char *bug_rule_invalid(const struct bug_side *side, const char *command);

#endif
