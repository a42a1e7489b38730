#include "agentd/run/run_priv.h"

const struct command *
run_command(const struct run *r)
{
	return r->resolved.name[0] != '\0'
	    ? &r->resolved
	    : commands_find(r->env->commands, r->command);
}

void
run_bounds(const struct run *r, struct agent_bounds *out)
{
	const struct command *c = run_command(r);

	*out = (struct agent_bounds){ .tools = 0 };
	if (c != NULL)
		*out = (struct agent_bounds){ .tools = c->tools,
			.turns = c->turns,
			.budget = c->budget };
}
