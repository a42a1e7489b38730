#include "cli/reviewer/reviewer.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

const char reviewer_tool[] = "review_of_the_change";

/* Flat, everything required, nothing else: what every server can hold to. */
const char reviewer_schema
    [] = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":["
	 "\"nonce\",\"chunk\",\"chunk_sha256\",\"receipt\",\"files_reviewed\","
	 "\"instructions_found\",\"findings\",\"verdict\"],\"properties\":{"
	 "\"nonce\":{\"type\":\"string\"},"
	 "\"chunk\":{\"type\":\"integer\"},"
	 "\"chunk_sha256\":{\"type\":\"string\"},"
	 "\"receipt\":{\"type\":\"string\"},"
	 "\"files_reviewed\":{\"type\":\"array\",\"items\":{\"type\":"
	 "\"integer\"}},"
	 "\"instructions_found\":{\"type\":\"array\",\"items\":{\"type\":"
	 "\"integer\"}},"
	 "\"findings\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	 "\"additionalProperties\":false,\"required\":[\"file\",\"line\","
	 "\"severity\",\"message\"],\"properties\":{"
	 "\"file\":{\"type\":\"integer\"},"
	 "\"line\":{\"type\":\"integer\"},"
	 "\"severity\":{\"type\":\"string\",\"enum\":[\"note\",\"ask\","
	 "\"block\"]},"
	 "\"message\":{\"type\":\"string\"}}}},"
	 "\"verdict\":{\"type\":\"string\",\"enum\":[\"ok\",\"block\"]}}}";

static void
body_message(struct jw *w, const char *role, struct view text)
{
	jw_object(w, NULL);
	jw_str(w, "role", role);
	jw_view(w, "content", text);
	jw_end(w);
}

static void
body_schema(struct jw *w, const char *key)
{
	jw_raw(w, key, view_of(reviewer_schema));
}

/* The one tool, described as each API wants it. */
static void
body_tool(
    struct jw *w, const struct reviewer_session *s, const char *schema_key)
{
	jw_array(w, "tools");
	jw_object(w, NULL);
	if (s->p->shape == PROVIDER_CHAT) {
		jw_str(w, "type", "function");
		jw_object(w, "function");
	} else if (s->p->shape == PROVIDER_RESPONSES) {
		jw_str(w, "type", "function");
	}
	jw_str(w, "name", reviewer_tool);
	jw_str(w, "description", "Hands the review of the chunk in.");
	body_schema(w, schema_key);
	if (s->p->shape == PROVIDER_CHAT)
		jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_object(w, "tool_choice");
	if (s->p->shape == PROVIDER_MESSAGES)
		jw_str(w, "type", "tool");
	else
		jw_str(w, "type", "function");
	if (s->p->shape == PROVIDER_CHAT) {
		jw_object(w, "function");
		jw_str(w, "name", reviewer_tool);
		jw_end(w);
	} else {
		jw_str(w, "name", reviewer_tool);
	}
	jw_end(w);
}

static void
body_anthropic(struct jw *w, const struct reviewer_session *s,
    const char *system, struct view question)
{
	jw_i64(w, "max_tokens", s->answer);
	jw_str(w, "system", system);
	jw_array(w, "messages");
	body_message(w, "user", question);
	jw_end(w);
	if (s->mode == PROVIDER_TOOL) {
		body_tool(w, s, "input_schema");
	} else if (s->mode == PROVIDER_SCHEMA) {
		jw_object(w, "output_config");
		jw_object(w, "format");
		jw_str(w, "type", "json_schema");
		body_schema(w, "schema");
		jw_end(w);
		jw_end(w);
	}
}

static const char *
body_tokens(const struct reviewer_session *s)
{
	bool newer = s->p->tokens[4] == 'c'; /* max_completion_tokens */

	if (!s->other_tokens || s->p->shape != PROVIDER_CHAT)
		return s->p->tokens;
	return newer ? "max_tokens" : "max_completion_tokens";
}

static void
body_chat_format(struct jw *w, const struct reviewer_session *s)
{
	if (s->mode == PROVIDER_TOOL) {
		body_tool(w, s, "parameters");
		return;
	}
	if (s->mode == PROVIDER_TEXT)
		return;
	jw_object(w, "response_format");
	if (s->mode == PROVIDER_OBJECT) {
		jw_str(w, "type", "json_object");
	} else {
		jw_str(w, "type", "json_schema");
		jw_object(w, "json_schema");
		jw_str(w, "name", reviewer_tool);
		jw_bool(w, "strict", true);
		body_schema(w, "schema");
		jw_end(w);
	}
	jw_end(w);
}

static void
body_chat(struct jw *w, const struct reviewer_session *s, const char *system,
    struct view question)
{
	jw_i64(w, body_tokens(s), s->answer);
	if (s->p->fixed)
		jw_i64(w, "temperature", 0);
	jw_array(w, "messages");
	body_message(w, "system", view_of(system));
	body_message(w, "user", question);
	jw_end(w);
	body_chat_format(w, s);
	if (!s->p->route)
		return;
	/* Only where what is asked for is kept to, and nothing is kept. */
	jw_object(w, "provider");
	jw_bool(w, "require_parameters", true);
	jw_str(w, "data_collection", "deny");
	jw_end(w);
	/* Nor is the middle of a long question left out. */
	jw_array(w, "transforms");
	jw_end(w);
}

static void
body_responses(struct jw *w, const struct reviewer_session *s,
    const char *system, struct view question)
{
	jw_i64(w, "max_output_tokens", s->answer);
	jw_bool(w, "store", false);
	jw_str(w, "instructions", system);
	jw_array(w, "input");
	body_message(w, "user", question);
	jw_end(w);
	if (s->mode == PROVIDER_TOOL) {
		body_tool(w, s, "parameters");
		return;
	}
	if (s->mode == PROVIDER_TEXT)
		return;
	jw_object(w, "text");
	jw_object(w, "format");
	if (s->mode == PROVIDER_OBJECT) {
		jw_str(w, "type", "json_object");
	} else {
		jw_str(w, "type", "json_schema");
		jw_str(w, "name", reviewer_tool);
		jw_bool(w, "strict", true);
		body_schema(w, "schema");
	}
	jw_end(w);
	jw_end(w);
}

static void
body_ollama(struct jw *w, const struct reviewer_session *s, const char *system,
    struct view question)
{
	jw_bool(w, "stream", false);
	jw_object(w, "options");
	jw_i64(w, "num_ctx", s->context);
	jw_i64(w, "num_predict", s->answer);
	jw_i64(w, "temperature", 0);
	jw_end(w);
	jw_array(w, "messages");
	body_message(w, "system", view_of(system));
	body_message(w, "user", question);
	jw_end(w);
	if (s->mode == PROVIDER_SCHEMA)
		body_schema(w, "format");
	else if (s->mode == PROVIDER_OBJECT)
		jw_str(w, "format", "json");
}

void
reviewer_body(const struct reviewer_session *s, const char *system,
    struct view question, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "model", s->r->model);
	switch (s->p->shape) {
	case PROVIDER_MESSAGES:
		body_anthropic(&w, s, system, question);
		break;
	case PROVIDER_CHAT:
		body_chat(&w, s, system, question);
		break;
	case PROVIDER_RESPONSES:
		body_responses(&w, s, system, question);
		break;
	case PROVIDER_OLLAMA:
		body_ollama(&w, s, system, question);
		break;
	}
	jw_end(&w);
}
