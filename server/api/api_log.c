#include "server/api/api_log.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/timer.h"
#include "server/api/shape.h"

enum {
	API_LOG_LOOK_MS = 200 /* how soon a follower hears of new bytes */
};

struct api_log {
	struct call *c;
	enum svc_log_kind kind;
	int64_t id;
	api_log_state_fn *state;
	int fd;
	int64_t at;
	bool follow;
	struct timer *timer;
};

static void
api_log_on_gone(struct call *c)
{
	struct api_log *x = call_data(c);

	call_set_data(c, NULL);
	timer_free(x->timer);
	if (x->fd >= 0)
		close(x->fd);
	free(x);
}

static void
api_log_on_timer(void *arg)
{
	struct api_log *x = arg;

	if (call_request(x->c) != NULL)
		request_wake(call_request(x->c));
}

/* The file is made by the first part. */
static long
api_log_bytes(struct api_log *x, void *p, size_t max, int64_t bytes)
{
	struct err e = ERR_INIT;

	if (x->fd == -1)
		x->fd = svc_log_open(api_svc(x->c), x->kind, x->id, &e);
	if (x->fd == -1)
		return 0;
	return log_file_read(x->fd, bytes, &x->at, p, max);
}

static long
api_log_read(struct request *q, void *p, size_t max, void *arg)
{
	struct api_log *x = call_data(arg);
	int64_t bytes = 0;
	bool ended = true;
	long n;

	(void)q;
	if (x == NULL || x->state(api_svc(x->c), x->id, &bytes, &ended) == -1)
		return BODY_END;
	n = api_log_bytes(x, p, max, bytes);
	if (n < 0)
		return BODY_ABORT;
	if (n > 0)
		return n;
	if (ended || !x->follow)
		return BODY_END;
	timer_set(x->timer, API_LOG_LOOK_MS);
	return 0;
}

void
api_log_reply(
    struct call *c, enum svc_log_kind kind, int64_t id, api_log_state_fn *state)
{
	static const struct body_source source = { api_log_read };
	struct api_log *x;
	struct request *q;
	int64_t offset = 0;

	if (call_query_i64(c, "offset", 0, INT64_MAX - 1, &offset) == -1)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->kind = kind;
	x->id = id;
	x->state = state;
	x->fd = -1;
	x->at = offset;
	x->follow = call_query_bool(c, "follow");
	x->timer = timer_new(api_svc(c)->loop, api_log_on_timer, x);
	call_set_data(c, x);
	call_on_gone(c, api_log_on_gone);
	call_header(c, "X-Content-Type-Options", "nosniff");
	call_header(c, "Cache-Control", "no-store");
	q = call_take_over(c);
	if (q != NULL)
		request_reply_stream(
		    q, 200, "text/plain;charset=utf-8", &source, c);
}

static void
api_log_appended(const struct err *fail, void *arg, void *call)
{
	const struct svc_log_append *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code != ERR_EXISTS) {
		call_fail(c, fail);
	} else {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		if (fail != NULL)
			jw_str(&s.w, "message", fail->msg);
		jw_i64(&s.w, "next", op->next);
		jw_end(&s.w);
		shape_reply(&s, c, fail != NULL ? 416 : 202);
	}
	call_release(c);
}

void
api_log_append(struct call *c, enum svc_log_kind kind, int64_t id)
{
	struct svc_log_part part = { .kind = kind, .id = id };

	part.from = api_log_range(c, &part.bytes);
	if (part.from == -1)
		return;
	call_hold(c);
	svc_log_append(api_svc(c), call_who(c), &part, api_log_appended, c);
}
