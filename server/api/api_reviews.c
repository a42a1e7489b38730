/* api_reviews: what people say of a pull request as reviews. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_review.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

/* Everyone sees a request for a review; a pending one its author alone. */
static int
api_reviews_seen(struct call *c, const struct project *p, int64_t item,
    int64_t id, struct review *out, struct err *e)
{
	if (reviews_get(api_reader(c), p->id, id, out, e) == -1)
		return -1;
	if (out->item == item &&
	    (out->state != REVIEW_PENDING ||
		out->author.id == call_who(c)->user_id))
		return 0;
	review_release(out);
	return err_set(e, ERR_NOTFOUND, "review does not exist");
}

static void
api_reviews_list(struct call *c)
{
	struct review_list list = { .at = NULL };
	struct pull pull = { .run_id = 0 };
	struct review_filter f = { .item = call_arg_id(c, 2) };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	f.project_id = p.id;
	f.viewer_id = call_who(c)->user_id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (pulls_get(api_reader(c), p.id, f.item, &pull, &e) == -1 ||
	    reviews_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_review(&s, &list.at[i], pull.head_sha);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	review_list_release(&list);
	pull_release(&pull);
	project_release(&p);
}

static void
api_reviews_get(struct call *c)
{
	struct pull pull = { .run_id = 0 };
	struct review r = { .id = 0 };
	int64_t item = call_arg_id(c, 2);
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (pulls_get(api_reader(c), p.id, item, &pull, &e) == -1 ||
	    api_reviews_seen(c, &p, item, call_arg_id(c, 3), &r, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, &p);
		shape_review(&s, &r, pull.head_sha);
		shape_reply(&s, c, 200);
	}
	review_release(&r);
	pull_release(&pull);
	project_release(&p);
}

static void
api_reviews_comments(struct call *c)
{
	struct review_comment_list list = { .at = NULL };
	struct review_comment_filter f = { .item = call_arg_id(c, 2),
		.review_id = call_arg_id(c, 3) };
	struct review r = { .id = 0 };
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	f.project_id = p.id;
	f.viewer_id = call_who(c)->user_id;
	if (api_reviews_seen(c, &p, f.item, f.review_id, &r, &e) == -1 ||
	    review_comments_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		call_count(c, (int64_t)list.n);
		shape_init(&s, c, &p);
		jw_array(&s.w, NULL);
		for (size_t i = 0; i < list.n; i++)
			shape_review_comment(&s, &list.at[i]);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	review_comment_list_release(&list);
	review_release(&r);
	project_release(&p);
}

static void
api_reviews_reply(struct call *c, const struct review *r, const char *head_sha)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_review(&s, r, head_sha);
	shape_reply(&s, c, 200);
	project_release(&p);
}

static void
api_reviews_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_reviews_reply(c, &op->review, op->head_sha);
	call_release(c);
}

static int
api_reviews_event(const char *s)
{
	/* Gitea's clients say APPROVED, GitHub's APPROVE. */
	if (strcmp(s, "APPROVE") == 0)
		return REVIEW_APPROVED;
	return review_state_parse(s);
}

/* One of comments: new_position or old_position says where. */
static int
api_reviews_line(
    struct call *c, const struct json *j, struct svc_review_line *l)
{
	int64_t now = 0, old = 0;

	if (!json_is_object(j)) {
		call_reply_error(c, 422, "comments: want objects");
		return -1;
	}
	if (api_need(c, j, "path", REVIEW_PATH_MAX, &l->path) == -1 ||
	    api_need(c, j, "body", BODY_LEN_MAX, &l->body) == -1 ||
	    api_i64(c, j, "new_position", 0, INT32_MAX, &now) == -1 ||
	    api_i64(c, j, "old_position", 0, INT32_MAX, &old) == -1)
		return -1;
	l->side = now > 0 ? REVIEW_SIDE_NEW : REVIEW_SIDE_OLD;
	l->line = now > 0 ? now : old;
	if (l->line > 0)
		return 0;
	call_reply_error(
	    c, 422, "comments: want new_position or old_position, from 1");
	return -1;
}

static int
api_reviews_lines(
    struct call *c, const struct json *j, struct svc_review_create *op)
{
	const struct json *list = json_get(j, "comments");
	size_t n = json_count(list);

	if (list == NULL || json_is_null(list) ||
	    (json_is_array(list) && n == 0))
		return 0;
	if (!json_is_array(list) || n > REVIEW_COMMENTS_MAX) {
		call_reply_error(c, 422, "comments: want a list of at most %d",
		    REVIEW_COMMENTS_MAX);
		return -1;
	}
	op->lines = xcalloc(n, sizeof(*op->lines));
	for (const struct json *x = json_first(list); x != NULL;
	     x = json_next(x))
		if (api_reviews_line(c, x, &op->lines[op->n_lines++]) == -1)
			return -1;
	return 0;
}

static int
api_reviews_fields(
    struct call *c, const struct json *j, struct svc_review_create *op)
{
	int state = op->review_id == 0 ? REVIEW_PENDING : 0;
	const char *event = json_string(json_get(j, "event"));

	/* An SDK's empty text is none. */
	if ((event == NULL || *event != '\0') &&
	    api_word(c, j, "event", api_reviews_event, &state) == -1)
		return -1;
	if (state == 0) {
		call_reply_error(c, 422, "event: it is missing");
		return -1;
	}
	op->state = (enum review_state)state;
	if (api_text(c, j, "body", BODY_LEN_MAX, &op->body) == -1)
		return -1;
	if (op->review_id != 0)
		return 0;
	if (api_text(c, j, "commit_id", SHA_HEX, &op->sha) == -1)
		return -1;
	if (op->sha != NULL && *op->sha == '\0') {
		free(op->sha);
		op->sha = NULL;
	}
	return api_reviews_lines(c, j, op);
}

static void
api_reviews_write(struct call *c, const struct json *j, int64_t review)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_review_create *op;

	if (project == 0)
		return;
	op = svc_review_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->review_id = review;
	if (api_reviews_fields(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_review_create(op, api_reviews_created, c);
}

static void
api_reviews_on_body(struct call *c, const struct json *j)
{
	api_reviews_write(c, j, 0);
}

static void
api_reviews_create(struct call *c)
{
	call_take_json(c, api_reviews_on_body);
}

static void
api_reviews_on_submit(struct call *c, const struct json *j)
{
	api_reviews_write(c, j, call_arg_id(c, 3));
}

static void
api_reviews_submit(struct call *c)
{
	call_take_json(c, api_reviews_on_submit);
}

static void
api_reviews_changed(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_change *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_reviews_reply(c, &op->review, op->head_sha);
	call_release(c);
}

static struct svc_review_change *
api_reviews_change(struct call *c)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_review_change *op;

	if (project == 0)
		return NULL;
	op = svc_review_change_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->review_id = call_arg_id(c, 3);
	return op;
}

static void
api_reviews_delete(struct call *c)
{
	struct svc_review_change *op = api_reviews_change(c);

	if (op == NULL)
		return;
	op->what = REVIEW_DELETE;
	call_hold(c);
	svc_review_change(op, api_done_empty, c);
}

/* priors: a newer verdict has taken the weight of the older ones already. */
static void
api_reviews_on_dismiss(struct call *c, const struct json *j)
{
	AUTO_FREE char *message = NULL;
	struct svc_review_change *op;

	if (api_text(c, j, "message", BODY_LEN_MAX, &message) == -1)
		return;
	op = api_reviews_change(c);
	if (op == NULL)
		return;
	op->what = REVIEW_DISMISS;
	op->message = STEAL(message);
	call_hold(c);
	svc_review_change(op, api_reviews_changed, c);
}

static void
api_reviews_dismiss(struct call *c)
{
	call_take_json(c, api_reviews_on_dismiss);
}

static void
api_reviews_undismiss(struct call *c)
{
	struct svc_review_change *op = api_reviews_change(c);

	if (op == NULL)
		return;
	op->what = REVIEW_UNDISMISS;
	call_hold(c);
	svc_review_change(op, api_reviews_changed, c);
}

const struct route api_reviews_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews", ROUTE_RUN_OK,
	    api_reviews_list },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews", ROUTE_USER,
	    api_reviews_create },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}", ROUTE_RUN_OK,
	    api_reviews_get },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}", ROUTE_USER,
	    api_reviews_submit },
	{ "DELETE", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}", ROUTE_USER,
	    api_reviews_delete },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}/comments",
	    ROUTE_RUN_OK, api_reviews_comments },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}/dismissals",
	    ROUTE_USER, api_reviews_dismiss },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews/{id}/undismissals",
	    ROUTE_USER, api_reviews_undismiss },
	{ .method = NULL },
};
