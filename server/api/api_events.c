/* api_events: the event stream and the cursors of its readers. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/http/event_stream.h"
#include "server/service/svc_cursor.h"
#include "server/store/cursors.h"

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

static void
api_events_serve(struct call *c, bool gaps)
{
	int64_t project = 0;
	struct err e = ERR_INIT;

	if (call_query_i64(c, "project", 1, INT64_MAX, &project) == -1)
		return;
	if (project != 0 && svc_viewer(call_who(c)) != 0 &&
	    svc_may(api_reader(c), call_who(c), project, PERM_READ, NULL, &e) ==
		-1) {
		call_fail(c, &e);
		return;
	}
	event_stream_serve(
	    api_svc(c)->events, c, svc_viewer(call_who(c)), project, gaps);
}

static void
api_events_get(struct call *c)
{
	api_events_serve(c, false);
}

/* Pages show what is, and want to know when that changes. */
static void
api_events_page(struct call *c)
{
	api_events_serve(c, true);
}

static void
api_events_reply_cursor(struct call *c, int64_t seq)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_i64(&s.w, "seq", seq);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static bool
api_events_cursor_ok(struct call *c)
{
	if (path_component_ok(call_arg(c, 0)))
		return true;
	call_reply_error(c, 422, "name: want A-Z a-z 0-9 . _ -");
	return false;
}

static void
api_events_cursor_get(struct call *c)
{
	struct err e = ERR_INIT;
	int64_t seq;

	if (!api_events_cursor_ok(c))
		return;
	if (cursors_get(api_reader(c), call_who(c)->user_id, call_arg(c, 0),
		&seq, &e) == -1)
		call_fail(c, &e);
	else
		api_events_reply_cursor(c, seq);
}

static void
api_events_cursor_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_cursor_put *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_events_reply_cursor(c, op->seq);
	call_release(c);
}

static void
api_events_on_cursor(struct call *c, const struct json *j)
{
	int64_t seq = -1;
	struct err e = ERR_INIT;

	if (!api_events_cursor_ok(c) ||
	    api_i64(c, j, "seq", 0, INT64_MAX - 1, &seq) == -1)
		return;
	if (seq == -1) {
		err_set(&e, ERR_INVALID, "seq: it is missing");
		call_fail(c, &e);
		return;
	}
	call_hold(c);
	svc_cursor_put(api_svc(c), call_who(c), call_arg(c, 0), seq,
	    api_events_cursor_done, c);
}

static void
api_events_cursor_put(struct call *c)
{
	call_take_json(c, api_events_on_cursor);
}

const struct route api_events_routes[] = {
	{ "GET", "/api/coffer/v1/events", ROUTE_MEMBER, api_events_get },
	{ "GET", "/-/events", ROUTE_PAGE, api_events_page },
	{ "GET", "/api/coffer/v1/cursors/{name}", ROUTE_MEMBER,
	    api_events_cursor_get },
	{ "PUT", "/api/coffer/v1/cursors/{name}", ROUTE_MEMBER,
	    api_events_cursor_put },
	{ .method = NULL },
};
