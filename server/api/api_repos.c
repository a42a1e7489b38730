/* api_repos: projects in Gitea's shape. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/store/projects.h"

#include "lib/base/err.h"

static void
api_repos_search(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)) };
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	f.q = call_query(c, "q");
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (projects_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_total(c, page, limit, list.total);
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "ok", true);
	jw_array(&s.w, "data");
	for (size_t i = 0; i < list.n; i++)
		shape_repository(&s, NULL, &list.at[i]);
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	project_list_release(&list);
}

static void
api_repos_get(struct call *c)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_repository(&s, NULL, &p);
	shape_reply(&s, c, 200);
	project_release(&p);
}

const struct route api_repos_routes[] = {
	{ "GET", "/api/v1/repos/search", ROUTE_MEMBER, api_repos_search },
	{ "GET", "/api/v1/repos/{o}/{r}", ROUTE_MEMBER, api_repos_get },
	{ .method = NULL },
};
