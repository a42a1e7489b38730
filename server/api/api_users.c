/* api_users: who there is, and what one says of oneself. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/auth/password.h"
#include "server/http/param.h"
#include "server/service/svc_user.h"
#include "server/store/users.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"

enum {
	API_USERS_QUERY_MAX = 100 /* bytes */
};

static int
api_users_one(struct call *c, int64_t id, const char *login, struct user *u)
{
	struct err e = ERR_INIT;
	int rc = login != NULL ? users_by_name(api_reader(c), login, u, &e)
			       : users_by_id(api_reader(c), id, u, &e);

	if (rc == -1 &&
	    (e.code != ERR_NOTFOUND || login == NULL || !api_moved(c, login)))
		call_fail(c, &e);
	return rc;
}

static void
api_users_reply(struct call *c, const struct user *u)
{
	struct shape s;

	shape_init(&s, c, NULL);
	shape_user_full(&s, NULL, u, call_who(c));
	shape_reply(&s, c, 200);
}

static void
api_users_self(struct call *c)
{
	struct user u;

	if (api_users_one(c, call_who(c)->user_id, NULL, &u) == 0)
		api_users_reply(c, &u);
}

static void
api_users_get(struct call *c)
{
	struct user u;

	if (api_users_one(c, 0, call_arg(c, 0), &u) == 0)
		api_users_reply(c, &u);
}

static void
api_users_search(struct call *c)
{
	struct users_filter f = USERS_FILTER_INIT;
	struct user_list list;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	f.q = call_query(c, "q");
	f.q_names = true;
	if ((f.q != NULL && strlen(f.q) > API_USERS_QUERY_MAX) ||
	    call_page(c, &page, &limit) == -1 ||
	    call_query_i64(c, "uid", 0, INT64_MAX, &f.id) == -1) {
		if (f.q != NULL && strlen(f.q) > API_USERS_QUERY_MAX)
			call_reply_error(c, 422, "q: want at most %d bytes",
			    API_USERS_QUERY_MAX);
		return;
	}
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (users_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_total(c, page, limit, list.total);
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_array(&s.w, "data");
	for (size_t i = 0; i < list.n; i++)
		shape_user_full(&s, NULL, &list.at[i], call_who(c));
	jw_end(&s.w);
	jw_bool(&s.w, "ok", true);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	user_list_release(&list);
}

static void
api_users_reply_settings(struct call *c, const struct user *u)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "full_name", u->full_name);
	jw_str(&s.w, "website", u->website);
	jw_str(&s.w, "description", u->description);
	jw_str(&s.w, "location", u->location);
	jw_str(&s.w, "language", "");
	jw_str(&s.w, "theme", "");
	jw_str(&s.w, "diff_view_style", "");
	jw_bool(&s.w, "hide_email", true);
	jw_bool(&s.w, "hide_activity", false);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_users_settings(struct call *c)
{
	struct user u;

	if (api_users_one(c, call_who(c)->user_id, NULL, &u) == 0)
		api_users_reply_settings(c, &u);
}

static void
api_users_settings_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_user_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_users_reply_settings(c, &op->user);
	call_release(c);
}

static void
api_users_on_settings(struct call *c, const struct json *j)
{
	struct svc_user_edit *op = svc_user_edit_new(
	    api_svc(c), call_who(c), USER_EDIT);
	struct user_fields *f = &op->fields;

	if (api_text(c, j, "full_name", USER_FULL_NAME_MAX, &f->full_name) ==
		-1 ||
	    api_text(c, j, "website", USER_WEBSITE_MAX, &f->website) == -1 ||
	    api_text(c, j, "location", USER_LOCATION_MAX, &f->location) == -1 ||
	    api_text(c, j, "description", USER_DESCRIPTION_MAX,
		&f->description) == -1) {
		svc_op_drop(op);
		return;
	}
	op->login = xstrdup(call_who(c)->login);
	call_hold(c);
	svc_user_edit(op, api_users_settings_done, c);
}

static void
api_users_settings_patch(struct call *c)
{
	call_take_json(c, api_users_on_settings);
}

static void
api_users_emails(struct call *c)
{
	struct user u;
	struct shape s;

	if (api_users_one(c, call_who(c)->user_id, NULL, &u) == -1)
		return;
	call_count(c, u.email[0] != '\0');
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	if (u.email[0] != '\0') {
		jw_object(&s.w, NULL);
		jw_str(&s.w, "email", u.email);
		jw_bool(&s.w, "verified", true);
		jw_bool(&s.w, "primary", true);
		jw_i64(&s.w, "user_id", u.id);
		jw_str(&s.w, "username", u.login);
		jw_end(&s.w);
	}
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

/* There is no ssh here. */
static void
api_users_keys(struct call *c)
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
api_users_password_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_password *op = arg;
	struct call *c = call;
	char text[24];

	if (fail != NULL && fail->code == ERR_BUSY && op->retry_ms > 0) {
		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)(op->retry_ms + 999) / 1000);
		call_header(c, "Retry-After", text);
		call_reply_error(c, 429, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		call_reply_empty(c, 204);
	}
	call_release(c);
}

static void
api_users_on_password(struct call *c, const struct json *j)
{
	struct svc_password *op = svc_password_new(api_svc(c), call_who(c));

	if (api_text(c, j, "old", CREDENTIAL_PASSWORD_MAX, &op->old) == -1 ||
	    api_need(c, j, "new", CREDENTIAL_PASSWORD_MAX, &op->new) == -1) {
		svc_op_drop(op);
		return;
	}
	call_address(c, op->address);
	call_hold(c);
	svc_password_set(op, api_users_password_done, c);
}

static void
api_users_password(struct call *c)
{
	call_take_json(c, api_users_on_password);
}

const struct route api_users_routes[] = {
	{ "GET", "/api/v1/user", ROUTE_MEMBER, api_users_self },
	{ "GET", "/api/v1/user/settings", ROUTE_USER, api_users_settings },
	{ "PATCH", "/api/v1/user/settings", ROUTE_USER,
	    api_users_settings_patch },
	{ "GET", "/api/v1/user/emails", ROUTE_USER, api_users_emails },
	{ "GET", "/api/v1/user/keys", ROUTE_USER, api_users_keys },
	{ "GET", "/api/v1/users/search", ROUTE_MEMBER, api_users_search },
	{ "GET", "/api/v1/users/{name}", ROUTE_MEMBER, api_users_get },
	{ "PUT", "/api/coffer/v1/user/password", ROUTE_USER,
	    api_users_password },
	{ .method = NULL },
};
