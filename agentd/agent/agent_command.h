/* agent_command: any program, told its task by files and environment. */
#ifndef AGENTD_AGENT_AGENT_COMMAND_H
#define AGENTD_AGENT_AGENT_COMMAND_H

#include "agentd/agent/agent.h"

extern const struct agent agent_command;

#endif
