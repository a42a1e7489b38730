/* api_comments: comments on issues and pull requests, and their history. */
#include "server/api/api.h"
#include "server/api/api_words.h"
#include "server/api/shape.h"
#include "server/service/svc_comment.h"
#include "server/store/comments.h"
#include "server/store/revisions.h"
#include "server/store/words_target.h"

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
api_comments_find(
    struct call *c, struct comment_filter *f, uint32_t page, uint32_t limit)
{
	struct comment_list list = { .at = NULL };
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;

	if (api_words_times(c, &f->since, &f->before) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	f->project_id = p.id;
	if (comments_find(api_reader(c), f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list.total);
		shape_comments(&s, &list);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	comment_list_release(&list);
	project_release(&p);
}

static void
api_comments_list(struct call *c)
{
	struct comment_filter f = { .project_id = 0 };
	struct words_target of;

	if (api_words_target(c, API_WORDS_ITEM, &of, NULL) == -1 ||
	    api_comments_range(c, &f.limit, &f.offset) == -1)
		return;
	f.item = of.item;
	api_comments_find(
	    c, &f, (uint32_t)(f.offset / f.limit) + 1, (uint32_t)f.limit);
}

static void
api_comments_all(struct call *c)
{
	struct comment_filter f = { .project_id = 0 };
	uint32_t page, limit;

	if (call_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	api_comments_find(c, &f, page, limit);
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

/* Gitea's comments are one sequence with the rest of the timeline: what is
 * there but no comment is 204. */
static void
api_comments_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	int64_t id = call_arg_id(c, 2);
	struct comment m = { .id = 0 };
	struct err e = ERR_INIT;
	struct err sub = ERR_INIT;
	bool other = false;

	if (project == 0)
		return;
	if (comments_get(api_reader(c), project, id, &m, &e) == 0)
		api_comments_reply(c, 200, &m);
	else if (e.code == ERR_NOTFOUND &&
	    comments_other(api_reader(c), project, id, &other, &sub) == 0 &&
	    other)
		call_reply_empty(c, 204);
	else
		call_fail(c, &e);
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

/* of_item: the path is .../issues/{n}/comments/{id}. */
static struct svc_comment_edit *
api_comments_edit(struct call *c, bool of_item)
{
	int64_t project = api_project_id(c, PERM_COMMENT);
	struct svc_comment_edit *op;

	if (project == 0)
		return NULL;
	op = svc_comment_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = of_item ? call_arg_id(c, 2) : 0;
	op->id = call_arg_id(c, of_item ? 3 : 2);
	return op;
}

static void
api_comments_change(struct call *c, const struct json *j, bool of_item)
{
	struct svc_comment_edit *op;
	AUTO_FREE char *body = NULL;

	if (api_need(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = api_comments_edit(c, of_item);
	if (op == NULL)
		return;
	op->body = STEAL(body);
	call_hold(c);
	svc_comment_edit(op, api_comments_edited, c);
}

static void
api_comments_on_edit(struct call *c, const struct json *j)
{
	api_comments_change(c, j, false);
}

static void
api_comments_on_item_edit(struct call *c, const struct json *j)
{
	api_comments_change(c, j, true);
}

static void
api_comments_patch(struct call *c)
{
	call_take_json(c, api_comments_on_edit);
}

static void
api_comments_item_patch(struct call *c)
{
	call_take_json(c, api_comments_on_item_edit);
}

static void
api_comments_remove(struct call *c, bool of_item)
{
	struct svc_comment_edit *op = api_comments_edit(c, of_item);

	if (op == NULL)
		return;
	call_hold(c);
	svc_comment_edit(op, api_done_empty, c);
}

static void
api_comments_delete(struct call *c)
{
	api_comments_remove(c, false);
}

static void
api_comments_item_delete(struct call *c)
{
	api_comments_remove(c, true);
}

static void
api_comments_past(struct call *c, enum api_words_on on)
{
	struct revision_list list = { .n = 0 };
	struct words_target of;
	struct err e = ERR_INIT;
	struct shape s;

	if (api_words_target(c, on, &of, NULL) == -1)
		return;
	if (revisions_list(api_reader(c), &of, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < list.n; i++)
		shape_revision(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	revision_list_release(&list);
}

static void
api_comments_history(struct call *c)
{
	api_comments_past(c, API_WORDS_COMMENT);
}

static void
api_comments_item_history(struct call *c)
{
	api_comments_past(c, API_WORDS_ITEM);
}

#define API_COMMENTS "/api/v1/repos/{o}/{r}/issues"
#define API_COMMENTS_OURS "/api/coffer/v1/repos/{o}/{r}/issues"

const struct route api_comments_routes[] = {
	{ "GET", API_COMMENTS "/comments", ROUTE_RUN_OK, api_comments_all },
	{ "GET", API_COMMENTS "/{n}/comments", ROUTE_RUN_OK,
	    api_comments_list },
	{ "POST", API_COMMENTS "/{n}/comments", ROUTE_MEMBER,
	    api_comments_create },
	{ "GET", API_COMMENTS "/comments/{id}", ROUTE_RUN_OK,
	    api_comments_get },
	{ "PATCH", API_COMMENTS "/comments/{id}", ROUTE_MEMBER,
	    api_comments_patch },
	{ "DELETE", API_COMMENTS "/comments/{id}", ROUTE_MEMBER,
	    api_comments_delete },
	{ "PATCH", API_COMMENTS "/{n}/comments/{id}", ROUTE_MEMBER,
	    api_comments_item_patch },
	{ "DELETE", API_COMMENTS "/{n}/comments/{id}", ROUTE_MEMBER,
	    api_comments_item_delete },
	{ "GET", API_COMMENTS_OURS "/comments/{id}/history", ROUTE_RUN_OK,
	    api_comments_history },
	{ "GET", API_COMMENTS_OURS "/{n}/history", ROUTE_RUN_OK,
	    api_comments_item_history },
	{ .method = NULL },
};
