#include "server/domain/run_rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const unsigned run_rule_moves[] = {
	[RUN_QUEUED] = 1u << RUN_PREPARING,
	[RUN_PREPARING] = 1u << RUN_RUNNING,
	[RUN_RUNNING] = 1u << RUN_FINISHING,
	[RUN_FINISHING] = 1u << RUN_DONE,
};

enum {
	RUN_RULE_ANY = 1u << RUN_FAILED | 1u << RUN_CANCELLED |
	    1u << RUN_TIMED_OUT | 1u << RUN_BUDGET
};

bool
run_rule_may_move(enum run_state from, enum run_state to)
{
	if (from < RUN_QUEUED || from > RUN_FINISHING || to < RUN_QUEUED ||
	    to > RUN_BUDGET)
		return false;
	return ((run_rule_moves[from] | RUN_RULE_ANY) & 1u << to) != 0;
}

bool
run_rule_is_finish(enum run_state s)
{
	return run_state_is_end(s);
}

bool
run_rule_command_ok(const char *command)
{
	size_t n = strspn(command, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= RUN_COMMAND_MAX && command[n] == '\0' &&
	    command[0] != '-' && command[0] != '_';
}

bool
run_rule_branch(const char *command, int64_t item, char out[RUN_BRANCH_MAX])
{
	if (!run_rule_command_ok(command))
		return false;
	if (item > 0)
		snprintf(
		    out, RUN_BRANCH_MAX, "agent/%s-%" PRId64, command, item);
	else
		snprintf(out, RUN_BRANCH_MAX, "agent/%s", command);
	return true;
}

bool
run_rule_own_branch(
    const char *command, int64_t event, char out[RUN_BRANCH_MAX])
{
	if (!run_rule_command_ok(command))
		return false;
	(void)snprintf(
	    out, RUN_BRANCH_MAX, "agent/%s-run-%" PRId64, command, event);
	return true;
}

bool
run_rule_env_ok(const char *name, const char *value)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_0123456789";
	static const char *const taken[] = { "COFFER_", "GIT_", "LD_" };
	static const char *const words[] = { "PATH", "HOME", "USER", "SHELL",
		"IFS", "ENV", "BASH_ENV", "PWD" };
	size_t n = strspn(name, letters);

	if (n == 0 || n > RUN_ENV_NAME_MAX || name[n] != '\0' ||
	    (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strncmp(name, taken[i], strlen(taken[i])) == 0)
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return false;
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 127)
			return false;
	return true;
}

bool
run_rule_key_ok(const char *key)
{
	size_t n = strspn(key,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-");

	return n > 0 && n <= RUN_KEY_MAX && key[n] == '\0';
}

const char *
run_verdict_name(enum run_verdict v)
{
	static const char *const names[] = {
		[RUN_TAKEN] = "taken",
		[RUN_JOINED] = "joined",
		[RUN_ANSWERED] = "answered",
		[RUN_NO_BOT] = "bot",
		[RUN_NO_WAKES] = "wakes",
		[RUN_NO_ITEM] = "item",
		[RUN_NO_DAY] = "day",
	};

	return v < RUN_TAKEN || v > RUN_NO_DAY ? "" : names[v];
}

bool
run_rule_is_human(const char *cause)
{
	return strcmp(cause, "check.failed") != 0 &&
	    strcmp(cause, "pull.conflict") != 0 &&
	    strcmp(cause, "run.updated") != 0;
}

int64_t
run_rule_pause_ms(int64_t first_s, int64_t attempt)
{
	int64_t s = first_s;

	for (int64_t i = 1; i < attempt && s < RUN_PAUSE_MAX_S; i++)
		s *= 4;
	return (s > RUN_PAUSE_MAX_S ? RUN_PAUSE_MAX_S : s) * 1000;
}
