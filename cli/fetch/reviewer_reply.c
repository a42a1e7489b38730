#include <string.h>

#include "cli/fetch/reviewer.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	REPLY_MAX = 1 << 20,
	REPLY_BYTES_PER_TOKEN = 16 /* far more than any real text has */
};

/* Text blocks only, ended by the model itself. */
static int
reply_anthropic(const struct json *j, struct str *out, struct err *e)
{
	const struct json *content = json_get(j, "content");
	const char *stop = json_str_or(j, "stop_reason", "none");

	if (strcmp(json_str_or(j, "type", ""), "message") != 0 ||
	    !json_is_array(content))
		return err_set(
		    e, ERR_PROTO, "the reviewer's reply is no message");
	if (strcmp(stop, "end_turn") != 0)
		return err_set(e, ERR_PROTO,
		    "the reviewer did not finish (stop_reason %.40s)", stop);
	for (const struct json *b = json_first(content); b != NULL;
	     b = json_next(b)) {
		const char *type = json_str_or(b, "type", "");

		if (strcmp(type, "text") == 0)
			str_add(out, json_str_or(b, "text", ""));
		else if (strcmp(type, "thinking") != 0 &&
		    strcmp(type, "redacted_thinking") != 0)
			return err_set(e, ERR_PROTO,
			    "the reviewer's reply has an unknown part");
	}
	return 0;
}

static int
reply_openai(const struct json *j, size_t asked, struct str *out, struct err *e)
{
	const struct json *choice = json_at(json_get(j, "choices"), 0);
	const struct json *message = json_get(choice, "message");
	const char *stop = json_str_or(choice, "finish_reason", "none");
	const char *text = json_str_or(message, "content", NULL);
	int64_t tokens = json_i64_or(json_get(j, "usage"), "prompt_tokens", -1);

	if (choice == NULL || text == NULL)
		return err_set(
		    e, ERR_PROTO, "the reviewer's reply has no text");
	if (strcmp(stop, "stop") != 0)
		return err_set(e, ERR_PROTO,
		    "the reviewer did not finish (finish_reason %.40s)", stop);
	if (json_str_or(message, "refusal", NULL) != NULL)
		return err_set(e, ERR_PROTO, "the reviewer refused");
	/* Some local servers cut a long prompt without a word. */
	if (tokens >= 0 &&
	    (uint64_t)tokens < (uint64_t)asked / REPLY_BYTES_PER_TOKEN)
		return err_set(
		    e, ERR_PROTO, "the reviewer saw only a part of the change");
	str_add(out, text);
	return 0;
}

int
reviewer_reply_text(const struct reviewer *r, struct view body, size_t asked,
    struct str *out, struct err *e)
{
	struct json *j = json_parse(body, REPLY_MAX, e);
	const struct json *error = json_get(j, "error");
	int rc;

	if (j == NULL)
		return err_wrap(e, "the reviewer's reply");
	if (error != NULL && !json_is_null(error))
		rc = err_set(e, ERR_PROTO, "the reviewer says: %.160s",
		    json_str_or(error, "message", "error"));
	else if (strcmp(r->provider, "anthropic") == 0)
		rc = reply_anthropic(j, out, e);
	else
		rc = reply_openai(j, asked, out, e);
	json_free(j);
	if (rc == 0 && view_trim(str_view(out)).len == 0)
		rc = err_set(e, ERR_PROTO, "the reviewer's reply has no text");
	return rc;
}
