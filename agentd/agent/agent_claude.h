/* agent_claude: Claude Code, headless, its stream of JSON lines. */
#ifndef AGENTD_AGENT_AGENT_CLAUDE_H
#define AGENTD_AGENT_AGENT_CLAUDE_H

#include "agentd/agent/agent.h"

extern const struct agent agent_claude;

#endif
