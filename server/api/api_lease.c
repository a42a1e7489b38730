/* api_lease: for how long a throw-away project is wanted. */
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/service/svc_lease.h"

static void
api_lease_done(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!api_failed(c, fail))
		call_reply_empty(c, 204);
	call_release(c);
}

static void
api_lease_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_ADMIN), seconds = -1;

	if (project == 0 ||
	    api_i64(c, j, "seconds", 0, SVC_LEASE_MAX_S, &seconds) == -1)
		return;
	if (seconds == -1) {
		call_reply_error(c, 422, "seconds: it is missing");
		return;
	}
	call_hold(c);
	svc_lease(api_svc(c), call_who(c), project, seconds, api_lease_done, c);
}

static void
api_lease_put(struct call *c)
{
	call_take_json(c, api_lease_on_body);
}

const struct route api_lease_routes[] = {
	{ "PUT", "/api/coffer/v1/projects/{o}/{r}/lease", ROUTE_USER,
	    api_lease_put },
	{ .method = NULL },
};
