#include "lib/net/ctl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	CTL_MAX_WAITING = 256,
	CTL_MAX_LINE = 4 << 20, /* a host.set or a log */
	CTL_LIMIT_MS = 15 * 1000,
	CTL_RETRY_MS = 500,
	CTL_AGAIN_MS = 50 /* while a request waits for the program */
};

struct ctl_request {
	TAILQ_ENTRY(ctl_request) entry;
	char *line; /* NULL: refused */
	size_t len;
	int64_t until_ms; /* clock_mono_ms: then it fails; 0: at once */
	ctl_fn *fn;
	void *arg;
};

TAILQ_HEAD(ctl_queue, ctl_request);

struct ctl {
	struct loop *loop;
	char *name, *path;
	struct stream *stream;  /* NULL while not connected */
	struct ctl_queue queue; /* the first is the one in flight */
	size_t waiting;
	bool in_flight;
	bool turning; /* ctl_turn is deferred */
	bool closed;
	struct timer *timer; /* of the request in flight */
	struct timer *retry; /* while not connected, and kept or asked */
	loop_fn *on_connect; /* NULL: not kept */
	void *connect_arg;
};

static void ctl_turn(void *arg);

static void
ctl_defer(struct ctl *c)
{
	if (c->turning)
		return;
	c->turning = true;
	loop_defer(c->loop, ctl_turn, c);
}

/* There may be a secret in it. */
static void
ctl_request_free(struct ctl_request *r)
{
	if (r->line != NULL)
		explicit_bzero(r->line, r->len);
	free(r->line);
	free(r);
}

/* Takes the first request off and tells it. */
static void
ctl_finish(struct ctl *c, const struct json *reply, const struct err *e)
{
	struct ctl_request *r = TAILQ_FIRST(&c->queue);

	TAILQ_REMOVE(&c->queue, r, entry);
	c->waiting--;
	c->in_flight = false;
	timer_cancel(c->timer);
	if (r->fn != NULL)
		r->fn(reply, e, r->arg);
	ctl_request_free(r);
	if (!c->closed)
		ctl_defer(c);
}

static void
ctl_fail(struct ctl *c, const char *why)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_IO, "%s at %s: %s", c->name, c->path, why);
	ctl_finish(c, NULL, &e);
}

static void
ctl_on_line(struct ctl *c, struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, CTL_MAX_LINE, &e);

	if (j == NULL) {
		(void)err_wrap(&e, "%s", c->name);
		ctl_finish(c, NULL, &e);
		return;
	}
	if (json_bool_or(j, "ok", false)) {
		ctl_finish(c, j, NULL);
	} else {
		(void)err_set(&e, ERR_DENIED, "%s: %.180s", c->name,
		    json_str_or(j, "error", "refused without a reason"));
		ctl_finish(c, NULL, &e);
	}
	json_free(j);
}

static void
ctl_on_data(struct stream *s, struct view in, void *arg)
{
	struct ctl *c = arg;
	const char *nl = memchr(in.p, '\n', in.len);

	if (c->closed || s != c->stream)
		return;
	if (nl == NULL && in.len < CTL_MAX_LINE)
		return;
	if (nl == NULL || !c->in_flight) {
		stream_close(s, "not a reply");
		return;
	}
	{
		size_t n = (size_t)(nl - in.p);
		AUTO_FREE char *line = xmalloc(n + 1);

		/* There may be a NUL in it: json_parse is to say so. */
		memcpy(line, in.p, n);
		stream_take(s, n + 1);
		ctl_on_line(c, (struct view){ .p = line, .len = n });
		explicit_bzero(line, n);
	}
}

static void
ctl_release(struct ctl *c)
{
	struct ctl_request *r;

	while ((r = TAILQ_FIRST(&c->queue)) != NULL) {
		TAILQ_REMOVE(&c->queue, r, entry);
		ctl_request_free(r);
	}
	timer_free(c->timer);
	timer_free(c->retry);
	free(c->name);
	free(c->path);
	free(c);
}

/* Is there somebody who waits for the program, and may? */
static bool
ctl_waits(const struct ctl *c)
{
	const struct ctl_request *r = TAILQ_FIRST(&c->queue);

	return r != NULL && clock_mono_ms() < r->until_ms;
}

static void
ctl_retry(struct ctl *c)
{
	timer_set(c->retry, ctl_waits(c) ? CTL_AGAIN_MS : CTL_RETRY_MS);
}

static void
ctl_on_close(struct stream *s, const char *reason, void *arg)
{
	struct ctl *c = arg;

	if (c->stream != s)
		return;
	c->stream = NULL;
	if (c->closed) {
		if (!c->turning)
			ctl_release(c);
		return;
	}
	if (c->in_flight && !ctl_waits(c))
		ctl_fail(c, reason);
	c->in_flight = false;
	timer_cancel(c->timer);
	if (!c->closed && (c->on_connect != NULL || ctl_waits(c)))
		ctl_retry(c);
}

static void
ctl_connected(void *arg)
{
	const struct ctl *c = arg;

	if (!c->closed && c->stream != NULL)
		c->on_connect(c->connect_arg);
}

static int
ctl_connect(struct ctl *c, struct err *e)
{
	AUTO_FREE char *text = xasprintf("unix:%s", c->path);
	struct sock_addr a;
	int fd;

	if (sock_parse(text, &a, e) == -1 || sock_connect(&a, &fd, e) == -1)
		return -1;
	c->stream = stream_new(c->loop,
	    &(struct stream_spec){ .fd = fd,
		.in_max = CTL_MAX_LINE,
		.out_max = CTL_MAX_LINE,
		.on_data = ctl_on_data,
		.on_close = ctl_on_close,
		.arg = c });
	timer_cancel(c->retry);
	if (c->on_connect != NULL)
		loop_defer(c->loop, ctl_connected, c);
	return 0;
}

static void
ctl_on_retry(void *arg)
{
	struct ctl *c = arg;
	struct err e = ERR_INIT;

	if (c->closed)
		return;
	/* The first one that waits does so, or fails. */
	if (!TAILQ_EMPTY(&c->queue))
		ctl_defer(c);
	else if (c->stream == NULL && ctl_connect(c, &e) == -1)
		ctl_retry(c);
}

void
ctl_keep(struct ctl *c, loop_fn *fn, void *arg)
{
	c->on_connect = fn;
	c->connect_arg = arg;
	timer_set(c->retry, 0);
}

static void
ctl_turn(void *arg)
{
	struct ctl *c = arg;
	const struct ctl_request *r = TAILQ_FIRST(&c->queue);
	struct err e = ERR_INIT;

	c->turning = false;
	if (c->closed) {
		if (c->stream == NULL)
			ctl_release(c);
		return;
	}
	if (r == NULL || c->in_flight)
		return;
	if (r->line == NULL) {
		(void)err_set(
		    &e, ERR_BUSY, "too many requests wait for %s", c->name);
		ctl_finish(c, NULL, &e);
		return;
	}
	if (c->stream == NULL && ctl_connect(c, &e) == -1) {
		if (c->on_connect != NULL || ctl_waits(c))
			ctl_retry(c);
		if (ctl_waits(c))
			return;
		(void)err_wrap(&e, "%s is not reachable", c->name);
		ctl_finish(c, NULL, &e);
		return;
	}
	c->in_flight = true;
	timer_set(c->timer, CTL_LIMIT_MS);
	stream_write(c->stream, r->line, r->len);
}

static void
ctl_on_time(void *arg)
{
	struct ctl *c = arg;

	if (c->stream != NULL)
		stream_close(c->stream, "no reply in time");
}

struct ctl *
ctl_new(struct loop *l, const char *name, const char *socket_path)
{
	struct ctl *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->name = xstrdup(name);
	c->path = xstrdup(socket_path);
	c->timer = timer_new(l, ctl_on_time, c);
	c->retry = timer_new(l, ctl_on_retry, c);
	TAILQ_INIT(&c->queue);
	return c;
}

void
ctl_free(struct ctl *c)
{
	if (c == NULL)
		return;
	c->closed = true;
	timer_cancel(c->timer);
	timer_cancel(c->retry);
	if (c->stream != NULL)
		stream_close(c->stream, "closed");
	else
		ctl_defer(c);
}

void
ctl_forget(struct ctl *c, const void *arg)
{
	struct ctl_request *r;

	TAILQ_FOREACH(r, &c->queue, entry)
	{
		if (r->arg == arg)
			r->fn = NULL;
	}
}

void
ctl_send_for(
    struct ctl *c, int64_t away_ms, struct str *out, ctl_fn *fn, void *arg)
{
	struct ctl_request *r = xcalloc(1, sizeof(*r));

	str_addc(out, '\n');
	r->until_ms = away_ms > 0 ? clock_mono_ms() + away_ms : 0;
	r->fn = fn;
	r->arg = arg;
	if (c->waiting >= CTL_MAX_WAITING || !str_ok(out)) {
		str_release(out);
	} else {
		r->len = out->len;
		r->line = str_steal(out);
	}
	TAILQ_INSERT_TAIL(&c->queue, r, entry);
	c->waiting++;
	ctl_defer(c);
}

void
ctl_send(struct ctl *c, struct str *out, ctl_fn *fn, void *arg)
{
	ctl_send_for(c, 0, out, fn, arg);
}

bool
ctl_is_connected(const struct ctl *c)
{
	return c->stream != NULL;
}

void
ctl_open(struct jw *w, struct str *out, const char *op)
{
	*out = STR_INIT_MAX(CTL_MAX_LINE);
	jw_init(w, out);
	jw_object(w, NULL);
	jw_str(w, "op", op);
}
