#include "cli/remote.h"
#include "cli/out.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/net/apiclient.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	REMOTE_LIMIT_MS = 60 * 1000,
	REMOTE_TEXT_MS = 10 * 60 * 1000,
	REMOTE_HEADER_MAX = 8192
};

struct remote {
	struct loop *loop;
	struct net *net;
	struct apiclient *api;
};

struct remote_answer {
	struct loop *loop;
	struct json *json;
	struct err fail;
	int status;
	bool failed;
};

void
remote_free(struct remote *r)
{
	if (r == NULL)
		return;
	apiclient_free(r->api);
	net_free(r->net);
	loop_free(r->loop);
	free(r);
}

static struct remote *
remote_of(struct cli *c, struct err *e)
{
	struct remote *r = c->remote;

	if (r != NULL)
		return r;
	r = xcalloc(1, sizeof(*r));
	if ((r->loop = loop_new(e)) == NULL)
		goto fail;
	if ((r->net = net_new(r->loop, "coffer", e)) == NULL)
		goto fail;
	r->api = apiclient_new(r->net, c->url, c->token);
	/* As other programs have it; libcurl does not read it by itself. */
	apiclient_trust(r->api, getenv("SSL_CERT_FILE"));
	c->remote = r;
	return r;
fail:
	if (r->loop != NULL)
		loop_free(r->loop);
	free(r);
	return NULL;
}

struct loop *
remote_loop(struct cli *c, struct err *e)
{
	struct remote *r = remote_of(c, e);

	return r == NULL ? NULL : r->loop;
}

struct net *
remote_net(struct cli *c, struct err *e)
{
	struct remote *r = remote_of(c, e);

	return r == NULL ? NULL : r->net;
}

static void
remote_on_answer(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct remote_answer *a = arg;

	a->status = status;
	if (j != NULL) {
		AUTO_STR struct str text = STR_INIT;

		json_print(j, &text);
		a->json = json_parse(
		    str_view(&text), STR_MAX_DEFAULT, &a->fail);
		a->failed = a->json == NULL;
	}
	if (fail != NULL && fail->code != ERR_NONE) {
		a->failed = true;
		a->fail = *fail;
	}
	loop_stop(a->loop);
}

static int
remote_run(struct cli *c, const struct remote_call *call, struct json **out,
    int *status, struct err *e)
{
	struct remote *r = remote_of(c, e);
	struct remote_answer a = { .fail = ERR_INIT };
	struct api_call api = {
		.method = call->method,
		.path = call->path,
		.body = call->body,
		.limit_ms = call->limit_ms == 0 ? REMOTE_LIMIT_MS
						: call->limit_ms,
		.done = remote_on_answer,
		.arg = &a,
	};

	*out = NULL;
	*status = 0;
	if (r == NULL)
		return -1;
	a.loop = r->loop;
	(void)api_start(r->api, &api);
	if (loop_run(r->loop, e) == -1)
		return -1;
	*status = a.status;
	if (!a.failed || call->keep_refusal)
		*out = a.json;
	else
		json_free(a.json);
	if (!a.failed)
		return 0;
	if (a.status == 0)
		return cli_err_unreachable(e, "%s: %s", c->url, a.fail.msg);
	*e = a.fail;
	return -1;
}

int
remote_get(struct cli *c, const char *path, struct json **out, struct err *e)
{
	return remote_wait(c, path, 0, out, e);
}

int
remote_wait(struct cli *c, const char *path, int64_t limit_ms,
    struct json **out, struct err *e)
{
	const struct remote_call call = {
		.method = "GET", .path = path, .limit_ms = limit_ms
	};
	int status;

	if (remote_run(c, &call, out, &status, e) == -1)
		return -1;
	return *out != NULL ? 0
			    : err_set(e, ERR_PROTO,
				  "the reply is empty (HTTP "
				  "%d)",
				  status);
}

int
remote_send(struct cli *c, const struct remote_call *call, struct json **out,
    int *status, struct err *e)
{
	int ignored;

	*out = NULL;
	if (c->g.dry_run) {
		out_fmt(stdout, "would send %s %s%s%s\n", call->method,
		    call->path, call->body == NULL ? "" : " ",
		    call->body == NULL ? ""
			: call->secret ? "(a body with a secret)"
				       : str_cstr(call->body));
		if (status != NULL)
			*status = 0;
		return REMOTE_DRY;
	}
	return remote_run(c, call, out, status == NULL ? &ignored : status, e);
}

struct remote_stream {
	struct loop *loop;
	const struct remote_text *text;
	const char *url;
	struct err fail;
	bool failed, stopped;
};

static bool
remote_on_chunk(struct view chunk, void *arg)
{
	struct remote_stream *s = arg;

	if (!s->text->fn(chunk, s->text->arg))
		s->stopped = true;
	return !s->stopped;
}

/* The message of an error reply, or its bare status. */
static void
remote_text_error(const struct fetch_reply *r, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct json *j = r->body.len == 0 ? NULL
					  : json_parse(r->body, 0, &ignored);

	(void)err_set(e, api_error_code(r->status), "%s (HTTP %d)",
	    json_str_or(j, "message", "refused"), r->status);
	json_free(j);
}

static void
remote_on_text_done(const struct fetch_reply *r, void *arg)
{
	struct remote_stream *s = arg;

	if (s->stopped) {
		s->failed = false;
	} else if (r->error != 0 && r->status == 0) {
		s->failed = true;
		(void)cli_err_unreachable(
		    &s->fail, "%s: %s", s->url, r->error_text);
	} else if (r->error != 0) {
		s->failed = true;
		(void)err_set(
		    &s->fail, (enum err_code)r->error, "%s", r->error_text);
	} else if (r->status < 200 || r->status > 299) {
		s->failed = true;
		remote_text_error(r, &s->fail);
	}
	loop_stop(s->loop);
}

int
remote_text(struct cli *c, const struct remote_text *text, struct err *e)
{
	struct remote *r = remote_of(c, e);
	AUTO_FREE char *url = xasprintf("%s%s", c->url, text->path);
	AUTO_FREE char *auth = xasprintf(
	    "Authorization: Bearer %s", c->token == NULL ? "" : c->token);
	AUTO_FREE char *accept = xasprintf("Accept: %s",
	    text->accept == NULL ? "text/plain, */*" : text->accept);
	const char *headers[] = { accept, c->token == NULL ? NULL : auth,
		NULL };
	struct remote_stream s = {
		.text = text, .url = c->url, .fail = ERR_INIT
	};
	const struct fetch_spec spec = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.limit_ms = text->follow ? -1 : REMOTE_TEXT_MS,
		.on_data = remote_on_chunk,
		.on_done = remote_on_text_done,
		.arg = &s,
	};
	struct fetch *f;

	if (r == NULL)
		return -1;
	s.loop = r->loop;
	if (fetch_start(r->net, &spec, &f, e) == -1)
		return -1;
	if (loop_run(r->loop, e) == -1)
		return -1;
	if (s.failed) {
		*e = s.fail;
		return -1;
	}
	return 0;
}
