#include "agentd/agent/agent_command.h"

#include "lib/base/err.h"
#include "lib/base/str.h"

static int
agent_command_argv(
    const struct project *p, const char *const **argv, struct err *e)
{
	if (p->argv[0] == NULL)
		return err_set(e, ERR_INVALID,
		    "the project has no agent_command: set one with "
		    "`coffer create --agent-command`");
	*argv = (const char *const *)p->argv;
	return 0;
}

static bool
agent_command_judge(const struct agent_result *r, struct str *why)
{
	if (r->exit_code != 0) {
		str_addf(why, "the agent ended with status %d", r->exit_code);
		return false;
	}
	if (r->message.len == 0 && !r->pushed) {
		str_add(why,
		    r->can_push
			? "the agent left neither an answer nor a change"
			: "the agent left no answer");
		return false;
	}
	return true;
}

const struct agent agent_command = {
	.name = "command",
	.argv = agent_command_argv,
	.judge = agent_command_judge,
};
