#include "agentd/agent/agent_command.h"

#include "agentd/agent/plan.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static int
agent_command_plan(
    const struct agent_start *s, struct agent_plan *p, struct err *e)
{
	char *const *argv = s->project->argv;

	if (argv[0] == NULL)
		return err_set(e, ERR_INVALID,
		    "the project has no agent_command: set one with "
		    "`coffer create --agent-command`");
	while (*argv != NULL)
		agent_plan_arg(p, *argv++);
	return 0;
}

static bool
agent_command_judge(const struct agent_result *r, struct str *why)
{
	if (r->exit_code != 0) {
		str_addf(why, "the agent ended with status %d", r->exit_code);
		return false;
	}
	return agent_judge_work(r, why);
}

const struct agent agent_command = {
	.name = "command",
	.plan = agent_command_plan,
	.judge = agent_command_judge,
};
