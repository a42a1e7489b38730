#include "agentd/sandbox/routerctl.h"

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
	ROUTERCTL_MAX_WAITING = 256,
	ROUTERCTL_MAX_LINE = 4 << 20, /* a host.set or a log */
	ROUTERCTL_LIMIT_MS = 15 * 1000,
	ROUTERCTL_RETRY_MS = 500,
	ROUTERCTL_AWAY_MS = 10 * 1000, /* a request waits for the router */
	ROUTERCTL_AGAIN_MS = 50,       /* and looks for it so often */
	ROUTERCTL_FOLLOW_MS = 10 * 1000,
	ROUTERCTL_FOLLOW_MAX = 200 /* entries */
};

struct routerctl_request {
	TAILQ_ENTRY(routerctl_request) entry;
	char *line;
	size_t len;
	int64_t until_ms; /* clock_mono_ms: then it fails; 0: at once */
	routerctl_fn *fn;
	void *arg;
};

TAILQ_HEAD(routerctl_queue, routerctl_request);

struct routerctl {
	struct loop *loop;
	char *path;
	struct stream *stream;        /* NULL while not connected */
	struct routerctl_queue queue; /* the first is the one in flight */
	size_t waiting;
	bool in_flight;
	bool turning; /* routerctl_turn is deferred */
	bool closed;
	struct timer *timer; /* of the request in flight */
	struct timer *retry; /* while not connected, and kept or asked */
	loop_fn *on_connect; /* NULL: not kept */
	void *connect_arg;
};

static void routerctl_turn(void *arg);

static void
routerctl_defer(struct routerctl *c)
{
	if (c->turning)
		return;
	c->turning = true;
	loop_defer(c->loop, routerctl_turn, c);
}

/* Takes the first request off and tells it. */
static void
routerctl_finish(
    struct routerctl *c, const struct json *reply, const struct err *e)
{
	struct routerctl_request *r = TAILQ_FIRST(&c->queue);

	TAILQ_REMOVE(&c->queue, r, entry);
	c->waiting--;
	c->in_flight = false;
	timer_cancel(c->timer);
	if (r->fn != NULL)
		r->fn(reply, e, r->arg);
	free(r->line);
	free(r);
	if (!c->closed)
		routerctl_defer(c);
}

static void
routerctl_fail(struct routerctl *c, const char *why)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_IO, "coffer-router at %s: %s", c->path, why);
	routerctl_finish(c, NULL, &e);
}

static void
routerctl_on_line(struct routerctl *c, struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, ROUTERCTL_MAX_LINE, &e);

	if (j == NULL) {
		(void)err_wrap(&e, "coffer-router");
		routerctl_finish(c, NULL, &e);
		return;
	}
	if (json_bool_or(j, "ok", false)) {
		routerctl_finish(c, j, NULL);
	} else {
		(void)err_set(&e, ERR_DENIED, "coffer-router: %.180s",
		    json_str_or(j, "error", "refused without a reason"));
		routerctl_finish(c, NULL, &e);
	}
	json_free(j);
}

static void
routerctl_on_data(struct stream *s, struct view in, void *arg)
{
	struct routerctl *c = arg;
	const char *nl = memchr(in.p, '\n', in.len);

	if (c->closed || s != c->stream)
		return;
	if (nl == NULL && in.len < ROUTERCTL_MAX_LINE)
		return;
	if (nl == NULL || !c->in_flight) {
		stream_close(s, "not a reply");
		return;
	}
	{
		AUTO_FREE char *line = xstrndup(in.p, (size_t)(nl - in.p));
		size_t n = (size_t)(nl - in.p);

		stream_take(s, n + 1);
		routerctl_on_line(c, (struct view){ .p = line, .len = n });
	}
}

static void
routerctl_release(struct routerctl *c)
{
	struct routerctl_request *r;

	while ((r = TAILQ_FIRST(&c->queue)) != NULL) {
		TAILQ_REMOVE(&c->queue, r, entry);
		free(r->line);
		free(r);
	}
	timer_free(c->timer);
	timer_free(c->retry);
	free(c->path);
	free(c);
}

/* Is there somebody who waits for the router, and may? */
static bool
routerctl_waits(const struct routerctl *c)
{
	const struct routerctl_request *r = TAILQ_FIRST(&c->queue);

	return r != NULL && clock_mono_ms() < r->until_ms;
}

static void
routerctl_retry(struct routerctl *c)
{
	timer_set(c->retry,
	    routerctl_waits(c) ? ROUTERCTL_AGAIN_MS : ROUTERCTL_RETRY_MS);
}

static void
routerctl_on_close(struct stream *s, const char *reason, void *arg)
{
	struct routerctl *c = arg;

	if (c->stream != s)
		return;
	c->stream = NULL;
	if (c->closed) {
		if (!c->turning)
			routerctl_release(c);
		return;
	}
	if (c->in_flight && !routerctl_waits(c))
		routerctl_fail(c, reason);
	c->in_flight = false;
	timer_cancel(c->timer);
	if (!c->closed && (c->on_connect != NULL || routerctl_waits(c)))
		routerctl_retry(c);
}

static void
routerctl_connected(void *arg)
{
	const struct routerctl *c = arg;

	if (!c->closed && c->stream != NULL)
		c->on_connect(c->connect_arg);
}

static int
routerctl_connect(struct routerctl *c, struct err *e)
{
	AUTO_FREE char *text = xasprintf("unix:%s", c->path);
	struct sock_addr a;
	int fd;

	if (sock_parse(text, &a, e) == -1 || sock_connect(&a, &fd, e) == -1)
		return -1;
	c->stream = stream_new(c->loop,
	    &(struct stream_spec){ .fd = fd,
		.in_max = ROUTERCTL_MAX_LINE,
		.out_max = ROUTERCTL_MAX_LINE,
		.on_data = routerctl_on_data,
		.on_close = routerctl_on_close,
		.arg = c });
	timer_cancel(c->retry);
	if (c->on_connect != NULL)
		loop_defer(c->loop, routerctl_connected, c);
	return 0;
}

static void
routerctl_on_retry(void *arg)
{
	struct routerctl *c = arg;
	struct err e = ERR_INIT;

	if (c->closed)
		return;
	/* The first one that waits does so, or fails. */
	if (!TAILQ_EMPTY(&c->queue))
		routerctl_defer(c);
	else if (c->stream == NULL && routerctl_connect(c, &e) == -1)
		routerctl_retry(c);
}

void
routerctl_keep(struct routerctl *c, loop_fn *fn, void *arg)
{
	c->on_connect = fn;
	c->connect_arg = arg;
	timer_set(c->retry, 0);
}

static void
routerctl_turn(void *arg)
{
	struct routerctl *c = arg;
	const struct routerctl_request *r = TAILQ_FIRST(&c->queue);
	struct err e = ERR_INIT;

	c->turning = false;
	if (c->closed) {
		if (c->stream == NULL)
			routerctl_release(c);
		return;
	}
	if (r == NULL || c->in_flight)
		return;
	if (c->stream == NULL && routerctl_connect(c, &e) == -1) {
		if (c->on_connect != NULL || routerctl_waits(c))
			routerctl_retry(c);
		if (routerctl_waits(c))
			return;
		(void)err_wrap(&e, "coffer-router is not reachable");
		routerctl_finish(c, NULL, &e);
		return;
	}
	c->in_flight = true;
	timer_set(c->timer, ROUTERCTL_LIMIT_MS);
	stream_write(c->stream, r->line, r->len);
}

static void
routerctl_on_time(void *arg)
{
	struct routerctl *c = arg;

	if (c->stream != NULL)
		stream_close(c->stream, "no reply in time");
}

struct routerctl *
routerctl_new(struct loop *l, const char *socket_path)
{
	struct routerctl *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->path = xstrdup(socket_path);
	c->timer = timer_new(l, routerctl_on_time, c);
	c->retry = timer_new(l, routerctl_on_retry, c);
	TAILQ_INIT(&c->queue);
	return c;
}

void
routerctl_free(struct routerctl *c)
{
	if (c == NULL)
		return;
	c->closed = true;
	timer_cancel(c->timer);
	timer_cancel(c->retry);
	if (c->stream != NULL)
		stream_close(c->stream, "closed");
	else
		routerctl_defer(c);
}

struct routerctl_refusal {
	struct err e;
	routerctl_fn *fn;
	void *arg;
};

static void
routerctl_refuse(void *arg)
{
	struct routerctl_refusal *r = arg;

	if (r->fn != NULL)
		r->fn(NULL, &r->e, r->arg);
	free(r);
}

/* Takes the text of *out; away_ms: how long it waits for the router. */
static void
routerctl_send_for(struct routerctl *c, int64_t away_ms, struct str *out,
    routerctl_fn *fn, void *arg)
{
	struct routerctl_request *r;

	str_addc(out, '\n');
	if (c->waiting >= ROUTERCTL_MAX_WAITING || !str_ok(out)) {
		struct routerctl_refusal *no = xcalloc(1, sizeof(*no));

		no->fn = fn;
		no->arg = arg;
		(void)err_set(&no->e, ERR_BUSY,
		    "too many requests wait for coffer-router");
		loop_defer(c->loop, routerctl_refuse, no);
		str_release(out);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->len = out->len;
	r->line = str_steal(out);
	r->until_ms = away_ms > 0 ? clock_mono_ms() + away_ms : 0;
	r->fn = fn;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&c->queue, r, entry);
	c->waiting++;
	routerctl_defer(c);
}

static void
routerctl_send(
    struct routerctl *c, struct str *out, routerctl_fn *fn, void *arg)
{
	routerctl_send_for(c, ROUTERCTL_AWAY_MS, out, fn, arg);
}

static void
routerctl_open(struct jw *w, struct str *out, const char *op)
{
	*out = STR_INIT_MAX(ROUTERCTL_MAX_LINE);
	jw_init(w, out);
	jw_object(w, NULL);
	jw_str(w, "op", op);
}

void
routerctl_hello(struct routerctl *c, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "hello");
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_project_set(struct routerctl *c, int64_t id, const char *mode,
    const char *policy, routerctl_fn *fn, void *arg)
{
	struct err ignored = ERR_INIT;
	struct json *more = NULL;
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "project.set");
	jw_i64(&w, "id", id);
	jw_str(&w, "mode", mode);
	if (policy != NULL && policy[0] != '\0')
		more = json_parse(view_of(policy), 0, &ignored);
	for (const struct json *m = json_first(more); m != NULL;
	     m = json_next(m)) {
		AUTO_STR struct str text = STR_INIT;

		json_print(m, &text);
		jw_raw(&w, json_key(m), str_view(&text));
	}
	json_free(more);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_project_del(
    struct routerctl *c, int64_t id, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "project.del");
	jw_i64(&w, "id", id);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_projects(struct routerctl *c, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "projects");
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_host_set(struct routerctl *c, const char *const *addresses, size_t n,
    routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "host.set");
	jw_array(&w, "addresses");
	for (size_t i = 0; i < n; i++)
		jw_str(&w, NULL, addresses[i]);
	jw_end(&w);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_log(
    struct routerctl *c, int64_t id, int limit, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "log");
	jw_i64(&w, "id", id);
	jw_i64(&w, "limit", limit);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_follow(
    struct routerctl *c, int64_t since, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	routerctl_open(&w, &out, "log");
	jw_i64(&w, "limit", ROUTERCTL_FOLLOW_MAX);
	jw_i64(&w, "since", since);
	jw_i64(&w, "wait", ROUTERCTL_FOLLOW_MS);
	jw_end(&w);
	routerctl_send_for(c, 0, &out, fn, arg);
}
