#include "agentd/agent/agent_opencode.h"

#include <string.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static const struct agent_tool agent_opencode_tools[] = {
	{ "read", AGENT_READS },
	{ "grep", AGENT_SEARCHES },
	{ "glob", AGENT_SEARCHES },
	{ "list", AGENT_READS | AGENT_SEARCHES },
	{ "bash", AGENT_SHELL },
	{ "webfetch", AGENT_WEB },
	{ "edit", AGENT_EDITS },
	{ "write", AGENT_EDITS }, /* these two: asked for as `edit` */
	{ "patch", AGENT_EDITS },
	{ NULL, 0 },
};

static const char agent_opencode_db[] = "opencode.db";

static const char *const agent_opencode_args[] = { "run", "--pure", "--format",
	"json", NULL };

static const struct spec_pair agent_opencode_env[] = {
	{ "OPENCODE_DISABLE_PROJECT_CONFIG", "1" },
	{ "OPENCODE_DISABLE_AUTOUPDATE", "1" },
	{ "OPENCODE_DISABLE_MODELS_FETCH", "1" },
	{ "OPENCODE_DISABLE_LSP_DOWNLOAD", "1" },
	{ "OPENCODE_DISABLE_SHARE", "1" },
	{ "OPENCODE_DISABLE_DEFAULT_PLUGINS", "1" },
	{ "OPENCODE_DISABLE_CLAUDE_CODE", "1" },
};

/* The last rule that fits wins: what is not named is denied. */
static void
agent_opencode_permission(const struct agent_start *s, struct jw *w)
{
	static const char *const look[] = { "git diff *", "git log *",
		"git show *", "git blame *", "git ls-files *", "git status *",
		NULL };
	/* --output writes; quotes could spell it, and other things, so that no
	 * pattern sees it. */
	static const char *const never[] = { "*--ou*", "*\"*", "*'*", "*\\*",
		"*$*", "*`*", "*>*", "*<*", NULL };
	const unsigned kinds = agent_tools(s->write, &s->bounds);

	jw_object(w, "permission");
	jw_str(w, "*", "deny");
	for (const struct agent_tool *t = agent_opencode_tools; t->name != NULL;
	     t++) {
		if ((t->kinds & kinds) != 0 &&
		    (t->kinds != AGENT_SHELL || s->write))
			jw_str(w, t->name, "allow");
		if (strcmp(t->name, "edit") == 0)
			break;
	}
	if (!s->write && (kinds & AGENT_SHELL) != 0) {
		jw_object(w, "bash");
		jw_str(w, "*", "deny");
		for (size_t i = 0; look[i] != NULL; i++)
			jw_str(w, look[i], "allow");
		for (size_t i = 0; never[i] != NULL; i++)
			jw_str(w, never[i], "deny");
		jw_end(w);
	}
	jw_end(w);
}

static void
agent_opencode_provider(const struct agent_model *m, struct jw *w)
{
	AUTO_STR struct str url = STR_INIT, model = STR_INIT;

	str_addf(&url, "%s/v1", m->url);
	str_addf(&model, "coffer/%s", m->name);
	jw_str(w, "model", str_cstr(&model));
	jw_str(w, "small_model", str_cstr(&model));
	jw_array(w, "enabled_providers");
	jw_str(w, NULL, "coffer");
	jw_end(w);
	jw_object(w, "provider");
	jw_object(w, "coffer");
	jw_str(w, "npm", "@ai-sdk/openai-compatible");
	jw_object(w, "options");
	jw_str(w, "baseURL", str_cstr(&url));
	jw_str(w, "apiKey", "{env:COFFER_MODEL_TOKEN}");
	jw_end(w);
	jw_object(w, "models");
	jw_object(w, m->name);
	jw_object(w, "limit");
	jw_i64(w, "context", 200000);
	jw_i64(w, "output", 16000);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static int
agent_opencode_plan(
    const struct agent_start *s, struct agent_plan *p, struct err *e)
{
	AUTO_STR struct str config = STR_INIT, shell = STR_INIT;
	struct jw w;

	if (s->model.url != NULL && s->model.name == NULL)
		return err_set(e, ERR_INVALID,
		    "opencode has to be told which model: set `model` in "
		    "[agentd] of coffer.conf");
	jw_init(&w, &config);
	jw_object(&w, NULL);
	jw_bool(&w, "autoupdate", false);
	jw_str(&w, "share", "disabled");
	if (s->hook != NULL) {
		str_addf(&shell, "%.*s/bash",
		    (int)(strrchr(s->hook, '/') - s->hook), s->hook);
		jw_str(&w, "shell", str_cstr(&shell));
	}
	agent_opencode_permission(s, &w);
	if (s->model.url != NULL) {
		agent_opencode_provider(&s->model, &w);
		agent_plan_env(p, "COFFER_MODEL_TOKEN", s->model.token);
	}
	jw_end(&w);
	agent_plan_program(p, s, "opencode", "1.*");
	agent_plan_args(p, agent_opencode_args);
	agent_plan_envs(p, agent_opencode_env,
	    sizeof(agent_opencode_env) / sizeof(agent_opencode_env[0]));
	agent_plan_envf(p, "OPENCODE_CONFIG_CONTENT", "%s", str_cstr(&config));
	/* Its folder has the user's sign-in, too: that is not kept. */
	if (s->keep != NULL)
		agent_plan_envf(
		    p, "OPENCODE_DB", "%s/%s", s->keep, agent_opencode_db);
	if (s->keep != NULL && s->session != NULL) {
		agent_plan_arg(p, "--session");
		agent_plan_arg(p, s->session);
	}
	agent_plan_more(p, s);
	p->prompt = true;
	return 0;
}

/* ---- its lines ---- */

static void
agent_opencode_start(struct agent_stream *s, const struct json *j)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_SESSION,
		.name = json_str_or(j, "sessionID", NULL) };

	if (agent_stream_report(s)->session[0] == '\0')
		agent_stream_say(s, &ev);
}

static void
agent_opencode_text(struct agent_stream *s, const struct json *j)
{
	agent_stream_text(s, json_str_or(json_get(j, "part"), "text", NULL));
}

static void
agent_opencode_tool(struct agent_stream *s, const struct json *j)
{
	const struct json *part = json_get(j, "part");
	const struct json *state = json_get(part, "state");

	agent_stream_call(s, json_str_or(part, "tool", "?"),
	    agent_stream_about(json_get(state, "input")),
	    strcmp(json_str_or(state, "status", ""), "completed") == 0);
}

/* It has no line for its result: the step that does not ask for a tool. */
static void
agent_opencode_step(struct agent_stream *s, const struct json *j)
{
	const struct json *part = json_get(j, "part");
	const struct json *t = json_get(part, "tokens");
	const struct json *cache = json_get(t, "cache");
	const double cost = json_f64_or(part, "cost", -1);
	const char *reason = json_str_or(part, "reason", "");
	const struct agent_event usage = {
		.kind = AGENT_EVENT_USAGE,
		.usage = { .input = json_i64_or(t, "input", 0),
		    .output = json_i64_or(t, "output", 0) +
			json_i64_or(t, "reasoning", 0),
		    .cache_read = json_i64_or(cache, "read", 0),
		    .cache_write = json_i64_or(cache, "write", 0),
		    .turns = 1,
		    /* 0: it does not know the price. */
		    .cost = cost > 0 ? agent_micros(cost) : -1 },
	};
	const struct agent_event end = { .kind = AGENT_EVENT_END };

	agent_stream_say(s, &usage);
	if (strcmp(reason, "stop") == 0)
		agent_stream_say(s, &end);
	else if (strcmp(reason, "length") == 0)
		agent_stream_error(
		    s, AGENT_FAULT_CONTEXT, "an answer was cut off");
}

static void
agent_opencode_error(struct agent_stream *s, const struct json *j)
{
	const struct json *error = json_get(j, "error");
	const struct json *data = json_get(error, "data");
	const int64_t status = json_i64_or(data, "statusCode", 0);
	const char *text = json_str_or(
	    data, "message", json_str_or(error, "name", ""));

	agent_stream_error(s, agent_fault_of(view_of(text), status), text);
}

static const struct agent_reader agent_opencode_rows[] = {
	{ "step_start", agent_opencode_start },
	{ "text", agent_opencode_text },
	{ "tool_use", agent_opencode_tool },
	{ "step_finish", agent_opencode_step },
	{ "error", agent_opencode_error },
	{ NULL, NULL },
};

const struct agent agent_opencode = {
	.name = "opencode",
	.speaks = MODEL_OPENAI,
	.plan = agent_opencode_plan,
	.rows = agent_opencode_rows,
	.tools = agent_opencode_tools,
	/* Its switch for the project's configuration leaves plugins on, even
	 * with
	 * --pure (1.18.33). */
	.aside = ".opencode opencode.json opencode.jsonc",
	.keeps = ".local/share/coffer",
	.keeps_in = agent_opencode_db,
	.judge = agent_judge_report,
};
