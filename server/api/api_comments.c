/* api_comments: comments on issues and pull requests. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_comment.h"
#include "server/store/comments.h"
#include "server/store/issues.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"

/* Without page and limit all of them; a later page without a limit is empty,
 * or a client that turns pages would never end. */
static int
api_comments_range(struct call *c, int64_t *limit, int64_t *offset)
{
	const char *l = call_query(c, "limit");
	uint32_t page, n;

	if (call_page(c, &page, &n) == -1)
		return -1;
	*limit = l != NULL ? n : DB_LIST_MAX;
	*offset = (int64_t)(page - 1) * *limit;
	return 0;
}

static void
api_comments_list(struct call *c)
{
	struct comment_list list = { .at = NULL };
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;
	int64_t limit, offset, item = call_arg_id(c, 2);
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (api_comments_range(c, &limit, &offset) == -1)
		goto out;
	if (issues_get(api_reader(c), p.id, item, &i, &e) == -1 ||
	    comments_list(
		api_reader(c), p.id, item, limit, offset, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, (uint32_t)(offset / limit) + 1, (uint32_t)limit,
	    list.total);
	for (size_t k = 0; k < list.n; k++)
		shape_comment(&s, &list.at[k]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	comment_list_release(&list);
out:
	issue_release(&i);
	project_release(&p);
}

static void
api_comments_reply(struct call *c, int status, const struct comment *m)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_comment(&s, m);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_comments_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct comment m = { .id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (comments_get(api_reader(c), project, call_arg_id(c, 2), &m, &e) ==
	    -1)
		call_fail(c, &e);
	else
		api_comments_reply(c, 200, &m);
	comment_release(&m);
}

static void
api_comments_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_comment_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_comments_reply(c, 201, &op->comment);
	call_release(c);
}

static void
api_comments_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_COMMENT);
	struct svc_comment_create *op;
	AUTO_FREE char *body = NULL;

	if (project == 0 || api_need(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = svc_comment_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->body = STEAL(body);
	call_hold(c);
	svc_comment_create(op, api_comments_created, c);
}

static void
api_comments_create(struct call *c)
{
	call_take_json(c, api_comments_on_body);
}

static void
api_comments_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_comment_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_comments_reply(c, 200, &op->comment);
	call_release(c);
}

static void
api_comments_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_comment_edit *op;
	AUTO_FREE char *body = NULL;

	if (project == 0 || api_need(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = svc_comment_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = call_arg_id(c, 2);
	op->body = STEAL(body);
	call_hold(c);
	svc_comment_edit(op, api_comments_edited, c);
}

static void
api_comments_patch(struct call *c)
{
	call_take_json(c, api_comments_on_edit);
}

static void
api_comments_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_comment_edit *op;

	if (project == 0)
		return;
	op = svc_comment_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = call_arg_id(c, 2);
	call_hold(c);
	svc_comment_edit(op, api_done_empty, c);
}

const struct route api_comments_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}/comments", ROUTE_RUN_OK,
	    api_comments_list },
	{ "POST", "/api/v1/repos/{o}/{r}/issues/{n}/comments", ROUTE_MEMBER,
	    api_comments_create },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/comments/{id}", ROUTE_RUN_OK,
	    api_comments_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/issues/comments/{id}", ROUTE_USER,
	    api_comments_patch },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/comments/{id}", ROUTE_USER,
	    api_comments_delete },
	{ .method = NULL },
};
