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
	RUN_PAUSE_MAX_S = 3600,  /* between two tries */
	RUN_TOKEN_GRACE_S = 600, /* a token outlives the run's wall time by */
	RUN_TASK_MAX = 32 << 10, /* bytes of what a run without an item does */
	RUN_BUDGET_MAX = 1000 * 1000000, /* millionths of a dollar */
	RUN_KEY_MAX = 64, /* of a caller's own word for an order */
	RUN_ENV_COUNT_MAX = 16,
	RUN_ENV_NAME_MAX = 64,
	RUN_ENV_MAX = 3 << 10 /* bytes of all names and values */
};

/* What became of an event that gave an order or asked something. */
enum run_verdict {
	RUN_TAKEN = 1, /* a run of its own */
	RUN_JOINED,    /* a part of one that waited */
	RUN_ANSWERED,  /* something was said or done at once */
	RUN_NO_BOT,    /* of a program's account: nothing */
	RUN_NO_WAKES,  /* the server's own events did it too often */
	RUN_NO_ITEM,   /* too many runs on the item within a day */
	RUN_NO_DAY     /* the same, in the project */
};

const char *run_verdict_name(enum run_verdict v);

/* Did a person cause it?  `cause` is an event's kind. */
bool run_rule_is_human(const char *cause);
/* Before try `attempt` + 1, when the pause after the first is first_s: four
 * times as long each time, an hour at most. */
int64_t run_rule_pause_ms(int64_t first_s, int64_t attempt);

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
/* Of a run without an item: by its event, "agent/COMMAND-run-EVENT". */
bool run_rule_own_branch(
    const char *command, int64_t event, char out[RUN_BRANCH_MAX]);
/* [A-Za-z_][A-Za-z0-9_]*, not what agentd or the loader say themselves; a value
 * is one line. */
bool run_rule_env_ok(const char *name, const char *value);
/* 1 to RUN_KEY_MAX of [A-Za-z0-9._-]. */
bool run_rule_key_ok(const char *key);

#endif
