/* agent_codex: Codex, headless, its stream of JSON lines. */
#ifndef AGENTD_AGENT_AGENT_CODEX_H
#define AGENTD_AGENT_AGENT_CODEX_H

#include "agentd/agent/agent.h"

extern const struct agent agent_codex;

#endif
