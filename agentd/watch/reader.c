#include "agentd/watch/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	READER_WAIT_S = 50,
	READER_LIMIT_MS = 70 * 1000,
	/* Of at most 64 KiB of text each, escaped up to six times: the reply
	 * stays below what the client takes. */
	READER_BATCH = 20,
	READER_EMPTY_MS = 1000, /* between replies without an event */
	READER_BACKOFF_MIN_MS = 100,
	READER_BACKOFF_MAX_MS = 10 * 1000,
	READER_PATH_MAX = 160
};

enum reader_step {
	READER_CURSOR, /* asking where we were */
	READER_POLL,
	READER_HANDLE,
	READER_STORE
};

struct reader {
	struct loop *loop;
	struct apiclient *api;
	const char *cursor;
	reader_fn *fn;
	void *arg;
	enum reader_step step;
	int64_t stored; /* on the server */
	int64_t handled;
	struct json *batch;
	const struct json *next; /* in the batch */
	struct timer *timer;     /* runs reader_step */
	int64_t backoff_ms;
	int64_t asked_ms; /* monotonic, when the poll began */
	bool moved;       /* the batch in hand had something new */
};

static void reader_run(void *arg);

static void
reader_retry(struct reader *r, const struct err *why)
{
	if (r->backoff_ms == READER_BACKOFF_MIN_MS)
		log_warn("reader retry cursor=%s why=%s", r->cursor,
		    log_val(why->msg));
	timer_set(r->timer,
	    r->backoff_ms + (int64_t)rnd_below((uint64_t)r->backoff_ms));
	r->backoff_ms *= 2;
	if (r->backoff_ms > READER_BACKOFF_MAX_MS)
		r->backoff_ms = READER_BACKOFF_MAX_MS;
}

static void
reader_go(struct reader *r, enum reader_step step)
{
	r->step = step;
	timer_set(r->timer, 0);
}

static void
reader_on_cursor(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct reader *r = arg;
	struct err e = ERR_INIT;

	(void)status;
	if (fail != NULL && fail->code != ERR_NOTFOUND) {
		reader_retry(r, fail);
		return;
	}
	if (fail == NULL &&
	    json_i64(j, "seq", 0, INT64_MAX, &r->stored, &e) == -1) {
		reader_retry(r, &e);
		return;
	}
	r->backoff_ms = READER_BACKOFF_MIN_MS;
	r->handled = r->stored;
	log_info(
	    "reader start cursor=%s seq=%lld", r->cursor, (long long)r->stored);
	reader_go(r, READER_POLL);
}

/* cofferd holds the reply until there is an event, for READER_WAIT_S. */
static void
reader_on_poll(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct reader *r = arg;
	const struct json *events = json_get(j, "events");
	struct str copy = STR_INIT;
	struct err e = ERR_INIT;

	(void)status;
	if (fail != NULL) {
		reader_retry(r, fail);
		return;
	}
	if (json_count(events) == 0) {
		r->backoff_ms = READER_BACKOFF_MIN_MS;
		/* One that does not wait is not asked without a pause. */
		r->step = READER_POLL;
		timer_set(r->timer,
		    clock_mono_ms() - r->asked_ms < READER_EMPTY_MS
			? READER_EMPTY_MS
			: 0);
		return;
	}
	json_print(events, &copy);
	r->batch = json_parse(str_view(&copy), STR_MAX_DEFAULT, &e);
	str_release(&copy);
	if (r->batch == NULL) {
		reader_retry(r, &e);
		return;
	}
	r->next = json_first(r->batch);
	r->moved = false;
	reader_go(r, READER_HANDLE);
}

static void
reader_handle(struct reader *r)
{
	struct watch_event ev;
	struct err e = ERR_INIT;

	if (r->next == NULL) {
		json_free(r->batch);
		r->batch = NULL;
		r->step = READER_STORE;
		if (r->moved) {
			timer_set(r->timer, 0);
			return;
		}
		(void)err_set(&e, ERR_PROTO, "no event with a new seq");
		reader_retry(r, &e);
		return;
	}
	if (watch_event_read(r->next, &ev, &e) == -1) {
		/* Ours to mend, but no reason to stand still for ever. */
		log_error("reader skip why=%s", log_val(e.msg));
		reader_next(r, false);
		return;
	}
	if (ev.seq <= r->handled) {
		reader_next(r, false);
		return;
	}
	r->fn(&ev, r->arg);
}

void
reader_next(struct reader *r, bool retry)
{
	struct err e = ERR_INIT;
	int64_t seq = 0;

	if (retry) {
		(void)err_set(&e, ERR_BUSY, "the event could not be handled");
		reader_retry(r, &e);
		return;
	}
	(void)json_i64(r->next, "seq", 1, INT64_MAX, &seq, &e);
	if (seq > r->handled) {
		r->handled = seq;
		r->moved = true;
		r->backoff_ms = READER_BACKOFF_MIN_MS;
	}
	r->next = json_next(r->next);
	reader_go(r, READER_HANDLE);
}

static void
reader_on_store(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct reader *r = arg;

	(void)status;
	(void)j;
	if (fail != NULL) {
		reader_retry(r, fail);
		return;
	}
	r->backoff_ms = READER_BACKOFF_MIN_MS;
	r->stored = r->handled;
	reader_go(r, READER_POLL);
}

static void
reader_store(struct reader *r, const char *path)
{
	AUTO_STR struct str body = STR_INIT;
	struct api_call call = {
		.method = "PUT",
		.path = path,
		.body = &body,
		.done = reader_on_store,
		.arg = r,
	};

	str_addf(&body, "{\"seq\":%lld}", (long long)r->handled);
	(void)api_start(r->api, &call);
}

static void
reader_run(void *arg)
{
	struct reader *r = arg;
	char path[READER_PATH_MAX];
	struct api_call call = { .method = "GET", .path = path, .arg = r };

	switch (r->step) {
	case READER_HANDLE:
		reader_handle(r);
		return;
	case READER_STORE:
		(void)snprintf(
		    path, sizeof(path), "/api/coffer/v1/cursors/%s", r->cursor);
		reader_store(r, path);
		return;
	case READER_CURSOR:
		(void)snprintf(
		    path, sizeof(path), "/api/coffer/v1/cursors/%s", r->cursor);
		call.done = reader_on_cursor;
		break;
	case READER_POLL:
		(void)snprintf(path, sizeof(path),
		    "/api/coffer/v1/events?after=%lld&limit=%d&wait=%d",
		    (long long)r->handled, READER_BATCH, READER_WAIT_S);
		call.done = reader_on_poll;
		call.limit_ms = READER_LIMIT_MS;
		r->asked_ms = clock_mono_ms();
		break;
	}
	(void)api_start(r->api, &call);
}

struct reader *
reader_new(struct loop *l, struct apiclient *api, const char *cursor,
    reader_fn *fn, void *arg)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->api = api;
	r->cursor = cursor;
	r->fn = fn;
	r->arg = arg;
	r->step = READER_CURSOR;
	r->backoff_ms = READER_BACKOFF_MIN_MS;
	r->timer = timer_new(l, reader_run, r);
	return r;
}

void
reader_start(struct reader *r)
{
	reader_go(r, READER_CURSOR);
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	apiclient_forget(r->api, r);
	timer_free(r->timer);
	json_free(r->batch);
	free(r);
}
