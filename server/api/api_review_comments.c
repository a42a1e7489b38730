/* api_review_comments: comments on lines of a diff, and who is asked for a
 * review. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_review_comment.h"
#include "server/service/svc_reviewer.h"
#include "server/service/svc_suggestion.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
api_review_comments_list(struct call *c)
{
	struct review_comment_list list = { .at = NULL };
	struct review_comment_filter f = { .item = call_arg_id(c, 2) };
	struct pull pull = { .run_id = 0 };
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
	    review_comments_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_review_comment(&s, &list.at[i]);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	review_comment_list_release(&list);
	pull_release(&pull);
	project_release(&p);
}

static void
api_review_comments_written(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_word *op = arg;
	struct call *c = call;
	struct project p;
	struct shape s;

	if (!api_failed(c, fail) && api_project(c, PERM_READ, &p) == 0) {
		shape_init(&s, c, &p);
		shape_review_comment(&s, &op->comment);
		shape_reply(&s, c, op->what == REVIEW_WORD_REPLY ? 201 : 200);
		project_release(&p);
	}
	call_release(c);
}

/* The comment is the last argument of the path. */
static struct svc_review_word *
api_review_comments_op(struct call *c, unsigned arg)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_review_word *op;

	if (project == 0)
		return NULL;
	op = svc_review_word_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->comment_id = call_arg_id(c, arg);
	return op;
}

static void
api_review_comments_on_reply(struct call *c, const struct json *j)
{
	AUTO_FREE char *body = NULL;
	struct svc_review_word *op;

	if (api_need(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = api_review_comments_op(c, 3);
	if (op == NULL)
		return;
	op->item = call_arg_id(c, 2);
	op->what = REVIEW_WORD_REPLY;
	op->body = STEAL(body);
	call_hold(c);
	svc_review_word(op, api_review_comments_written, c);
}

static void
api_review_comments_reply(struct call *c)
{
	call_take_json(c, api_review_comments_on_reply);
}

static void
api_review_comments_on_edit(struct call *c, const struct json *j)
{
	AUTO_FREE char *body = NULL;
	struct svc_review_word *op;

	if (api_need(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = api_review_comments_op(c, 2);
	if (op == NULL)
		return;
	op->what = REVIEW_WORD_EDIT;
	op->body = STEAL(body);
	call_hold(c);
	svc_review_word(op, api_review_comments_written, c);
}

static void
api_review_comments_edit(struct call *c)
{
	call_take_json(c, api_review_comments_on_edit);
}

static void
api_review_comments_delete(struct call *c)
{
	struct svc_review_word *op = api_review_comments_op(c, 2);

	if (op == NULL)
		return;
	op->what = REVIEW_WORD_DELETE;
	call_hold(c);
	svc_review_word(op, api_done_empty, c);
}

static void
api_review_comments_resolve(struct call *c)
{
	struct svc_review_word *op = api_review_comments_op(c, 2);

	if (op == NULL)
		return;
	op->what = REVIEW_WORD_RESOLVE;
	call_hold(c);
	svc_review_word(op, api_done_empty, c);
}

static void
api_review_comments_reopen(struct call *c)
{
	struct svc_review_word *op = api_review_comments_op(c, 2);

	if (op == NULL)
		return;
	op->what = REVIEW_WORD_REOPEN;
	call_hold(c);
	svc_review_word(op, api_done_empty, c);
}

static void
api_suggestion_applied(const struct err *fail, void *arg, void *call)
{
	const struct svc_suggestion *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_object(&s.w, "commit");
		jw_str(&s.w, "sha", op->commit);
		jw_end(&s.w);
		jw_end(&s.w);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_suggestion_apply(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_suggestion *op;

	if (project == 0)
		return;
	op = svc_suggestion_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->comment_id = call_arg_id(c, 2);
	call_hold(c);
	svc_suggestion(op, api_suggestion_applied, c);
}

static void
api_reviewers_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_reviewers *op = arg;
	struct call *c = call;
	struct project p;
	struct shape s;

	if (!api_failed(c, fail) && op->withdraw) {
		call_reply_empty(c, 204);
	} else if (fail == NULL && api_project(c, PERM_READ, &p) == 0) {
		shape_init(&s, c, &p);
		jw_array(&s.w, NULL);
		for (size_t i = 0; i < op->reviews.n; i++)
			shape_review(&s, &op->reviews.at[i], op->head_sha);
		jw_end(&s.w);
		shape_reply(&s, c, 201);
		project_release(&p);
	}
	call_release(c);
}

/* team_reviewers is ignored, as Gitea does where no organisation owns. */
int
api_reviewers(struct call *c, const struct json *j, char **logins, size_t *n)
{
	const struct json *list = json_get(j, "reviewers");

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_count(list) > SVC_REVIEWERS_MAX) {
		call_reply_error(c, 422, "reviewers: want a list of at most %d",
		    SVC_REVIEWERS_MAX);
		return -1;
	}
	for (const struct json *x = json_first(list); x != NULL;
	     x = json_next(x)) {
		if (json_string(x) == NULL) {
			call_reply_error(c, 422, "reviewers: want names");
			return -1;
		}
		logins[(*n)++] = xstrdup(json_string(x));
	}
	return 0;
}

static void
api_reviewers_write(struct call *c, const struct json *j, bool withdraw)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_reviewers *op;

	if (project == 0)
		return;
	op = svc_reviewers_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->withdraw = withdraw;
	if (api_reviewers(c, j, op->logins, &op->n) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_reviewers(op, api_reviewers_done, c);
}

static void
api_reviewers_on_ask(struct call *c, const struct json *j)
{
	api_reviewers_write(c, j, false);
}

static void
api_reviewers_ask(struct call *c)
{
	call_take_json(c, api_reviewers_on_ask);
}

static void
api_reviewers_on_withdraw(struct call *c, const struct json *j)
{
	api_reviewers_write(c, j, true);
}

static void
api_reviewers_withdraw(struct call *c)
{
	call_take_json(c, api_reviewers_on_withdraw);
}

const struct route api_review_comments_routes[] = {
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/comments/{id}/replies",
	    ROUTE_USER, api_review_comments_reply },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/comments/{id}/resolve",
	    ROUTE_USER, api_review_comments_resolve },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/comments/{id}/unresolve",
	    ROUTE_USER, api_review_comments_reopen },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/requested_reviewers",
	    ROUTE_USER, api_reviewers_ask },
	{ "DELETE", "/api/v1/repos/{o}/{r}/pulls/{n}/requested_reviewers",
	    ROUTE_USER, api_reviewers_withdraw },
	{ "GET", "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/comments",
	    ROUTE_RUN_OK, api_review_comments_list },
	{ "PATCH", "/api/coffer/v1/repos/{o}/{r}/pulls/comments/{id}",
	    ROUTE_USER, api_review_comments_edit },
	{ "DELETE", "/api/coffer/v1/repos/{o}/{r}/pulls/comments/{id}",
	    ROUTE_USER, api_review_comments_delete },
	{ "POST", "/api/coffer/v1/repos/{o}/{r}/pulls/comments/{id}/apply",
	    ROUTE_USER, api_suggestion_apply },
	{ .method = NULL },
};
