/* api_issues: issues; lists show pull requests too unless told not to. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_issue.h"
#include "server/store/issues.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

/* state and type of the query; -1 after the reply. */
static int
api_issues_filter(struct call *c, struct issue_filter *f)
{
	const char *state = call_query(c, "state");
	const char *type = call_query(c, "type");
	const char *since = call_query(c, "since");
	struct err e = ERR_INIT;

	f->state = ISSUE_OPEN;
	f->is_pull = -1;
	if (state != NULL && strcmp(state, "all") == 0)
		f->state = 0;
	else if (state != NULL && state[0] != '\0') {
		int st = issue_state_parse(state);

		if (st == -1) {
			call_reply_error(
			    c, 422, "state: want open, closed or all");
			return -1;
		}
		f->state = (enum issue_state)st;
	}
	if (type != NULL && strcmp(type, "issues") == 0)
		f->is_pull = 0;
	else if (type != NULL && strcmp(type, "pulls") == 0)
		f->is_pull = 1;
	else if (type != NULL && type[0] != '\0') {
		call_reply_error(c, 422, "type: want issues or pulls");
		return -1;
	}
	if (since != NULL && since[0] != '\0' &&
	    clock_parse(since, &f->since, &e) == -1) {
		call_reply_error(c, 422, "since: want an RFC 3339 time");
		return -1;
	}
	f->q = call_query(c, "q");
	f->created_by = call_query(c, "created_by");
	return 0;
}

static void
api_issues_list(struct call *c)
{
	struct issue_filter f = { .project_id = 0 };
	struct issue_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (call_page(c, &page, &limit) == -1 || api_issues_filter(c, &f) == -1)
		goto out;
	f.project_id = p.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (issues_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_issue(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	issue_list_release(&list);
out:
	project_release(&p);
}

/* A reply with one issue of the project that the path names. */
static void
api_issues_reply(struct call *c, int status, const struct issue *i)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_issue(&s, i);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_issues_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (issues_get(api_reader(c), project, call_arg_id(c, 2), &i, &e) == -1)
		call_fail(c, &e);
	else
		api_issues_reply(c, 200, &i);
	issue_release(&i);
}

static void
api_issues_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_issues_reply(c, 201, &op->issue);
	call_release(c);
}

static void
api_issues_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_issue_create *op;
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *body = NULL;

	if (project == 0 ||
	    api_need(c, j, "title", TITLE_LEN_MAX, &title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &body) == -1)
		return;
	op = svc_issue_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->title = STEAL(title);
	op->body = STEAL(body);
	call_hold(c);
	svc_issue_create(op, api_issues_created, c);
}

static void
api_issues_create(struct call *c)
{
	call_take_json(c, api_issues_on_body);
}

static void
api_issues_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_issues_reply(c, 201, &op->issue);
	call_release(c);
}

static void
api_issues_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_issue_edit *op;
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *body = NULL;
	int state = 0;

	if (project == 0 ||
	    api_text(c, j, "title", TITLE_LEN_MAX, &title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &body) == -1 ||
	    api_word(c, j, "state", issue_state_parse, &state) == -1)
		return;
	op = svc_issue_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->title = STEAL(title);
	op->body = STEAL(body);
	op->state = (enum issue_state)state;
	call_hold(c);
	svc_issue_edit(op, api_issues_edited, c);
}

static void
api_issues_patch(struct call *c)
{
	call_take_json(c, api_issues_on_edit);
}

const struct route api_issues_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/issues", ROUTE_RUN_OK,
	    api_issues_list },
	{ "POST", "/api/v1/repos/{o}/{r}/issues", ROUTE_USER,
	    api_issues_create },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_RUN_OK,
	    api_issues_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_USER,
	    api_issues_patch },
	{ .method = NULL },
};
