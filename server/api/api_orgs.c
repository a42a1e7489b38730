/* api_orgs: there are no organisations; clients that ask learn so. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/store/users.h"

#include "lib/base/err.h"

static void
api_orgs_none(struct call *c)
{
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	shape_page(&s, c, NULL, page, limit, 0);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_orgs_of_user(struct call *c)
{
	struct err e = ERR_INIT;
	struct user u;

	if (users_by_name(api_reader(c), call_arg(c, 0), &u, &e) == -1)
		call_fail(c, &e);
	else
		api_orgs_none(c);
}

static void
api_orgs_missing(struct call *c)
{
	call_reply_error(c, 404, "organization does not exist");
}

const struct route api_orgs_routes[] = {
	{ "GET", "/api/v1/orgs", ROUTE_MEMBER, api_orgs_none },
	{ "GET", "/api/v1/user/orgs", ROUTE_MEMBER, api_orgs_none },
	{ "GET", "/api/v1/users/{name}/orgs", ROUTE_MEMBER, api_orgs_of_user },
	{ "GET", "/api/v1/users/{name}/orgs/{org}/permissions", ROUTE_MEMBER,
	    api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}", ROUTE_MEMBER, api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}/repos", ROUTE_MEMBER, api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}/hooks", ROUTE_MEMBER, api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}/labels", ROUTE_MEMBER, api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}/teams", ROUTE_MEMBER, api_orgs_missing },
	{ "GET", "/api/v1/orgs/{org}/members/{name}", ROUTE_MEMBER,
	    api_orgs_missing },
	{ .method = NULL },
};
