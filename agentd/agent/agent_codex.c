#include "agentd/agent/agent_codex.h"

#include <string.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

/* Its shell is all that it reads and searches with. */
static const struct agent_tool agent_codex_tools[] = {
	{ "command_execution", AGENT_READS | AGENT_SEARCHES | AGENT_SHELL },
	{ "file_change", AGENT_EDITS },
	{ "web_search", AGENT_WEB },
	{ NULL, 0 },
};

enum {
	AGENT_CODEX_HOOK_S = 600 /* a person may have to answer */
};

/*
 * Its own sandbox needs namespaces that the sandbox it is in does not give;
 * the tree of a read run is read-only without it.  A repository that it was
 * not told to trust configures nothing; what its shell runs does not get the
 * key.
 */
static const char *const agent_codex_args[] = { "exec", "--json",
	"--skip-git-repo-check", "-s", "danger-full-access", "--disable",
	"plugins", "--disable", "apps", "--disable", "remote_plugin",
	"--disable", "multi_agent", "--disable", "goals", "-c",
	"shell_environment_policy.inherit=core", "-c",
	"analytics.enabled=false", "-c", "check_for_update_on_startup=false",
	NULL };
static const char *const agent_codex_provider[] = { "-c",
	"model_provider=\"coffer\"", "-c",
	"model_providers.coffer.name=\"coffer\"", "-c",
	"model_providers.coffer.env_key=\"CODEX_API_KEY\"", "-c",
	"model_providers.coffer.wire_api=\"responses\"", "-c",
	"model_providers.coffer.request_max_retries=4", "-c",
	"model_providers.coffer.stream_max_retries=4", "-c", NULL };

/*
 * What an administrator demands needs nobody's trust, and hooks of others are
 * not run beside it.  A status other than 0 and 2, and 2 without a word, would
 * let the tool pass.
 */
static void
agent_codex_hook(const char *hook, struct agent_plan *p)
{
	AUTO_STR struct str text = STR_INIT;

	str_addf(&text,
	    "allow_managed_hooks_only = true\n"
	    "[hooks]\n"
	    "managed_dir = \"%.*s\"\n"
	    "[[hooks.PreToolUse]]\n"
	    "matcher = \".*\"\n"
	    "[[hooks.PreToolUse.hooks]]\n"
	    "type = \"command\"\n"
	    "command = '%s; s=$?; [ $s != 0 ] || exit 0; [ $s = 2 ] || "
	    "echo \"Not done: it was not judged\" >&2; exit 2'\n"
	    "timeout = %d\n",
	    (int)(strrchr(hook, '/') - hook), hook, hook, AGENT_CODEX_HOOK_S);
	agent_plan_file(p, "/etc/codex/requirements.toml", str_cstr(&text));
}

static int
agent_codex_plan(
    const struct agent_start *s, struct agent_plan *p, struct err *e)
{
	(void)e;
	agent_plan_program(p, s, "codex", "0.*");
	agent_plan_args(p, agent_codex_args);
	agent_plan_arg(p, "-c");
	agent_plan_arg(p,
	    (agent_tools(s->write, &s->bounds) & AGENT_WEB) != 0
		? "web_search=\"live\""
		: "web_search=\"disabled\"");
	if (s->model.url != NULL) {
		agent_plan_args(p, agent_codex_provider);
		agent_plan_argf(p, "model_providers.coffer.base_url=\"%s/v1\"",
		    s->model.url);
		agent_plan_env(p, "CODEX_API_KEY", s->model.token);
	}
	if (s->model.name != NULL) {
		agent_plan_arg(p, "-m");
		agent_plan_arg(p, s->model.name);
	}
	if (s->hook != NULL)
		agent_codex_hook(s->hook, p);
	agent_plan_more(p, s);
	if (s->session != NULL) {
		agent_plan_arg(p, "resume");
		agent_plan_arg(p, s->session);
	}
	agent_plan_arg(p, "-");
	p->prompt = true;
	return 0;
}

/* ---- its lines ---- */

static void
agent_codex_thread(struct agent_stream *s, const struct json *j)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_SESSION,
		.name = json_str_or(j, "thread_id", NULL) };

	agent_stream_say(s, &ev);
}

static bool
agent_codex_is_tool(const char *type)
{
	return strcmp(type, "command_execution") == 0 ||
	    strcmp(type, "file_change") == 0 ||
	    strcmp(type, "web_search") == 0 ||
	    view_ends(view_of(type), "_call");
}

/* A command that failed was run; a change that failed was not made. */
static bool
agent_codex_is_done(const struct json *item, const char *type)
{
	const char *status = json_str_or(item, "status", "completed");

	return strcmp(status, "completed") == 0 ||
	    (strcmp(type, "command_execution") == 0 &&
		json_i64_or(item, "exit_code", -1) >= 0);
}

static void
agent_codex_item(struct agent_stream *s, const struct json *j)
{
	static const char *const keys[] = { "command", "query", "tool", "path",
		NULL };
	const struct json *item = json_get(j, "item");
	const char *type = json_str_or(item, "type", "");
	const char *about = agent_stream_pick(item, keys);

	if (strcmp(type, "agent_message") == 0)
		agent_stream_text(s, json_str_or(item, "text", NULL));
	if (!agent_codex_is_tool(type))
		return;
	if (about == NULL)
		about = agent_stream_pick(
		    json_first(json_get(item, "changes")), keys);
	agent_stream_call(s, type, about, agent_codex_is_done(item, type));
}

/* What came from a cache is a part of its input_tokens. */
static void
agent_codex_turn(struct agent_stream *s, const struct json *j)
{
	const struct json *u = json_get(j, "usage");
	const int64_t read = json_i64_or(u, "cached_input_tokens", 0);
	const int64_t written = json_i64_or(u, "cache_write_input_tokens", 0);
	const struct agent_event usage = {
		.kind = AGENT_EVENT_USAGE,
		.usage = { .input = json_i64_or(u, "input_tokens", 0) - read -
			written,
		    .output = json_i64_or(u, "output_tokens", 0),
		    .cache_read = read,
		    .cache_write = written,
		    .cost = -1 },
	};
	const struct agent_event end = { .kind = AGENT_EVENT_END };

	agent_stream_say(s, &usage);
	agent_stream_say(s, &end);
}

static void
agent_codex_failed(struct agent_stream *s, const struct json *j)
{
	const char *text = json_str_or(json_get(j, "error"), "message", "");

	agent_stream_error(s, agent_fault_of_text(view_of(text)), text);
}

/* It goes on after these. */
static void
agent_codex_error(struct agent_stream *s, const struct json *j)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_RETRY,
		.text = json_str_or(j, "message", NULL) };

	agent_stream_say(s, &ev);
}

static const struct agent_reader agent_codex_rows[] = {
	{ "thread.started", agent_codex_thread },
	{ "item.completed", agent_codex_item },
	{ "turn.completed", agent_codex_turn },
	{ "turn.failed", agent_codex_failed },
	{ "error", agent_codex_error },
	{ NULL, NULL },
};

const struct agent agent_codex = {
	.name = "codex",
	.speaks = MODEL_OPENAI,
	.plan = agent_codex_plan,
	.rows = agent_codex_rows,
	.tools = agent_codex_tools,
	.keeps = ".codex/sessions",
	.judge = agent_judge_report,
};
