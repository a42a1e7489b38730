#include "agentd/agent/agent.h"

#include <string.h>

#include "agentd/agent/agent_command.h"

static const struct agent *const agents[] = {
	&agent_command,
};

const struct agent *
agent_find(const char *name)
{
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		if (strcmp(agents[i]->name, name) == 0)
			return agents[i];
	}
	return NULL;
}

const char *
agent_names(void)
{
	return "command";
}
