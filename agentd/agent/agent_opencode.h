/* agent_opencode: OpenCode 1, headless, its stream of JSON lines. */
#ifndef AGENTD_AGENT_AGENT_OPENCODE_H
#define AGENTD_AGENT_AGENT_OPENCODE_H

#include "agentd/agent/agent.h"

extern const struct agent agent_opencode;

#endif
