#include "agentd/agent/agent_command.h"

#include "agentd/agent/plan.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* As the providers' own clients want it. */
static void
agent_command_model(const struct agent_model *m, struct agent_plan *p)
{
	const char *anthropic = m->urls[MODEL_ANTHROPIC];
	const char *openai = m->urls[MODEL_OPENAI];

	if (anthropic != NULL) {
		agent_plan_env(p, "ANTHROPIC_BASE_URL", anthropic);
		agent_plan_env(p, "ANTHROPIC_API_KEY", m->token);
	}
	if (openai != NULL) {
		agent_plan_envf(p, "OPENAI_BASE_URL", "%s/v1", openai);
		agent_plan_env(p, "OPENAI_API_KEY", m->token);
	}
	if (m->name != NULL)
		agent_plan_env(p, "COFFER_MODEL", m->name);
}

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
	agent_command_model(&s->model, p);
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
	.speaks = MODEL_ANY,
	.plan = agent_command_plan,
	.judge = agent_command_judge,
};
