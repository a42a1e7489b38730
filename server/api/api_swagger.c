/* api_swagger: what the API is, for tools that make clients. */
#include "server/api/api.h"
#include "server/api/swagger.h"

static void
api_swagger_reply(struct call *c, const char *base, const char *title)
{
	struct str body = STR_INIT;

	swagger_write(&body, api_tables, base, title);
	call_reply_json(c, 200, &body);
}

static void
api_swagger_v1(struct call *c)
{
	api_swagger_reply(c, "/api/v1", "Cofferdam, in Gitea's shapes");
}

static void
api_swagger_coffer(struct call *c)
{
	api_swagger_reply(c, "/api/coffer/v1", "Cofferdam");
}

const struct route api_swagger_routes[] = {
	{ "GET", "/swagger.v1.json", ROUTE_ANON, api_swagger_v1 },
	{ "GET", "/api/swagger", ROUTE_ANON, api_swagger_v1 },
	{ "GET", "/swagger.coffer.v1.json", ROUTE_ANON, api_swagger_coffer },
	{ .method = NULL },
};
