#include "lib/net/apiclient.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/list.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	API_MAX_REPLY = 8 << 20,
	API_LINE_MAX = 160,
	API_ID_MAX = 32,
	API_HEADERS_MAX = 7 /* with the NULL */
};

/* One call.  It belongs to its fetch, or to its timer if none started. */
struct api_running {
	LIST_ENTRY(api_running) link; /* while client is set */
	struct apiclient *client;     /* NULL after apiclient_free */
	struct fetch *fetch;
	struct timer *timer;
	char id[API_ID_MAX]; /* of the request, in the server's logs */
	struct err fail;
	api_fn *done;
	api_bytes_fn *bytes;
	void *arg;
};

LIST_HEAD(api_list, api_running);

struct apiclient {
	struct net *net;
	char *base;
	char *auth;     /* header line or NULL */
	const char *ca; /* NULL: the system's */
	struct api_list calls;
	char id_prefix[9];
	uint64_t last_id;
};

struct apiclient *
apiclient_new(struct net *n, const char *base, const char *token)
{
	struct apiclient *c = xcalloc(1, sizeof(*c));
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	c->net = n;
	rnd_hex(c->id_prefix, 4);
	c->base = xstrndup(base, len);
	if (token != NULL)
		c->auth = xasprintf("Authorization: Bearer %s", token);
	LIST_INIT(&c->calls);
	return c;
}

static void
api_detach(struct api_running *r)
{
	if (r->client == NULL)
		return;
	r->client = NULL;
	LIST_REMOVE(r, link);
}

/* fetch_spec.on_free */
static void
api_release(void *arg)
{
	struct api_running *r = arg;

	api_detach(r);
	timer_free(r->timer);
	free(r);
}

void
apiclient_trust(struct apiclient *c, const char *ca_file)
{
	c->ca = ca_file;
}

void
apiclient_free(struct apiclient *c)
{
	struct api_running *r, *next;

	if (c == NULL)
		return;
	LIST_FOREACH_SAFE(r, &c->calls, link, next) {
		api_detach(r);
		if (r->fetch != NULL)
			fetch_cancel(r->fetch);
		else
			api_release(r);
	}
	free(c->base);
	if (c->auth != NULL)
		explicit_bzero(c->auth, strlen(c->auth));
	free(c->auth);
	free(c);
}

void
apiclient_forget(struct apiclient *c, const void *arg)
{
	struct api_running *r, *next;

	LIST_FOREACH_SAFE(r, &c->calls, link, next) {
		if (r->arg != arg)
			continue;
		api_detach(r);
		if (r->fetch != NULL)
			fetch_cancel(r->fetch);
		else
			api_release(r);
	}
}

enum err_code
api_error_code(int status)
{
	static const struct {
		int status;
		enum err_code code;
	} codes[] = {
		{ 400, ERR_INVALID },
		{ 401, ERR_DENIED },
		{ 403, ERR_DENIED },
		{ 404, ERR_NOTFOUND },
		{ 405, ERR_DENIED },
		{ 409, ERR_EXISTS },
		{ 413, ERR_LIMIT },
		{ 422, ERR_INVALID },
		{ 423, ERR_DENIED },
		{ 429, ERR_BUSY },
		{ 503, ERR_BUSY },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].status == status)
			return codes[i].code;
	return status >= 500 ? ERR_INTERNAL : ERR_PROTO;
}

/* Why it was refused: the message, or a text of one short line that is no
 * page of HTML, such as that of a port that speaks TLS. */
static const char *
api_said(const struct fetch_reply *r, const struct json *body,
    char line[API_LINE_MAX + 1])
{
	struct view text = view_trim(r->body);

	if (body != NULL || text.len == 0 || text.len > API_LINE_MAX ||
	    text.p[0] == '<' || memchr(text.p, '\n', text.len) != NULL ||
	    memchr(text.p, '\0', text.len) != NULL)
		return json_str_or(body, "message", "refused");
	(void)snprintf(line, API_LINE_MAX + 1, "%.*s", (int)text.len, text.p);
	return line;
}

/* The verdict on a reply: 0, or -1 with the error it stands for. */
static int
api_judge(const struct fetch_reply *r, const char *id, struct json **body,
    struct err *e)
{
	struct err bad = ERR_INIT;
	char line[API_LINE_MAX + 1];

	if (r->error != 0)
		return err_set(e, (enum err_code)r->error, "%s", r->error_text);
	if (r->body.len > 0)
		*body = json_parse(r->body, API_MAX_REPLY, &bad);
	if (r->status / 100 == 5)
		return err_set(e, api_error_code(r->status),
		    "%s (HTTP %d, request %s)", api_said(r, *body, line),
		    r->status, id);
	if (r->status / 100 != 2)
		return err_set(e, api_error_code(r->status), "%s (HTTP %d)",
		    api_said(r, *body, line), r->status);
	if (bad.code != ERR_NONE)
		return err_set(
		    e, ERR_PROTO, "the reply is no JSON: %.160s", bad.msg);
	return 0;
}

static void
api_on_done(const struct fetch_reply *reply, void *arg)
{
	struct api_running *r = arg;
	struct json *body = NULL;
	struct err e = ERR_INIT;
	bool failed;

	r->fetch = NULL;
	if (r->client == NULL)
		return;
	api_detach(r);
	if (r->bytes != NULL) {
		if (reply->error != 0)
			(void)err_set(&e, (enum err_code)reply->error, "%s",
			    reply->error_text);
		else if (reply->status / 100 != 2)
			(void)err_set(&e, api_error_code(reply->status),
			    "refused (HTTP %d)", reply->status);
		r->bytes(e.code == ERR_NONE ? NULL : &e, reply->body, r->arg);
		return;
	}
	failed = api_judge(reply, r->id, &body, &e) == -1;
	r->done(failed ? &e : NULL, reply->status, body, r->arg);
	json_free(body);
}

static void
api_on_not_started(void *arg)
{
	struct api_running *r = arg;

	api_detach(r);
	if (r->bytes != NULL)
		r->bytes(&r->fail, (struct view){ .p = "" }, r->arg);
	else
		r->done(&r->fail, 0, NULL, r->arg);
	api_release(r);
}

struct fetch *
api_start(struct apiclient *c, const struct api_call *call)
{
	AUTO_FREE char *url = xasprintf("%s%s", c->base, call->path);
	AUTO_FREE char *type = xasprintf("Content-Type: %s",
	    call->content_type == NULL ? "application/json"
				       : call->content_type);
	const char *headers[API_HEADERS_MAX] = { "Accept: application/json" };
	struct api_running *r = xcalloc(1, sizeof(*r));
	struct fetch_spec spec = { .method = call->method,
		.url = url,
		.headers = headers,
		.max_reply = call->bytes != NULL ? call->max_bytes
						 : API_MAX_REPLY,
		.limit_ms = call->limit_ms,
		.ca_file = c->ca,
		.on_done = api_on_done,
		.on_free = api_release,
		.arg = r };
	AUTO_FREE char *id = NULL;
	size_t n = 1;

	(void)snprintf(
	    r->id, sizeof(r->id), "%s-%" PRIu64, c->id_prefix, ++c->last_id);
	id = xasprintf("X-Request-Id: %s", r->id);
	headers[n++] = id;
	if (c->auth != NULL)
		headers[n++] = c->auth;
	if (call->header != NULL)
		headers[n++] = call->header;
	if (call->header2 != NULL)
		headers[n++] = call->header2;
	if (call->body != NULL) {
		headers[n] = type;
		spec.body = (struct view){ .p = str_cstr(call->body),
			.len = call->body->len };
	}
	r->client = c;
	r->done = call->done;
	r->bytes = call->bytes;
	r->arg = call->arg;
	LIST_INSERT_HEAD(&c->calls, r, link);
	if (fetch_start(c->net, &spec, &r->fetch, &r->fail) == -1) {
		r->timer = timer_new(net_loop(c->net), api_on_not_started, r);
		timer_set(r->timer, 0);
		return NULL;
	}
	return r->fetch;
}
