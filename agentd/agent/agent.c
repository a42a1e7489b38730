#include "agentd/agent/agent.h"

#include <string.h>

#include "agentd/agent/agent_claude.h"
#include "agentd/agent/agent_codex.h"
#include "agentd/agent/agent_command.h"
#include "agentd/agent/agent_goose.h"
#include "agentd/agent/agent_opencode.h"
#include "agentd/agent/stream.h"
#include "lib/base/str.h"

static const struct agent *const agents[] = {
	&agent_command,
	&agent_claude,
	&agent_codex,
	&agent_goose,
	&agent_opencode,
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

void
agent_names(struct str *out)
{
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
		str_addf(out, "%s%s", i > 0 ? ", " : "", agents[i]->name);
}

unsigned
agent_tools(bool write, const struct agent_bounds *b)
{
	const unsigned all = AGENT_READS | AGENT_SEARCHES | AGENT_SHELL;

	if (b->tools != 0)
		return b->tools;
	return write ? all | AGENT_EDITS : all;
}

bool
agent_judge_work(const struct agent_result *r, struct str *why)
{
	if (r->message.len > 0 || r->pushed)
		return true;
	str_add(why,
	    r->can_push ? "the agent left neither an answer nor a change"
			: "the agent left no answer");
	return false;
}

bool
agent_judge_report(const struct agent_result *r, struct str *why)
{
	const struct agent_report *p = r->report;

	if (p == NULL || (!p->ended && p->fault == AGENT_FAULT_NONE)) {
		str_addf(why,
		    "the agent ended with status %d before it told a result",
		    r->exit_code);
		return false;
	}
	if (p->fault != AGENT_FAULT_NONE) {
		agent_report_why(p, why);
		return false;
	}
	return agent_judge_work(r, why);
}
