#include "agentd/agent/agent_claude.h"

#include <string.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static const struct agent_tool agent_claude_tools[] = {
	{ "Read", AGENT_READS },
	{ "Grep", AGENT_SEARCHES },
	{ "Glob", AGENT_SEARCHES },
	{ "Bash", AGENT_SHELL },
	{ "Edit", AGENT_EDITS },
	{ "Write", AGENT_EDITS },
	{ "WebFetch", AGENT_WEB },
	{ "WebSearch", AGENT_WEB },
	{ NULL, 0 },
};

/*
 * No settings of the repository or of a user, no servers but those named here
 * (none), nobody who could be asked: what is not allowed is denied.  In a read
 * run git may look; the tree could not be changed anyway.
 */
static const char *const agent_claude_args[] = { "-p", "--output-format",
	"stream-json", "--verbose", "--setting-sources", "",
	"--strict-mcp-config", "--permission-prompts", "none", NULL };
static const struct spec_pair agent_claude_env[] = {
	{ "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1" },
	{ "DISABLE_AUTOUPDATER", "1" },
	{ "CLAUDE_CODE_MAX_RETRIES", "4" },
	{ "CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1" },
};

enum {
	AGENT_CLAUDE_HOOK_S = 600 /* a person may have to answer */
};

/* A hook that ends with another status than 0 and 2 lets the tool pass. */
static void
agent_claude_hook(const char *hook, struct jw *w)
{
	AUTO_STR struct str command = STR_INIT;

	str_addf(&command, "%s || exit 2", hook);
	jw_object(w, "hooks");
	jw_array(w, "PreToolUse");
	jw_object(w, NULL);
	jw_str(w, "matcher", "*");
	jw_array(w, "hooks");
	jw_object(w, NULL);
	jw_str(w, "type", "command");
	jw_str(w, "command", str_cstr(&command));
	jw_i64(w, "timeout", AGENT_CLAUDE_HOOK_S);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

/* They win over whatever else might say otherwise. */
static void
agent_claude_settings(const struct agent_start *s, struct agent_plan *p)
{
	AUTO_STR struct str settings = STR_INIT;
	struct jw w;

	if (s->model.url == NULL && s->hook == NULL)
		return;
	jw_init(&w, &settings);
	jw_object(&w, NULL);
	if (s->model.url != NULL) {
		jw_object(&w, "env");
		jw_str(&w, "ANTHROPIC_BASE_URL", s->model.url);
		jw_end(&w);
	}
	if (s->hook != NULL)
		agent_claude_hook(s->hook, &w);
	jw_end(&w);
	agent_plan_arg(p, "--settings");
	agent_plan_argf(p, "%s", str_cstr(&settings));
}

static void
agent_claude_model(const struct agent_model *m, struct agent_plan *p)
{
	if (m->name != NULL) {
		agent_plan_arg(p, "--model");
		agent_plan_arg(p, m->name);
	}
	if (m->url == NULL)
		return;
	agent_plan_env(p, "ANTHROPIC_BASE_URL", m->url);
	agent_plan_env(p, "ANTHROPIC_API_KEY", m->token);
}

/* Those it has, and those of them that it need not ask for: all; in a read run
 * what is of the net.  Of its shell it then lets through what it knows to look
 * only, with the options that write or start something told apart: a pattern
 * like "git diff *" would not. */
static void
agent_claude_policy(const struct agent_start *s, struct agent_plan *p)
{
	const unsigned kinds = agent_tools(s->write, &s->bounds);
	AUTO_STR struct str has = STR_INIT, may = STR_INIT;

	for (const struct agent_tool *t = agent_claude_tools; t->name != NULL;
	     t++) {
		if ((t->kinds & kinds) == 0)
			continue;
		str_addf(&has, "%s%s", has.len > 0 ? "," : "", t->name);
		if (s->write || t->kinds == AGENT_WEB)
			str_addf(&may, "%s%s", may.len > 0 ? "," : "", t->name);
	}
	agent_plan_arg(p, "--permission-mode");
	agent_plan_arg(p, s->write ? "acceptEdits" : "default");
	agent_plan_arg(p, "--tools");
	agent_plan_argf(p, "%s", str_cstr(&has));
	if (may.len > 0) {
		agent_plan_arg(p, "--allowedTools");
		agent_plan_argf(p, "%s", str_cstr(&may));
	}
	if (s->bounds.turns > 0) {
		agent_plan_arg(p, "--max-turns");
		agent_plan_argf(p, "%lld", (long long)s->bounds.turns);
	}
	if (s->bounds.budget > 0) {
		agent_plan_arg(p, "--max-budget-usd");
		agent_plan_argf(p, "%lld.%06lld",
		    (long long)(s->bounds.budget / 1000000),
		    (long long)(s->bounds.budget % 1000000));
	}
}

static int
agent_claude_plan(
    const struct agent_start *s, struct agent_plan *p, struct err *e)
{
	(void)e;
	agent_plan_program(p, s, "claude", "2.*");
	agent_plan_args(p, agent_claude_args);
	agent_claude_policy(s, p);
	agent_plan_envs(p, agent_claude_env,
	    sizeof(agent_claude_env) / sizeof(agent_claude_env[0]));
	agent_claude_model(&s->model, p);
	agent_claude_settings(s, p);
	if (s->session != NULL) {
		agent_plan_arg(p, "--resume");
		agent_plan_arg(p, s->session);
	}
	agent_plan_more(p, s);
	p->prompt = true;
	return 0;
}

/* ---- its lines ---- */

static void
agent_claude_init(struct agent_stream *s, const struct json *j)
{
	const struct json *servers = json_get(j, "mcp_servers");
	const struct json *t = json_first(json_get(j, "tools"));
	const struct agent_event ev = { .kind = AGENT_EVENT_SESSION,
		.name = json_str_or(j, "session_id", NULL),
		.text = json_str_or(j, "model", NULL) };

	agent_stream_say(s, &ev);
	for (; t != NULL; t = json_next(t)) {
		if (json_string(t) != NULL)
			agent_stream_has(s, json_string(t));
	}
	if (json_count(servers) > 0)
		agent_stream_error(s, AGENT_FAULT_TOOLS, "an MCP server");
}

static void
agent_claude_system(struct agent_stream *s, const struct json *j)
{
	const char *what = json_str_or(j, "subtype", "");
	const struct agent_event denied = { .kind = AGENT_EVENT_DENIED,
		.name = json_str_or(j, "tool_name", NULL),
		.text = json_str_or(j, "decision_reason", NULL) };
	const struct agent_event retry = { .kind = AGENT_EVENT_RETRY,
		.text = json_str_or(j, "error", NULL) };

	if (strcmp(what, "init") == 0)
		agent_claude_init(s, j);
	else if (strcmp(what, "permission_denied") == 0)
		agent_stream_say(s, &denied);
	else if (strcmp(what, "api_retry") == 0)
		agent_stream_say(s, &retry);
}

/* Its tools were checked when it began: a call is not done by being asked. */
static void
agent_claude_assistant(struct agent_stream *s, const struct json *j)
{
	const struct json *c = json_first(
	    json_get(json_get(j, "message"), "content"));

	for (; c != NULL; c = json_next(c)) {
		const char *type = json_str_or(c, "type", "");

		if (strcmp(type, "text") == 0)
			agent_stream_text(s, json_str_or(c, "text", NULL));
		else if (strcmp(type, "tool_use") == 0)
			agent_stream_call(s, json_str_or(c, "name", "?"),
			    agent_stream_about(json_get(c, "input")), false);
	}
}

static void
agent_claude_usage(struct agent_stream *s, const struct json *j)
{
	const struct json *u = json_get(j, "usage");
	const double cost = json_f64_or(j, "total_cost_usd", -1);
	const struct agent_event ev = {
		.kind = AGENT_EVENT_USAGE,
		.usage = {
			.input = json_i64_or(u, "input_tokens", 0),
			.output = json_i64_or(u, "output_tokens", 0),
			.cache_read =
			    json_i64_or(u, "cache_read_input_tokens", 0),
			.cache_write =
			    json_i64_or(u, "cache_creation_input_tokens", 0),
			.turns = json_i64_or(j, "num_turns", 0),
			.cost = agent_micros(cost),
		},
	};

	agent_stream_say(s, &ev);
}

static enum agent_fault
agent_claude_fault(const struct json *j, const char *text)
{
	static const struct {
		const char *word;
		enum agent_fault fault;
	} rows[] = {
		{ "error_max_turns", AGENT_FAULT_TURNS },
		{ "error_max_budget_usd", AGENT_FAULT_BUDGET },
		{ "prompt_too_long", AGENT_FAULT_CONTEXT },
		{ "max_turns", AGENT_FAULT_TURNS },
		{ "budget_exhausted", AGENT_FAULT_BUDGET },
	};
	const int64_t status = json_i64_or(j, "api_error_status", 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(json_str_or(j, "subtype", ""), rows[i].word) == 0 ||
		    strcmp(json_str_or(j, "terminal_reason", ""),
			rows[i].word) == 0)
			return rows[i].fault;
	}
	return agent_fault_of(view_of(text), status);
}

/* A result can call itself a success and be an error. */
static void
agent_claude_result(struct agent_stream *s, const struct json *j)
{
	const char *sub = json_str_or(j, "subtype", "");
	const char *text = json_str_or(j, "result", NULL);
	const struct agent_event end = { .kind = AGENT_EVENT_END,
		.text = text };

	agent_claude_usage(s, j);
	if (!json_bool_or(j, "is_error", true) && strcmp(sub, "success") == 0) {
		agent_stream_say(s, &end);
		return;
	}
	if (text == NULL)
		text = json_string(json_first(json_get(j, "errors")));
	if (text == NULL)
		text = sub;
	agent_stream_error(s, agent_claude_fault(j, text), text);
}

static const struct agent_reader agent_claude_rows[] = {
	{ "system", agent_claude_system },
	{ "assistant", agent_claude_assistant },
	{ "result", agent_claude_result },
	{ NULL, NULL },
};

const struct agent agent_claude = {
	.name = "claude",
	.speaks = MODEL_ANTHROPIC,
	.plan = agent_claude_plan,
	.rows = agent_claude_rows,
	.tools = agent_claude_tools,
	.keeps = ".claude/projects",
	.judge = agent_judge_report,
};
