/* api_meta: the version, who asks, and the numbers of paging. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/http/param.h"
#include "server/store/users.h"

#include "lib/base/err.h"

static void
api_meta_version(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "version", "1.24.0+cofferd");
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_settings(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_i64(&s.w, "max_response_items", PARAM_LIMIT_MAX);
	jw_i64(&s.w, "default_paging_num", PARAM_LIMIT_DEFAULT);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_user(struct call *c)
{
	struct user u;
	struct err e = ERR_INIT;
	struct shape s;

	if (users_by_id(api_reader(c), call_who(c)->user_id, &u, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	shape_user_full(&s, NULL, &u, call_who(c));
	shape_reply(&s, c, 200);
}

const struct route api_meta_routes[] = {
	{ "GET", "/api/v1/version", ROUTE_ANON, api_meta_version },
	{ "GET", "/api/v1/settings/api", ROUTE_ANON, api_meta_settings },
	{ "GET", "/api/v1/user", ROUTE_MEMBER, api_meta_user },
	{ .method = NULL },
};
