/*
 * agent: how an agent program is started, one adapter per agent.  What every
 * adapter finds in the sandbox (docs/agents.md):
 *
 *   /work/tree                 the clone, working directory
 *   /run/coffer/task/prompt.md the prompt            $COFFER_PROMPT
 *   /run/coffer/task/task.json the facts             $COFFER_TASK
 *   /run/coffer/out/message.md where the answer goes $COFFER_OUT
 *   /opt/coffer/agents         HOME/agents, read-only
 */
#ifndef AGENTD_AGENT_AGENT_H
#define AGENTD_AGENT_AGENT_H

#include <stddef.h>

#include "agentd/watch/projects.h"
#include "lib/base/view.h"

struct err;
struct str;

enum {
	AGENT_MESSAGE_MAX = 60 << 10
};

/* What came of a run, for the adapter to judge. */
struct agent_result {
	int exit_code;
	struct view message; /* what the agent wrote, may be empty */
	bool pushed;         /* the run's branch moved */
	bool can_push;
};

struct agent {
	const char *name;
	/* argv for this project, borrowed from it. */
	int (*argv)(
	    const struct project *p, const char *const **argv, struct err *e);
	/* Did it do its work?  Never from the exit code alone. */
	bool (*judge)(const struct agent_result *r, struct str *why);
};

/* NULL: no such agent; the message of agent_names says which there are. */
const struct agent *agent_find(const char *name);
const char *agent_names(void);

#endif
