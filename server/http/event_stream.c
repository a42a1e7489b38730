#include "server/http/event_stream.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/http/call.h"
#include "server/http/param.h"
#include "server/store/db.h"
#include "server/store/event_ages.h"
#include "server/store/events.h"

enum {
	EVENT_STREAM_SLICE = 64, /* readers per turn */
	EVENT_STREAM_LOOKS = 20, /* stretches of the sequence per turn */
	EVENT_STREAM_BATCH = 50, /* events at a time on a stream */
	EVENT_STREAM_LIMIT = 1000,
	EVENT_STREAM_BYTES = 4 << 20 /* a reply ends after as much */
};

struct event_reader {
	TAILQ_ENTRY(event_reader) entry;
	struct event_stream *s;
	struct call *c;
	struct event_filter filter;
	bool sse;
	bool dirty;          /* there may be something */
	bool queued;         /* in dirty order */
	struct timer *timer; /* end of a long poll */
	int64_t since;       /* monotonic ms */
	struct str buf;      /* of a stream */
	size_t sent;         /* bytes of buf that went out */
	bool end;
};

TAILQ_HEAD(event_readers, event_reader);

struct event_stream {
	struct loop *loop;
	struct db *db;
	struct event_readers readers;
	size_t n;
	bool scheduled;
	bool stopped;
	struct timer *keep;
};

static void event_stream_schedule(struct event_stream *s);

void
event_stream_put(struct jw *w, const struct event *v)
{
	jw_object(w, NULL);
	jw_i64(w, "seq", v->seq);
	jw_time(w, "at", v->at);
	jw_str(w, "kind", v->kind);
	if (v->project_id != 0) {
		jw_object(w, "project");
		jw_i64(w, "id", v->project_id);
		jw_str(w, "full_name", v->project_name);
		jw_end(w);
	} else {
		jw_null(w, "project");
	}
	jw_object(w, "actor");
	jw_str(w, "login", v->actor.login);
	jw_str(w, "kind", user_kind_name(v->actor.kind));
	jw_str(w, "role", role_name(v->actor.role));
	jw_end(w);
	if (v->item != 0)
		jw_i64(w, "item", v->item);
	else
		jw_null(w, "item");
	jw_bool(w, "is_pull", v->is_pull);
	if (v->request[0] != '\0')
		jw_str(w, "request", v->request);
	jw_raw(w, "data", view_of(v->data != NULL ? v->data : "{}"));
	jw_end(w);
}

static void
event_reader_free(struct event_reader *r)
{
	TAILQ_REMOVE(&r->s->readers, r, entry);
	r->s->n--;
	timer_free(r->timer);
	str_release(&r->buf);
	free(r);
}

static void
event_reader_on_gone(struct call *c)
{
	struct event_reader *r = call_data(c);

	if (r != NULL) {
		call_set_data(c, NULL);
		event_reader_free(r);
	}
}

/*
 * What is there for this reader; moves filter.after past what was looked at.
 * 0, or -1 with the error.
 */
static int
event_reader_look(
    struct event_reader *r, struct event_list *list, struct err *e)
{
	r->dirty = false;
	for (int i = 0; i < EVENT_STREAM_LOOKS; i++) {
		*list = (struct event_list){ .at = NULL };
		if (events_list(db_reader(r->s->db), &r->filter, list, e) == -1)
			return -1;
		r->filter.after = list->last;
		if (list->n > 0) {
			r->dirty = list->more;
			return 0;
		}
		if (!list->more)
			return 0;
		event_list_release(list);
	}
	*list = (struct event_list){ .last = r->filter.after };
	r->dirty = true;
	return 0;
}

static void
event_stream_reply(struct call *c, const struct event_list *list)
{
	struct str body = STR_INIT;
	int64_t last = list->last;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_array(&w, "events");
	for (size_t i = 0; i < list->n; i++) {
		event_stream_put(&w, &list->at[i]);
		if (body.len > EVENT_STREAM_BYTES) {
			last = list->at[i].seq; /* the rest is asked for next */
			break;
		}
	}
	jw_end(&w);
	jw_i64(&w, "last", last);
	jw_end(&w);
	call_reply_json(c, 200, &body);
}

/* The long poll is answered: forget it, then reply. */
static void
event_reader_answer(struct event_reader *r, const struct event_list *list)
{
	struct call *c = r->c;

	call_set_data(c, NULL);
	event_reader_free(r);
	event_stream_reply(c, list);
}

static void
event_reader_on_timer(void *arg)
{
	struct event_reader *r = arg;
	const struct event_list none = { .last = r->filter.after };

	event_reader_answer(r, &none);
}

static void
event_reader_poll(struct event_reader *r)
{
	struct event_list list;
	struct err e = ERR_INIT;
	struct call *c = r->c;

	if (event_reader_look(r, &list, &e) == -1) {
		call_set_data(c, NULL);
		event_reader_free(r);
		call_fail(c, &e);
		return;
	}
	if (list.n > 0)
		event_reader_answer(r, &list);
	else if (r->dirty)
		event_stream_schedule(r->s);
	event_list_release(&list);
}

static void
event_stream_turn(void *arg)
{
	struct event_stream *s = arg;
	struct event_reader *r, *next;
	int n = 0;

	s->scheduled = false;
	TAILQ_FOREACH_SAFE(r, &s->readers, entry, next)
	{
		if (!r->queued)
			continue;
		if (n++ == EVENT_STREAM_SLICE) {
			event_stream_schedule(s);
			return;
		}
		r->queued = false;
		if (!r->sse)
			event_reader_poll(r);
		else if (call_request(r->c) != NULL)
			request_wake(call_request(r->c));
	}
}

static void
event_stream_schedule(struct event_stream *s)
{
	struct event_reader *r;

	TAILQ_FOREACH(r, &s->readers, entry)
	if (r->dirty)
		r->queued = true;
	if (!s->scheduled) {
		s->scheduled = true;
		loop_defer(s->loop, event_stream_turn, s);
	}
}

void
event_stream_on_commit(struct event_stream *s, int64_t last_seq)
{
	struct event_reader *r;
	bool any = false;

	TAILQ_FOREACH(r, &s->readers, entry)
	{
		/* cppcheck-suppress uninitvar ; set by the walk */
		if (last_seq > r->filter.after) {
			r->dirty = true;
			any = true;
		}
	}
	if (any)
		event_stream_schedule(s);
}

/* Fills the empty buffer with what there is. */
static int
event_reader_fill(struct event_reader *r)
{
	struct event_list list;
	struct err e = ERR_INIT;

	str_reset(&r->buf);
	r->sent = 0;
	if (!r->dirty)
		return 0;
	if (event_reader_look(r, &list, &e) == -1) {
		log_error("events stream reason=%s", log_val(e.msg));
		return -1;
	}
	for (size_t i = 0; i < list.n; i++) {
		AUTO_STR struct str data = STR_INIT;
		struct jw w;

		jw_init(&w, &data);
		event_stream_put(&w, &list.at[i]);
		str_addf(&r->buf,
		    "id: %" PRId64 "\nevent: %s\ndata: ", list.at[i].seq,
		    list.at[i].kind);
		str_addv(&r->buf, str_view(&data));
		str_add(&r->buf, "\n\n");
	}
	event_list_release(&list);
	if (r->dirty)
		event_stream_schedule(r->s);
	return 0;
}

static long
event_reader_read(struct request *q, void *p, size_t max, void *arg)
{
	struct event_reader *r = call_data(arg);
	size_t n;

	(void)q;
	if (r == NULL)
		return BODY_END;
	if (r->sent == r->buf.len && event_reader_fill(r) == -1)
		return BODY_ABORT;
	n = r->buf.len - r->sent;
	if (n == 0 &&
	    (r->end || clock_mono_ms() - r->since > EVENT_STREAM_AGE_MS))
		return BODY_END;
	if (n > max)
		n = max;
	if (n > 0)
		memcpy(p, r->buf.p + r->sent, n);
	r->sent += n;
	return (long)n;
}

static void
event_stream_on_keep(void *arg)
{
	struct event_stream *s = arg;
	struct event_reader *r;

	TAILQ_FOREACH(r, &s->readers, entry)
	{
		/* cppcheck-suppress uninitvar ; set by the walk */
		if (!r->sse || call_request(r->c) == NULL)
			continue;
		if (r->sent == r->buf.len) {
			str_reset(&r->buf);
			r->sent = 0;
			str_add(&r->buf, ": \n\n");
		}
		request_wake(call_request(r->c));
	}
	timer_set(s->keep, EVENT_STREAM_KEEP_MS);
}

struct event_stream *
event_stream_new(struct loop *l, struct db *db)
{
	struct event_stream *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->db = db;
	TAILQ_INIT(&s->readers);
	s->keep = timer_new(l, event_stream_on_keep, s);
	timer_set(s->keep, EVENT_STREAM_KEEP_MS);
	return s;
}

void
event_stream_stop(struct event_stream *s)
{
	struct event_reader *r, *next;

	s->stopped = true;
	TAILQ_FOREACH_SAFE(r, &s->readers, entry, next)
	{
		r->end = true;
		if (!r->sse)
			event_reader_on_timer(r);
		else if (call_request(r->c) != NULL)
			request_wake(call_request(r->c));
	}
}

void
event_stream_free(struct event_stream *s)
{
	struct event_reader *r, *next;

	if (s == NULL)
		return;
	TAILQ_FOREACH_SAFE(r, &s->readers, entry, next)
	{
		call_set_data(r->c, NULL);
		event_reader_free(r);
	}
	timer_free(s->keep);
	free(s);
}

static struct event_reader *
event_reader_new(struct event_stream *s, struct call *c,
    const struct event_filter *f, bool sse)
{
	struct event_reader *r = xcalloc(1, sizeof(*r));

	r->s = s;
	r->c = c;
	r->filter = *f;
	r->sse = sse;
	r->dirty = true;
	r->since = clock_mono_ms();
	TAILQ_INSERT_TAIL(&s->readers, r, entry);
	s->n++;
	call_set_data(c, r);
	call_on_gone(c, event_reader_on_gone);
	return r;
}

static void
event_stream_sse(
    struct event_stream *s, struct call *c, const struct event_filter *f)
{
	static const struct body_source source = { event_reader_read };
	struct event_filter filter = *f;
	struct event_reader *r;
	struct request *q;

	filter.limit = EVENT_STREAM_BATCH;
	r = event_reader_new(s, c, &filter, true);
	str_add(&r->buf, ": \n\n");
	call_header(c, "Cache-Control", "no-store");
	q = call_take_over(c);
	if (q != NULL)
		request_reply_stream(
		    q, 200, "text/event-stream;charset=utf-8", &source, c);
}

static void
event_stream_poll(struct event_stream *s, struct call *c,
    const struct event_filter *f, int64_t wait_s)
{
	struct event_reader *r = event_reader_new(s, c, f, false);
	struct event_list list;
	struct err e = ERR_INIT;

	if (event_reader_look(r, &list, &e) == -1) {
		call_set_data(c, NULL);
		event_reader_free(r);
		call_fail(c, &e);
		return;
	}
	if (list.n > 0 || wait_s == 0) {
		event_reader_answer(r, &list);
	} else {
		r->timer = timer_new(s->loop, event_reader_on_timer, r);
		timer_set(r->timer, wait_s * 1000);
		if (r->dirty)
			event_stream_schedule(s);
	}
	event_list_release(&list);
}

static bool
event_stream_wants_sse(const struct call *c)
{
	const char *accept = request_header_in(call_request(c), "Accept");

	return accept != NULL && strstr(accept, "text/event-stream") != NULL;
}

/*
 * Whoever was further than the beginning and now is before it has missed some:
 * true after the 410.
 */
static bool
event_stream_refuse_gone(
    struct event_stream *s, struct call *c, const struct event_filter *f)
{
	struct err e = ERR_INIT;
	int64_t start;

	if (f->after == 0)
		return false;
	if (eventages_start(db_reader(s->db), &start, &e) == -1) {
		call_fail(c, &e);
		return true;
	}
	if (f->after >= start)
		return false;
	call_reply_error(c, 410,
	    "events up to %" PRId64 " are not kept any more (keep_events): "
	    "go on with after=%" PRId64,
	    start, start);
	return true;
}

void
event_stream_serve(struct event_stream *s, struct call *c, int64_t viewer,
    int64_t project, bool gaps)
{
	struct event_filter f = {
		.viewer = viewer, .project_id = project, .limit = 100
	};
	int64_t wait_s = 0;
	bool sse = event_stream_wants_sse(c);
	struct err e = ERR_INIT;

	if (call_query_i64(c, "after", 0, INT64_MAX - 1, &f.after) == -1 ||
	    call_query_i64(c, "limit", 1, EVENT_STREAM_LIMIT, &f.limit) == -1 ||
	    call_query_i64(c, "wait", 0, EVENT_STREAM_WAIT_MAX_S, &wait_s) ==
		-1)
		return;
	if (sse &&
	    param_i64("Last-Event-ID",
		request_header_in(call_request(c), "Last-Event-ID"), 0,
		INT64_MAX - 1, &f.after, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	if (!gaps && event_stream_refuse_gone(s, c, &f))
		return;
	if (s->stopped || s->n >= EVENT_STREAM_MAX) {
		call_reply_error(c, 503, "too many wait for events; try again");
		return;
	}
	if (sse)
		event_stream_sse(s, c, &f);
	else
		event_stream_poll(s, c, &f, wait_s);
}
