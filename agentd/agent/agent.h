/*
 * agent: how an agent program is started and understood, one adapter per
 * agent: a file and a row in agent.c.  What every one finds in the sandbox
 * (docs/agents.md):
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

#include "agentd/model/modelgate.h"
#include "agentd/watch/projects.h"
#include "lib/base/view.h"

struct agent_plan;
struct agent_report;
struct agent_stream;
struct err;
struct json;
struct str;

enum {
	AGENT_MESSAGE_MAX = 60 << 10,
	AGENT_SESSION_MAX = 128
};

/* Where a model is reached from a sandbox; url NULL: the agent's own way. */
struct agent_model {
	const char *url;   /* of what the agent speaks, without /v1 */
	const char *name;  /* NULL: the agent's default */
	const char *token; /* of this run; no provider knows it */
	const char *urls[MODEL_KINDS]; /* for one that speaks anything */
};

/* What tools are for, as a command's file names it. */
enum agent_tools {
	AGENT_READS = 1 << 0,
	AGENT_SEARCHES = 1 << 1,
	AGENT_SHELL = 1 << 2,
	AGENT_EDITS = 1 << 3,
	AGENT_WEB = 1 << 4
};

/* How far a run's agent may go. */
struct agent_bounds {
	unsigned tools; /* 0: those of its access */
	int64_t turns;  /* 0: no limit but the run's */
	int64_t budget; /* millionths of a dollar; 0: the same */
};

struct agent_start {
	const struct project *project; /* argv[0]: another program; argv[1..]:
					  arguments added */
	bool write;                    /* the tree may be changed */
	const char *session;           /* to go on with; NULL: a new one */
	const char *keep;              /* a folder that stays, where `keeps`
					  leads; NULL: nothing does */
	const char *hook;              /* to ask before a tool; NULL: none */
	struct agent_bounds bounds;
	struct agent_model model;
};

/* What came of a run, for the adapter to judge. */
struct agent_result {
	int exit_code;
	struct view message; /* what the agent wrote, may be empty */
	bool pushed;         /* the run's branch moved */
	bool can_push;
	const struct agent_report *report; /* NULL: it has no stream */
};

struct agent_reader {
	const char *type;
	void (*read)(struct agent_stream *s, const struct json *line);
};

struct agent_tool {
	const char *name; /* as it calls it */
	unsigned kinds;   /* any of them lets it be used */
};

struct agent {
	const char *name;
	enum model_kind speaks; /* MODEL_ANY: it is told of all */
	/* Pure: the same start gives the same plan. */
	int (*plan)(
	    const struct agent_start *s, struct agent_plan *p, struct err *e);
	/* What is read of its output, by the member `type` of a line; the last
	 * row is empty.  NULL: that is text for people. */
	const struct agent_reader *rows;
	const struct agent_tool *tools; /* those known; the last row is empty */
	/* Names at the top of the tree, with blanks between, that it would obey
	 * and has no switch for: kept out of the tree; NULL: none. */
	const char *aside;
	/* The folder below its home where it has its sessions, in files that
	 * are called by their ids, or all in the file keeps_in: kept from run
	 * to run; NULL: it starts anew.  keeps_as: the id that its plan gives
	 * each of them; NULL: it tells one. */
	const char *keeps, *keeps_in, *keeps_as;
	/* Did it do its work?  Never from the exit code alone. */
	bool (*judge)(const struct agent_result *r, struct str *why);
};

/* NULL: no such agent; the message of agent_names says which there are. */
const struct agent *agent_find(const char *name);
void agent_names(struct str *out);

/* The kinds of tools of a run: of its bounds, else of its access. */
unsigned agent_tools(bool write, const struct agent_bounds *b);

/* For judge: an answer or a change; what its stream told, then that. */
bool agent_judge_work(const struct agent_result *r, struct str *why);
bool agent_judge_report(const struct agent_result *r, struct str *why);

#endif
