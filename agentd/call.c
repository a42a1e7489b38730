#include "agentd/call.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	CALL_RETRY_MIN_MS = 100,
	CALL_RETRY_MAX_MS = 5000
};

struct call {
	struct apiclient *api;
	api_fn *done;
	void *arg;
	struct timer *retry;
	int64_t retry_ms;
	const char *method;
	char *path;
	char *body;
	bool busy;
};

bool
call_is_transient(const struct err *e)
{
	return e->code == ERR_IO || e->code == ERR_TIMEOUT ||
	    e->code == ERR_BUSY || e->code == ERR_INTERNAL ||
	    e->code == ERR_PROTO;
}

static void
call_on_reply(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct call *c = arg;

	if (fail != NULL && call_is_transient(fail)) {
		if (c->retry_ms == CALL_RETRY_MIN_MS)
			log_warn("call retry path=%s why=%s", c->path,
			    log_val(fail->msg));
		timer_set(c->retry,
		    c->retry_ms + (int64_t)rnd_below((uint64_t)c->retry_ms));
		c->retry_ms *= 2;
		if (c->retry_ms > CALL_RETRY_MAX_MS)
			c->retry_ms = CALL_RETRY_MAX_MS;
		return;
	}
	c->busy = false;
	c->done(fail, status, j, c->arg);
}

static void
call_send(void *arg)
{
	struct call *c = arg;
	AUTO_STR struct str body = STR_INIT;
	const struct api_call call = {
		.method = c->method,
		.path = c->path,
		.body = c->body == NULL ? NULL : &body,
		.done = call_on_reply,
		.arg = c,
	};

	if (c->body != NULL)
		str_add(&body, c->body);
	(void)api_start(c->api, &call);
}

struct call *
call_new(struct loop *l, struct apiclient *api, api_fn *done, void *arg)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->api = api;
	c->done = done;
	c->arg = arg;
	c->retry = timer_new(l, call_send, c);
	return c;
}

static void
call_reset(struct call *c)
{
	apiclient_forget(c->api, c);
	timer_cancel(c->retry);
	free(c->path);
	free(c->body);
	c->path = NULL;
	c->body = NULL;
	c->busy = false;
}

void
call_start(
    struct call *c, const char *method, const char *path, const char *body)
{
	call_reset(c);
	c->method = method;
	c->path = xstrdup(path);
	c->body = body == NULL ? NULL : xstrdup(body);
	c->retry_ms = CALL_RETRY_MIN_MS;
	c->busy = true;
	call_send(c);
}

bool
call_busy(const struct call *c)
{
	return c->busy;
}

void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	call_reset(c);
	timer_free(c->retry);
	free(c);
}
