#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/reviewer.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	ASK_TOKENS_MAX = 4096,
	ASK_REPLY_MAX = 1 << 20,
	ASK_TRIES = 3,
	ASK_PAUSE_US = 500 * 1000
};

struct ask {
	struct loop *loop;
	struct str body;
	struct err fail;
	int status;
	bool failed, again;
};

static void
ask_on_done(const struct fetch_reply *r, void *arg)
{
	struct ask *a = arg;

	a->status = r->status;
	if (r->error != 0) {
		a->failed = true;
		a->again = r->error != ERR_TIMEOUT;
		(void)err_set(
		    &a->fail, (enum err_code)r->error, "%s", r->error_text);
	} else if (r->status != 200) {
		a->failed = true;
		a->again = r->status == 408 || r->status == 429 ||
		    r->status >= 500;
		(void)err_set(&a->fail, ERR_PROTO, "HTTP status %d", r->status);
	} else {
		str_addv(&a->body, r->body);
	}
	loop_stop(a->loop);
}

static void
ask_message(struct jw *w, const char *role, struct view text)
{
	jw_object(w, NULL);
	jw_str(w, "role", role);
	jw_view(w, "content", text);
	jw_end(w);
}

static void
ask_build(const struct reviewer *r, const char *system, struct view question,
    struct str *out)
{
	bool anthropic = strcmp(r->provider, "anthropic") == 0;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "model", r->model);
	jw_i64(&w, anthropic ? "max_tokens" : "max_completion_tokens",
	    ASK_TOKENS_MAX);
	if (anthropic)
		jw_str(&w, "system", system);
	jw_array(&w, "messages");
	if (!anthropic)
		ask_message(&w, "system", view_of(system));
	ask_message(&w, "user", question);
	jw_end(&w);
	if (!anthropic) {
		jw_object(&w, "response_format");
		jw_str(&w, "type", "json_object");
		jw_end(&w);
	}
	jw_end(&w);
}

static int
ask_once(struct cli *c, const struct reviewer *r, const struct str *body,
    struct ask *a, struct err *e)
{
	bool anthropic = strcmp(r->provider, "anthropic") == 0;
	AUTO_FREE char *url = xasprintf(
	    "%s%s", r->url, anthropic ? "/v1/messages" : "/chat/completions");
	AUTO_FREE char *auth = anthropic
	    ? xasprintf("x-api-key: %s", r->key)
	    : xasprintf("Authorization: Bearer %s", r->key);
	const char *headers[4] = { "Content-Type: application/json" };
	struct net *net = remote_net(c, e);
	struct fetch_spec spec = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = str_view(body),
		.max_reply = ASK_REPLY_MAX,
		.limit_ms = r->timeout_ms,
		.on_done = ask_on_done,
		.arg = a,
	};
	size_t n = 1;
	struct fetch *f;
	int rc = -1;

	if (anthropic)
		headers[n++] = "anthropic-version: 2023-06-01";
	if (r->key[0] != '\0')
		headers[n++] = auth;
	a->loop = remote_loop(c, e);
	if (net != NULL && a->loop != NULL &&
	    fetch_start(net, &spec, &f, e) == 0)
		rc = loop_run(a->loop, e);
	explicit_bzero(auth, strlen(auth));
	return rc;
}

int
reviewer_ask(struct cli *c, const struct reviewer *r, const char *system,
    struct view question, struct str *out, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct ask a = { .body = STR_INIT };
	int rc = -1;

	ask_build(r, system, question, &body);
	for (int i = 0; i < ASK_TRIES; i++) {
		a.failed = a.again = false;
		a.fail = ERR_INIT;
		str_reset(&a.body);
		if (ask_once(c, r, &body, &a, e) == -1)
			break;
		if (!a.failed) {
			rc = reviewer_reply_text(
			    r, str_view(&a.body), body.len, out, e);
			break;
		}
		*e = a.fail;
		if (!a.again)
			break;
		if (i + 1 < ASK_TRIES)
			(void)usleep((useconds_t)ASK_PAUSE_US << i);
	}
	str_release(&a.body);
	return rc;
}
