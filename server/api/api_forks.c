/* api_forks: a repository's forks, and a new one. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_fork.h"
#include "server/store/projects.h"

#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
api_forks_list(struct call *c)
{
	struct project_filter f = {
		.viewer = svc_viewer(call_who(c)), .active = true, .kept = true
	};
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	f.parent_id = api_project_id(c, PERM_READ);
	if (f.parent_id == 0 || call_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (projects_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, NULL, page, limit, list.total);
		shape_repositories(&s, &list);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	project_list_release(&list);
}

static void
api_forks_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_fork *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_EXISTS &&
	    op->make.project.id == 0) {
		call_reply_error(c, 409,
		    "The repository with the same name already exists: %s",
		    fail->msg);
	} else if (fail != NULL && fail->code == ERR_LIMIT) {
		call_reply_error(c, 403, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, &op->make.project);
		shape_repository(&s, NULL, &op->make.project);
		shape_reply(&s, c, 202);
	}
	call_release(c);
}

static int
api_forks_body(struct call *c, const struct json *j, struct svc_fork *op)
{
	AUTO_FREE char *org = NULL;

	if (api_text(c, j, "name", NAME_LEN_MAX, &op->make.name) == -1 ||
	    api_text(c, j, "organization", NAME_LEN_MAX, &org) == -1)
		return -1;
	if (org == NULL || *org == '\0' ||
	    strcasecmp(org, call_who(c)->login) == 0)
		return 0;
	call_reply_error(c, 422,
	    "organization: there is none named %s; leave it out, and the fork "
	    "is yours",
	    org);
	return -1;
}

static void
api_forks_on_body(struct call *c, const struct json *j)
{
	int64_t parent = api_project_id(c, PERM_READ);
	struct svc_fork *op;

	if (parent == 0)
		return;
	if (call_who(c)->bound_project != 0) {
		call_reply_error(c, 403,
		    "the token is bound to one repository, a fork is another");
		return;
	}
	op = svc_fork_new(api_svc(c), call_who(c));
	op->parent_id = parent;
	if (api_forks_body(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_fork(op, api_forks_made, c);
}

static void
api_forks_create(struct call *c)
{
	call_take_json(c, api_forks_on_body);
}

const struct route api_forks_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/forks", ROUTE_MEMBER, api_forks_list },
	{ "POST", "/api/v1/repos/{o}/{r}/forks", ROUTE_USER, api_forks_create },
	{ .method = NULL },
};
