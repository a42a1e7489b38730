#include "agentd/gateway/refuse.h"

#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"

static const struct {
	int status;
	const char *word;      /* of the record, and OpenAI's code */
	const char *anthropic; /* Anthropic's type */
	const char *retry;     /* x-should-retry */
} refuse_rows[REFUSALS] = {
	[REFUSE_NO_TOKEN] = { 401, "invalid_token", "authentication_error",
	    "false" },
	[REFUSE_NOT_HERE] = { 403, "foreign_token", "permission_error",
	    "false" },
	[REFUSE_PATH] = { 403, "path_not_allowed", "permission_error",
	    "false" },
	[REFUSE_PROVIDER] = { 403, "provider_not_allowed", "permission_error",
	    "false" },
	[REFUSE_BODY] = { 400, "invalid_request", "invalid_request_error",
	    "false" },
	[REFUSE_DENIED] = { 403, "not_allowed", "permission_error", "false" },
	[REFUSE_UPLOAD] = { 408, "upload_timeout", "timeout_error", "true" },
	[REFUSE_TOO_LARGE] = { 413, "request_too_large", "request_too_large",
	    "false" },
	[REFUSE_BUDGET] = { 403, "budget_exceeded", "permission_error",
	    "false" },
	[REFUSE_FROZEN] = { 403, "frozen", "permission_error", "false" },
	[REFUSE_LATER] = { 429, "budget_reserved", "rate_limit_error", "true" },
	[REFUSE_BUSY] = { 503, "busy", "overloaded_error", "true" },
	[REFUSE_NO_KEY] = { 503, "no_key", "api_error", "false" },
	[REFUSE_KEY] = { 403, "key_refused", "permission_error", "false" },
	[REFUSE_UPSTREAM] = { 502, "upstream_failed", "api_error", "true" },
	[REFUSE_TIMEOUT] = { 504, "upstream_timeout", "timeout_error", "true" },
};

const char *
refuse_word(enum refusal r)
{
	return refuse_rows[r].word;
}

int
refuse_status(enum refusal r)
{
	return refuse_rows[r].status;
}

void
refuse_body(struct str *out, enum provider_kind kind, enum refusal r,
    const char *message)
{
	bool anthropic = kind == PROVIDER_ANTHROPIC;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	if (anthropic)
		jw_str(&w, "type", "error");
	jw_object(&w, "error");
	jw_str(&w, "type",
	    anthropic ? refuse_rows[r].anthropic : refuse_rows[r].word);
	jw_str(&w, "message", message);
	if (!anthropic)
		jw_null(&w, "param");
	jw_str(&w, "code", refuse_rows[r].word);
	jw_end(&w);
	jw_end(&w);
}

void
refuse_send(struct request *q, enum provider_kind kind, enum refusal r,
    const char *message)
{
	struct str body = STR_INIT;

	request_header(q, "x-should-retry", refuse_rows[r].retry);
	if (refuse_rows[r].status == 429)
		request_header(q, "retry-after", "1");
	refuse_body(&body, kind, r, message);
	request_reply_str(q, refuse_rows[r].status, "application/json", &body);
}
