/* api_assignees: who is to do an item, its lock and its pin. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_issue.h"
#include "server/store/assignees.h"
#include "server/store/issues.h"

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

static struct svc_item *
api_assignees_op(struct call *c, enum svc_item_act act)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_item *op;

	if (project == 0)
		return NULL;
	op = svc_item_new(api_svc(c), call_who(c));
	op->act = act;
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	return op;
}

static void
api_assignees_set(const struct err *fail, void *arg, void *call)
{
	const struct svc_item *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_issues_reply(
		    c, op->act == SVC_ITEM_ASSIGN ? 201 : 200, &op->issue);
	call_release(c);
}

static void
api_assignees_change(
    struct call *c, const struct json *j, enum svc_item_act act)
{
	struct svc_item *op = api_assignees_op(c, act);

	if (op == NULL)
		return;
	if (api_item_assignees(c, j, &op->fields) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_item(op, api_assignees_set, c);
}

static void
api_assignees_on_add(struct call *c, const struct json *j)
{
	api_assignees_change(c, j, SVC_ITEM_ASSIGN);
}

static void
api_assignees_add(struct call *c)
{
	call_take_json(c, api_assignees_on_add);
}

static void
api_assignees_on_remove(struct call *c, const struct json *j)
{
	api_assignees_change(c, j, SVC_ITEM_UNASSIGN);
}

static void
api_assignees_remove(struct call *c)
{
	call_take_json(c, api_assignees_on_remove);
}

static void
api_lock_on_body(struct call *c, const struct json *j)
{
	struct svc_item *op = api_assignees_op(c, SVC_ITEM_LOCK);

	if (op == NULL)
		return;
	if (api_text(c, j, "lock_reason", LOCK_REASON_MAX, &op->text) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_item(op, api_done_empty, c);
}

static void
api_lock(struct call *c)
{
	call_take_json(c, api_lock_on_body);
}

static void
api_unlock(struct call *c)
{
	struct svc_item *op = api_assignees_op(c, SVC_ITEM_UNLOCK);

	if (op == NULL)
		return;
	call_hold(c);
	svc_item(op, api_done_empty, c);
}

/* Too many are pinned: 400, as Gitea. */
static void
api_pin_done(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (fail != NULL && fail->code == ERR_LIMIT)
		call_reply_error(c, 400, "%s", fail->msg);
	else if (!api_failed(c, fail))
		call_reply_empty(c, 204);
	call_release(c);
}

static void
api_pin_act(struct call *c, enum svc_item_act act, int64_t place)
{
	struct svc_item *op = api_assignees_op(c, act);

	if (op == NULL)
		return;
	op->place = place;
	call_hold(c);
	svc_item(op, api_pin_done, c);
}

static void
api_pin(struct call *c)
{
	api_pin_act(c, SVC_ITEM_PIN, 0);
}

static void
api_unpin(struct call *c)
{
	api_pin_act(c, SVC_ITEM_UNPIN, 0);
}

static void
api_pin_move(struct call *c)
{
	api_pin_act(c, SVC_ITEM_MOVE, call_arg_id(c, 3));
}

static void
api_pins(struct call *c)
{
	struct issue_list list = { .at = NULL };
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (issues_pinned(api_reader(c), p.id, false, &list, &e) == -1) {
		call_fail(c, &e);
		project_release(&p);
		return;
	}
	call_count(c, (int64_t)list.n);
	shape_init(&s, c, &p);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < list.n; i++)
		shape_issue(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	issue_list_release(&list);
	project_release(&p);
}

static void
api_pins_allowed(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ), issues, pulls;
	struct err e = ERR_INIT;
	struct shape s;

	if (project == 0)
		return;
	if (issues_pins(api_reader(c), project, false, &issues, &e) == -1 ||
	    issues_pins(api_reader(c), project, true, &pulls, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "issues", issues < ITEM_PINS_MAX);
	jw_bool(&s.w, "pull_requests", pulls < ITEM_PINS_MAX);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_participants(struct call *c)
{
	struct author_list list = { .at = NULL };
	int64_t item = call_arg_id(c, 2);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (call_page(c, &page, &limit) == -1)
		goto out;
	if (issues_get(api_reader(c), p.id, item, &i, &e) == -1 ||
	    participants_list(api_reader(c), p.id, item, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t k = 0; k < list.n; k++)
		shape_user(&s, NULL, &list.at[k]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
out:
	author_list_release(&list);
	issue_release(&i);
	project_release(&p);
}

const struct route api_assignees_routes[] = {
	{ "POST", "/api/v1/repos/{o}/{r}/issues/{n}/assignees", ROUTE_USER,
	    api_assignees_add },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}/assignees", ROUTE_USER,
	    api_assignees_remove },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}/subscriptions", ROUTE_RUN_OK,
	    api_participants },
	{ "PUT", "/api/v1/repos/{o}/{r}/issues/{n}/lock", ROUTE_USER,
	    api_lock },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}/lock", ROUTE_USER,
	    api_unlock },
	{ "POST", "/api/v1/repos/{o}/{r}/issues/{n}/pin", ROUTE_USER, api_pin },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}/pin", ROUTE_USER,
	    api_unpin },
	{ "PATCH", "/api/v1/repos/{o}/{r}/issues/{n}/pin/{id}", ROUTE_USER,
	    api_pin_move },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/pinned", ROUTE_RUN_OK,
	    api_pins },
	{ "GET", "/api/v1/repos/{o}/{r}/new_pin_allowed", ROUTE_RUN_OK,
	    api_pins_allowed },
	{ .method = NULL },
};
