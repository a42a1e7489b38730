/* api_orders: the events that a run answers, and what is answered at once. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/http/event_stream.h"
#include "server/service/svc_order.h"
#include "server/store/review_comments.h"
#include "server/store/runs.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

enum {
	/* Of the reply; one comment more stays below what the reader takes. */
	API_ORDERS_FULL = 6 << 20
};

/* Whoever may read may reply in the thread, but orders nothing by it. */
static void
api_orders_lines(struct shape *s, const struct event *v,
    const struct review_comment_list *l, int64_t only)
{
	struct jw *w = &s->w;

	for (size_t i = 0; i < l->n; i++) {
		const struct review_comment *x = &l->at[i];

		if ((only != 0 && x->id != only) || x->author.id != v->actor.id)
			continue;
		if (s->body.len > API_ORDERS_FULL)
			return;
		jw_object(w, NULL);
		jw_i64(w, "event", v->seq);
		jw_str(w, "path", x->path);
		jw_i64(w, "line", x->line);
		jw_str(w, "side", x->side == REVIEW_SIDE_OLD ? "old" : "new");
		jw_str(w, "body", x->body);
		jw_str(w, "hunk", x->hunk);
		jw_end(w);
	}
}

/* Of a review: what its author said of lines, with the lines. */
static int
api_orders_comments(
    struct call *c, struct shape *s, const struct event *v, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct json *data = json_parse(view_of(v->data), 0, &ignored);
	const struct review_comment_filter f = { .project_id = v->project_id,
		.item = v->item,
		.review_id = json_i64_or(data, "review", 0),
		.viewer_id = call_who(c)->user_id,
		.limit = REVIEW_COMMENTS_MAX };
	/* A word in a thread that was there before: that one alone. */
	int64_t only = strcmp(v->kind, "review.commented") == 0
	    ? json_i64_or(data, "comment", -1)
	    : 0;
	struct review_comment_list list;

	json_free(data);
	if (!view_starts(view_of(v->kind), "review.") || f.review_id == 0)
		return 0;
	if (review_comments_list(api_reader(c), &f, &list, e) == -1)
		return -1;
	api_orders_lines(s, v, &list, only);
	review_comment_list_release(&list);
	return 0;
}

static int
api_orders_put(
    struct call *c, struct shape *s, const struct event_list *l, struct err *e)
{
	struct jw *w = &s->w;

	jw_object(w, NULL);
	jw_array(w, "events");
	for (size_t i = 0; i < l->n; i++)
		event_stream_put(w, &l->at[i]);
	jw_end(w);
	jw_array(w, "comments");
	for (size_t i = 0; i < l->n; i++)
		if (api_orders_comments(c, s, &l->at[i], e) == -1)
			return -1;
	jw_end(w);
	jw_end(w);
	return 0;
}

static void
api_orders_get(struct call *c)
{
	struct event_list list = { .n = 0 };
	struct run r = { .id = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (runs_get(api_reader(c), call_arg_id(c, 0), &r, &e) == -1 ||
	    run_orders_events(api_reader(c), r.id, &list, &e) == -1) {
		run_release(&r);
		call_fail(c, &e);
		return;
	}
	run_release(&r);
	shape_init(&s, c, NULL);
	if (api_orders_put(c, &s, &list, &e) == -1) {
		str_release(&s.body);
		call_fail(c, &e);
	} else {
		shape_reply(&s, c, 200);
	}
	event_list_release(&list);
}

static void
api_orders_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_order *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		if (op->run.id != 0)
			jw_i64(&s.w, "run", op->run.id);
		else
			jw_null(&s.w, "run");
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_orders_on_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *text = NULL;
	int64_t project = api_project_body(c, j, PERM_SERVE), item = 0;
	int act = -1;
	struct svc_order *op;

	if (project == 0 || api_i64(c, j, "item", 1, INT64_MAX, &item) == -1 ||
	    api_word(c, j, "act", svc_order_act_parse, &act) == -1 ||
	    api_text(c, j, "text", BODY_LEN_MAX, &text) == -1)
		return;
	if (item == 0 || act == -1) {
		call_reply_error(
		    c, 422, "%s: it is missing", item == 0 ? "item" : "act");
		return;
	}
	op = svc_order_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->event = call_arg_id(c, 0);
	op->item = item;
	op->act = (enum svc_order_act)act;
	op->text = STEAL(text);
	call_hold(c);
	svc_order(op, api_orders_done, c);
}

static void
api_orders_post(struct call *c)
{
	call_take_json(c, api_orders_on_body);
}

const struct route api_orders_routes[] = {
	{ "GET", "/api/coffer/v1/runs/{id}/orders", ROUTE_SERVICE,
	    api_orders_get },
	{ "POST", "/api/coffer/v1/orders/{id}", ROUTE_SERVICE,
	    api_orders_post },
	{ .method = NULL },
};
