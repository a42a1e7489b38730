/* api_pulls: pull requests as rows. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	API_BRANCH_MAX = 255
};

static void
api_pulls_list(struct call *c)
{
	struct pull_filter f = { .state = ISSUE_OPEN };
	const char *state = call_query(c, "state");
	struct pull_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;
	int st = ISSUE_OPEN;

	if (state != NULL && strcmp(state, "all") == 0)
		st = 0;
	else if (state != NULL && *state != '\0')
		st = issue_state_parse(state);
	if (st == -1) {
		call_reply_error(c, 422, "state: want open, closed or all");
		return;
	}
	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	f.state = (enum issue_state)st;
	f.project_id = p.id;
	f.head = call_query(c, "head");
	f.base = call_query(c, "base");
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (pulls_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_pull(&s, &list.at[i]);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	pull_list_release(&list);
	project_release(&p);
}

static void
api_pulls_reply(struct call *c, int status, const struct pull *pull)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_pull(&s, pull);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_pulls_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (pulls_get(api_reader(c), project, call_arg_id(c, 2), &pull, &e) ==
	    -1)
		call_fail(c, &e);
	else
		api_pulls_reply(c, 200, &pull);
	pull_release(&pull);
}

static void
api_pulls_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_pulls_reply(c, 201, &op->pull);
	call_release(c);
}

static void
api_pulls_on_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *body = NULL;
	AUTO_FREE char *head = NULL;
	AUTO_FREE char *base = NULL;
	struct svc_pull_create *op;
	struct project p;
	bool draft = false;

	if (api_need(c, j, "title", TITLE_LEN_MAX, &title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &body) == -1 ||
	    api_need(c, j, "head", API_BRANCH_MAX, &head) == -1 ||
	    api_text(c, j, "base", API_BRANCH_MAX, &base) == -1 ||
	    api_bool(c, j, "draft", &draft) == -1 ||
	    api_project(c, PERM_PROPOSE, &p) == -1)
		return;
	op = svc_pull_create_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	op->base = base != NULL ? STEAL(base) : xstrdup(p.default_branch);
	project_release(&p);
	op->title = STEAL(title);
	op->body = STEAL(body);
	op->head = STEAL(head);
	op->draft = draft;
	call_hold(c);
	svc_pull_create(op, api_pulls_created, c);
}

static void
api_pulls_create(struct call *c)
{
	call_take_json(c, api_pulls_on_body);
}

static void
api_pulls_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_pulls_reply(c, 201, &op->pull);
	call_release(c);
}

static void
api_pulls_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *body = NULL;
	AUTO_FREE char *base = NULL;
	struct svc_pull_edit *op;
	int state = 0;

	if (project == 0 ||
	    api_text(c, j, "title", TITLE_LEN_MAX, &title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &body) == -1 ||
	    api_text(c, j, "base", API_BRANCH_MAX, &base) == -1 ||
	    api_word(c, j, "state", issue_state_parse, &state) == -1)
		return;
	op = svc_pull_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->title = STEAL(title);
	op->body = STEAL(body);
	op->base = STEAL(base);
	op->state = (enum issue_state)state;
	call_hold(c);
	svc_pull_edit(op, api_pulls_edited, c);
}

static void
api_pulls_patch(struct call *c)
{
	call_take_json(c, api_pulls_on_edit);
}

const struct route api_pulls_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls", ROUTE_RUN_OK, api_pulls_list },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls", ROUTE_SESSION_OK,
	    api_pulls_create },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}", ROUTE_RUN_OK,
	    api_pulls_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/pulls/{n}", ROUTE_USER,
	    api_pulls_patch },
	{ .method = NULL },
};
