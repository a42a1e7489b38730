/* run_rule: the moves a run may make, and the name of its branch.  Pure. */
#ifndef SERVER_DOMAIN_RUN_RULE_H
#define SERVER_DOMAIN_RUN_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/work.h"

enum {
	RUN_COMMAND_MAX = 64, /* bytes of a command's name */
	RUN_BRANCH_MAX = 128,
	RUN_WALL_MAX_S = 7 * 86400,
	RUN_LOG_MAX = 32 << 20, /* bytes kept of a run's or job's output */
	RUN_TOKEN_GRACE_S = 600 /* a token outlives the run's wall time by */
};

/* queued, preparing, running, finishing, an end; any of them may fail, be
 * cancelled or time out; nothing leaves an end. */
bool run_rule_may_move(enum run_state from, enum run_state to);
/* May a run be finished with this state? */
bool run_rule_is_finish(enum run_state s);
/* "agent/COMMAND-ITEM"; false when the command is no good as a name: 1 to
 * RUN_COMMAND_MAX of [a-z0-9_-], beginning with a letter or digit. */
bool run_rule_command_ok(const char *command);
bool run_rule_branch(
    const char *command, int64_t item, char out[RUN_BRANCH_MAX]);

#endif
