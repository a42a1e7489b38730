/* agent_goose: Goose, headless, its stream of JSON lines. */
#ifndef AGENTD_AGENT_AGENT_GOOSE_H
#define AGENTD_AGENT_AGENT_GOOSE_H

#include "agentd/agent/agent.h"

extern const struct agent agent_goose;

#endif
