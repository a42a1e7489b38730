#include <string.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/reviewer_reply.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"

enum {
	HTTP_TICK_MS = 1000,
	HTTP_HEADERS = 5
};

struct http_wait {
	struct loop *loop;
	struct fetch *fetch;
	struct timer *timer;
	struct reviewer_session *s;
	struct reviewer_http *out;
};

static void
http_on_done(const struct fetch_reply *r, void *arg)
{
	struct http_wait *w = arg;

	w->out->timed_out = r->error == ERR_TIMEOUT;
	if (r->error != 0) {
		(void)err_set(&w->out->fail, (enum err_code)r->error,
		    "the reviewer: %s", r->error_text);
	} else {
		w->out->status = r->status;
		str_addv(&w->out->body, r->body);
		fetch_headers(w->fetch, &w->out->heads);
		reviewer_hide_key(w->s, w->out->body.p, w->out->body.len);
		reviewer_hide_key(w->s, w->out->heads.p, w->out->heads.len);
	}
	loop_stop(w->loop);
}

static void
http_on_tick(void *arg)
{
	struct http_wait *w = arg;

	w->s->tick(w->s->tick_arg);
	timer_set(w->timer, HTTP_TICK_MS);
}

static int
http_run(struct http_wait *w, const struct fetch_spec *spec, struct err *e)
{
	struct net *net = remote_net(w->s->c, e);
	int rc;

	w->loop = remote_loop(w->s->c, e);
	if (net == NULL || w->loop == NULL ||
	    fetch_start(net, spec, &w->fetch, e) == -1)
		return -1;
	if (w->s->tick != NULL) {
		w->timer = timer_new(w->loop, http_on_tick, w);
		timer_set(w->timer, HTTP_TICK_MS);
	}
	rc = loop_run(w->loop, e);
	timer_free(w->timer);
	return rc;
}

int
reviewer_http(struct reviewer_session *s, const char *method, const char *url,
    struct view body, struct reviewer_http *out, struct err *e)
{
	bool anthropic = s->p->shape == PROVIDER_MESSAGES;
	AUTO_FREE char *auth = anthropic
	    ? xasprintf("x-api-key: %s", s->r->key)
	    : xasprintf("Authorization: Bearer %s", s->r->key);
	const char *headers[HTTP_HEADERS] = {
		"Content-Type: application/json"
	};
	struct http_wait w = { .s = s, .out = out };
	const struct fetch_spec spec = {
		.method = method,
		.url = url,
		.headers = headers,
		.body = body,
		.max_reply = REPLY_MAX,
		.limit_ms = s->r->timeout_ms,
		.on_done = http_on_done,
		.arg = &w,
	};
	size_t n = 1;
	int rc;

	*out = (struct reviewer_http){ .body = STR_INIT_MAX(REPLY_MAX),
		.heads = STR_INIT_MAX(64 << 10),
		.fail = ERR_INIT };
	if (anthropic)
		headers[n++] = "anthropic-version: 2023-06-01";
	if (s->r->key[0] != '\0')
		headers[n] = auth;
	s->requests++;
	rc = http_run(&w, &spec, e);
	explicit_bzero(auth, strlen(auth));
	return rc;
}

void
reviewer_http_release(struct reviewer_http *h)
{
	str_release(&h->body);
	str_release(&h->heads);
}
