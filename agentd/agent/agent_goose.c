#include "agentd/agent/agent_goose.h"

#include <string.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

/* It cannot be told to leave some of them out; the tree of a read run is
 * read-only. */
static const struct agent_tool agent_goose_tools[] = {
	{ "shell", AGENT_READS | AGENT_SEARCHES | AGENT_SHELL },
	{ "tree", AGENT_READS | AGENT_SEARCHES },
	{ "write", AGENT_SHELL | AGENT_EDITS },
	{ "edit", AGENT_SHELL | AGENT_EDITS },
	{ NULL, 0 },
};

/* One session in each database of them. */
static const char agent_goose_session[] = "coffer";

static const char *const agent_goose_args[] = { "run", "-q", "--no-profile",
	"--with-builtin", "developer", "--output-format", "stream-json", "-i",
	"-", NULL };

static const struct spec_pair agent_goose_env[] = {
	{ "GOOSE_DISABLE_KEYRING", "1" },
	{ "GOOSE_TELEMETRY_ENABLED", "false" },
	{ "GOOSE_DISABLE_SESSION_NAMING", "true" },
	{ "GOOSE_MODE", "auto" },
	{ "CONTEXT_FILE_NAMES", "[\"AGENTS.md\"]" },
};

static int
agent_goose_plan(
    const struct agent_start *s, struct agent_plan *p, struct err *e)
{
	if (s->model.url != NULL && s->model.name == NULL)
		return err_set(e, ERR_INVALID,
		    "goose has to be told which model: set `model` in "
		    "[agentd] of coffer.conf");
	agent_plan_program(p, s, "goose", "1.*");
	agent_plan_args(p, agent_goose_args);
	if (s->keep == NULL) {
		agent_plan_arg(p, "--no-session");
	} else {
		agent_plan_arg(p, "--name");
		agent_plan_arg(p, agent_goose_session);
	}
	if (s->keep != NULL && s->session != NULL)
		agent_plan_arg(p, "--resume");
	if (s->bounds.turns > 0) {
		agent_plan_arg(p, "--max-turns");
		agent_plan_argf(p, "%lld", (long long)s->bounds.turns);
	}
	agent_plan_envs(p, agent_goose_env,
	    sizeof(agent_goose_env) / sizeof(agent_goose_env[0]));
	if (s->hook != NULL)
		agent_plan_envf(p, "GOOSE_SHELL", "%.*s/bash",
		    (int)(strrchr(s->hook, '/') - s->hook), s->hook);
	if (s->model.url != NULL) {
		agent_plan_env(p, "GOOSE_PROVIDER", "openai");
		agent_plan_env(p, "OPENAI_HOST", s->model.url);
		agent_plan_env(p, "OPENAI_API_KEY", s->model.token);
	}
	if (s->model.name != NULL)
		agent_plan_env(p, "GOOSE_MODEL", s->model.name);
	agent_plan_more(p, s);
	p->prompt = true;
	return 0;
}

/* ---- its lines ---- */

static void
agent_goose_request(struct agent_stream *s, const struct json *c)
{
	const struct json *call = json_get(json_get(c, "toolCall"), "value");

	agent_stream_ask(s, json_str_or(c, "id", ""),
	    json_str_or(call, "name", "?"),
	    agent_stream_about(json_get(call, "arguments")));
}

static void
agent_goose_response(struct agent_stream *s, const struct json *c)
{
	const struct json *result = json_get(c, "toolResult");

	if (strcmp(json_str_or(result, "status", ""), "success") == 0)
		agent_stream_answered(s, json_str_or(c, "id", ""));
}

/* An answer comes in pieces with the id of their message. */
static void
agent_goose_message(struct agent_stream *s, const struct json *j)
{
	const struct json *m = json_get(j, "message");
	const struct json *c = json_first(json_get(m, "content"));
	const bool own = strcmp(json_str_or(m, "role", ""), "assistant") == 0;

	for (; c != NULL; c = json_next(c)) {
		const char *type = json_str_or(c, "type", "");

		if (own && strcmp(type, "text") == 0)
			agent_stream_piece(s, json_str_or(m, "id", ""),
			    json_str_or(c, "text", NULL));
		else if (strcmp(type, "toolRequest") == 0)
			agent_goose_request(s, c);
		else if (strcmp(type, "toolResponse") == 0)
			agent_goose_response(s, c);
	}
}

/* It tells an error as an answer, and ends with status 0 all the same. */
static void
agent_goose_complete(struct agent_stream *s, const struct json *j)
{
	static const char *const errors[] = { "Ran into this error",
		"I've reached the maximum number of", NULL };
	const struct view text = str_view(&agent_stream_report(s)->text);
	const struct agent_event usage = {
		.kind = AGENT_EVENT_USAGE,
		.usage = { .input = json_i64_or(j, "input_tokens", 0),
		    .output = json_i64_or(j, "output_tokens", 0),
		    .cost = -1 },
	};
	const struct agent_event end = { .kind = AGENT_EVENT_END };

	agent_stream_say(s, &usage);
	for (size_t i = 0; errors[i] != NULL; i++) {
		if (view_starts(text, errors[i])) {
			agent_stream_error(s, agent_fault_of_text(text),
			    str_cstr(&agent_stream_report(s)->text));
			return;
		}
	}
	if (json_i64_or(j, "total_tokens", 0) > 0)
		agent_stream_say(s, &end);
	else
		agent_stream_error(s, AGENT_FAULT_OTHER, "it used no tokens");
}

static const struct agent_reader agent_goose_rows[] = {
	{ "message", agent_goose_message },
	{ "complete", agent_goose_complete },
	{ NULL, NULL },
};

const struct agent agent_goose = {
	.name = "goose",
	.speaks = MODEL_OPENAI,
	.plan = agent_goose_plan,
	.rows = agent_goose_rows,
	.tools = agent_goose_tools,
	/* Hooks and plugins, which it runs with its key. */
	.aside = ".agents",
	.keeps = ".local/share/goose/sessions",
	.keeps_in = "sessions.db",
	.keeps_as = agent_goose_session,
	.judge = agent_judge_report,
};
