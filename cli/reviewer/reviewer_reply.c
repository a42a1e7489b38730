#include "cli/reviewer/reviewer_reply.h"

#include <stdio.h>
#include <string.h>

#include "cli/reviewer/reviewer.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	/* Code with a mark on every line has some three, as JSON a few more. */
	REPLY_BYTES_PER_TOKEN = 7
};

void
reviewer_reply_release(struct reviewer_reply *r)
{
	str_release(&r->text);
}

static void
reply_copy(char *out, size_t n, const char *text)
{
	(void)snprintf(out, n, "%.*s", (int)(n - 1), text);
}

static bool
fault_says(const struct reviewer_fault *f, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcasestr(f->message, words[i]) != NULL)
			return true;
	return false;
}

static bool
fault_is(const char *code, const char *const *codes)
{
	for (size_t i = 0; codes[i] != NULL; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static void
fault_classify(struct reviewer_fault *f, const struct json *error)
{
	static const char *const context_codes[] = { "context_length_exceeded",
		"exceed_context_size_error", "model_context_window_exceeded",
		"request_too_large", NULL };
	static const char *const context_words[] = { "context length",
		"context size", "context window", "maximum context",
		"prompt is too long", "too many tokens", NULL };
	static const char *const final_codes[] = { "insufficient_quota",
		"enforced_spend_limit_reached", "billing_error",
		"billing_hard_limit_reached", NULL };
	static const char *const tokens_words[] = { "max_tokens",
		"max_completion_tokens", NULL };
	static const char *const dead_codes[] = { "model_not_found",
		"not_found_error", "authentication_error", "invalid_api_key",
		NULL };
	const char *code = json_str_or(error, "code", "");
	const char *type = json_str_or(error, "type", "");
	const char *detail = json_str_or(
	    json_get(error, "details"), "error_code", "");

	f->context = fault_is(code, context_codes) ||
	    fault_is(type, context_codes) || f->status == 413 ||
	    (f->status <= 422 && fault_says(f, context_words));
	f->final = fault_is(code, final_codes) || fault_is(type, final_codes) ||
	    fault_is(detail, final_codes);
	f->model_unknown = fault_is(code, dead_codes) ||
	    fault_is(type, dead_codes);
	f->tokens_name = f->status == 400 && !f->context &&
	    (fault_says(f, tokens_words) ||
		fault_is(json_str_or(error, "param", ""), tokens_words));
}

/* {"error": {...}}, {"error": "..."}, {"message": ...} or {"detail": ...} */
static void
fault_of(const struct json *j, struct reviewer_fault *f)
{
	const struct json *error = json_get(j, "error");
	const char *text = json_string(error);
	int64_t code = json_i64_or(error, "code", 0);
	struct err ignored = ERR_INIT;

	if (text == NULL)
		text = json_str_or(error, "message", NULL);
	if (text == NULL)
		text = json_str_or(j, "message", NULL);
	if (text == NULL)
		text = json_str_or(j, "detail", "");
	reply_copy(f->message, sizeof(f->message), text);
	/* In a 200 the error says itself what it is, as number or as text. */
	if (code == 0)
		(void)num_i64(
		    json_str_or(error, "code", ""), 100, 599, &code, &ignored);
	if ((f->status == 0 || f->status == 200) && code >= 100 && code <= 599)
		f->status = (int)code;
	fault_classify(f, error);
	if (f->status == 200 &&
	    fault_is(json_str_or(error, "type", ""),
		(const char *const[]){ "overloaded_error", "api_error",
		    "rate_limit_error", "server_error", NULL }))
		f->status = 529;
}

void
reviewer_fault_read(int status, struct view body, struct reviewer_fault *out)
{
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(body, REPLY_MAX, &ignored);

	*out = (struct reviewer_fault){ .status = status };
	fault_of(j, out);
	json_free(j);
}

static int
reply_no(struct err *e, const char *what, const char *why)
{
	return err_set(e, ERR_PROTO, "the reviewer %s%s%.40s%s", what,
	    why[0] != '\0' ? " (" : "", why, why[0] != '\0' ? ")" : "");
}

/* Text, or what the one tool was called with; ended by the model itself. */
static int
reply_anthropic(const struct json *j, struct reviewer_reply *out, struct err *e)
{
	const struct json *content = json_get(j, "content");
	const struct json *usage = json_get(j, "usage");
	const char *stop = json_str_or(j, "stop_reason", "none");
	bool tool = false;

	if (strcmp(json_str_or(j, "type", ""), "message") != 0 ||
	    !json_is_array(content))
		return reply_no(e, "sent no message", "");
	out->tokens_in = json_i64_or(usage, "input_tokens", -1);
	if (out->tokens_in >= 0)
		out->tokens_in += json_i64_or(
				      usage, "cache_read_input_tokens", 0) +
		    json_i64_or(usage, "cache_creation_input_tokens", 0);
	out->tokens_out = json_i64_or(usage, "output_tokens", -1);
	if (strcmp(stop, "refusal") == 0)
		return reply_no(e, "refused", "");
	if (strcmp(stop, "end_turn") != 0 && strcmp(stop, "tool_use") != 0)
		return reply_no(e, "did not finish: stop_reason", stop);
	for (const struct json *b = json_first(content); b != NULL;
	     b = json_next(b)) {
		const char *type = json_str_or(b, "type", "");

		if (strcmp(type, "text") == 0 && !tool) {
			str_add(&out->text, json_str_or(b, "text", ""));
		} else if (strcmp(type, "tool_use") == 0 && !tool &&
		    strcmp(json_str_or(b, "name", ""), reviewer_tool) == 0) {
			tool = true;
			str_reset(&out->text);
			json_print(json_get(b, "input"), &out->text);
		} else if (strcmp(type, "text") != 0 &&
		    strcmp(type, "thinking") != 0 &&
		    strcmp(type, "redacted_thinking") != 0) {
			return reply_no(e, "sent an unknown part", type);
		}
	}
	return 0;
}

/* One call of the one tool, or none. */
static int
reply_calls(const struct json *calls, struct reviewer_reply *out, struct err *e)
{
	const struct json *f = json_get(json_at(calls, 0), "function");

	if (json_count(calls) == 0)
		return 0;
	if (json_count(calls) != 1 ||
	    strcmp(json_str_or(f, "name", ""), reviewer_tool) != 0)
		return reply_no(e, "used a tool that it has not", "");
	str_reset(&out->text);
	str_add(&out->text, json_str_or(f, "arguments", ""));
	return 0;
}

static int
reply_chat(const struct json *j, struct reviewer_reply *out, struct err *e)
{
	const struct json *choice = json_at(json_get(j, "choices"), 0);
	const struct json *message = json_get(choice, "message");
	const struct json *usage = json_get(j, "usage");
	const char *stop = json_str_or(choice, "finish_reason", "none");
	const char *refusal = json_str_or(message, "refusal", "");

	if (message == NULL)
		return reply_no(e, "sent no message", "");
	out->tokens_in = json_i64_or(usage, "prompt_tokens", -1);
	out->tokens_out = json_i64_or(usage, "completion_tokens", -1);
	if (refusal[0] != '\0' || strcmp(stop, "content_filter") == 0)
		return reply_no(e, "refused", "");
	if (strcmp(stop, "stop") != 0 && strcmp(stop, "tool_calls") != 0)
		return reply_no(e, "did not finish: finish_reason", stop);
	str_add(&out->text, json_str_or(message, "content", ""));
	return reply_calls(json_get(message, "tool_calls"), out, e);
}

static int
reply_part(const struct json *item, struct reviewer_reply *out, struct err *e)
{
	const char *type = json_str_or(item, "type", "");
	const struct json *content = json_get(item, "content");

	if (strcmp(type, "reasoning") == 0)
		return 0;
	if (strcmp(type, "function_call") == 0) {
		if (strcmp(json_str_or(item, "name", ""), reviewer_tool) != 0)
			return reply_no(e, "used a tool that it has not", "");
		str_reset(&out->text);
		str_add(&out->text, json_str_or(item, "arguments", ""));
		return 0;
	}
	if (strcmp(type, "message") != 0)
		return reply_no(e, "sent an unknown part", type);
	for (const struct json *p = json_first(content); p != NULL;
	     p = json_next(p)) {
		if (strcmp(json_str_or(p, "type", ""), "output_text") != 0)
			return reply_no(e, "refused", "");
		str_add(&out->text, json_str_or(p, "text", ""));
	}
	return 0;
}

static int
reply_responses(const struct json *j, struct reviewer_reply *out, struct err *e)
{
	const struct json *output = json_get(j, "output");
	const struct json *usage = json_get(j, "usage");
	const char *status = json_str_or(j, "status", "none");

	out->tokens_in = json_i64_or(usage, "input_tokens", -1);
	out->tokens_out = json_i64_or(usage, "output_tokens", -1);
	if (strcmp(status, "incomplete") == 0)
		return reply_no(e, "did not finish",
		    json_str_or(
			json_get(j, "incomplete_details"), "reason", ""));
	if (strcmp(status, "completed") != 0 || !json_is_array(output))
		return reply_no(e, "did not finish: status", status);
	for (const struct json *i = json_first(output); i != NULL;
	     i = json_next(i))
		if (reply_part(i, out, e) == -1)
			return -1;
	return 0;
}

static int
reply_ollama(const struct json *j, struct reviewer_reply *out, struct err *e)
{
	const struct json *message = json_get(j, "message");
	const char *why = json_str_or(j, "done_reason", "stop");

	if (message == NULL)
		return reply_no(e, "sent no message", "");
	out->tokens_in = json_i64_or(j, "prompt_eval_count", -1);
	out->tokens_out = json_i64_or(j, "eval_count", -1);
	if (!json_bool_or(j, "done", false) || strcmp(why, "stop") != 0)
		return reply_no(e, "did not finish: done_reason", why);
	str_add(&out->text, json_str_or(message, "content", ""));
	return 0;
}

/*
 * Some servers keep a slow connection alive by comment lines of an event
 * stream before the JSON.  A whole stream was not asked for: only an error in
 * it is of use.
 */
static struct view
reply_unstream(struct view body, bool *stream)
{
	struct view line, rest = view_trim(body), before = rest;

	*stream = false;
	while (rest.len > 0 &&
	    (rest.p[0] == ':' || rest.p[0] == '\n' || rest.p[0] == '\r')) {
		(void)view_split(&rest, '\n', &line);
		before = rest;
	}
	if (view_starts(before, "{"))
		return before;
	rest = before;
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		line = view_trim(line);
		if (!view_starts(line, "data:"))
			continue;
		*stream = true;
		if (memmem(line.p, line.len, "\"error\"", 7) != NULL)
			return view_trim(view_from(line, 5));
	}
	return before;
}

static int
reply_shape(enum provider_shape shape, const struct json *j,
    struct reviewer_reply *out, struct err *e)
{
	switch (shape) {
	case PROVIDER_MESSAGES:
		return reply_anthropic(j, out, e);
	case PROVIDER_CHAT:
		return reply_chat(j, out, e);
	case PROVIDER_RESPONSES:
		return reply_responses(j, out, e);
	case PROVIDER_OLLAMA:
		return reply_ollama(j, out, e);
	}
	return err_set(e, ERR_INTERNAL, "no such shape");
}

/* At the top, or in the one choice. */
static bool
reply_is_error(const struct json *j)
{
	const struct json *error = json_get(j, "error");

	return (error != NULL && !json_is_null(error)) ||
	    strcmp(json_str_or(j, "type", ""), "error") == 0;
}

static int
reply_error(const struct json *j, struct reviewer_reply *out, struct err *e)
{
	out->is_error = true;
	out->fault.status = 200;
	fault_of(j, &out->fault);
	return err_set(e, ERR_PROTO, "the reviewer's server says: %.160s",
	    out->fault.message[0] != '\0' ? out->fault.message : "error");
}

int
reviewer_reply_read(enum provider_shape shape, struct view body, size_t asked,
    struct reviewer_reply *out, struct err *e)
{
	const struct json *choice;
	bool stream;
	struct json *j;
	int rc;

	*out = (struct reviewer_reply){ .text = STR_INIT_MAX(REPLY_MAX),
		.tokens_in = -1,
		.tokens_out = -1 };
	body = reply_unstream(body, &stream);
	j = json_parse(body, REPLY_MAX, e);
	choice = json_at(json_get(j, "choices"), 0);
	if (j == NULL)
		return stream
		    ? reply_no(e, "sent a stream that was not asked for", "")
		    : err_wrap(e, "the reviewer's reply");
	if (reply_is_error(j)) {
		rc = reply_error(j, out, e);
	} else if (reply_is_error(choice)) {
		rc = reply_error(choice, out, e);
	} else if (stream) {
		rc = reply_no(e, "sent a stream that was not asked for", "");
	} else {
		reply_copy(out->id, sizeof(out->id), json_str_or(j, "id", ""));
		reply_copy(out->model, sizeof(out->model),
		    json_str_or(j, "model", ""));
		rc = reply_shape(shape, j, out, e);
	}
	json_free(j);
	if (rc == -1)
		return -1;
	/* Some local servers cut a long prompt without a word. */
	if (out->tokens_in >= 0 &&
	    (uint64_t)out->tokens_in < (uint64_t)asked / REPLY_BYTES_PER_TOKEN)
		return reply_no(e, "saw only a part of the question", "");
	if (view_trim(str_view(&out->text)).len == 0)
		return reply_no(e, "said nothing", "");
	return 0;
}
