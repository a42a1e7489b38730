/* api_admin: users, for an admin. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/auth/credential.h"
#include "server/http/param.h"
#include "server/service/svc_user.h"
#include "server/store/users.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_ADMIN_QUERY_MAX = 100 /* bytes */
};

struct api_admin_sort {
	const char *name;
	enum users_sort sort;
};

static const struct api_admin_sort api_admin_sorts[] = {
	{ "name", USERS_BY_NAME },
	{ "alphabetically", USERS_BY_NAME },
	{ "id", USERS_BY_ID },
	{ "oldest", USERS_BY_CREATED },
	{ "created", USERS_BY_CREATED },
	{ "recentlogin", USERS_BY_LOGIN_AT },
};

/* -1 when absent. */
static int
api_admin_flag(struct call *c, const char *name)
{
	const char *v = call_query(c, name);

	return v == NULL || v[0] == '\0' ? -1 : param_bool(v);
}

/* Filters that nobody can fit, as nobody has what they ask for. */
static bool
api_admin_nobody(struct call *c)
{
	const char *source = call_query(c, "source_id");
	const char *login_name = call_query(c, "login_name");
	const char *visibility = call_query(c, "visibility");

	return (source != NULL && source[0] != '\0' &&
		   strcmp(source, "0") != 0) ||
	    (login_name != NULL && login_name[0] != '\0') ||
	    (visibility != NULL && visibility[0] != '\0' &&
		strcmp(visibility, "limited") != 0) ||
	    api_admin_flag(c, "is_restricted") == 1 ||
	    api_admin_flag(c, "is_2fa_enabled") == 1;
}

static int
api_admin_filter(struct call *c, struct users_filter *f)
{
	const char *sort = call_query(c, "sort");
	const char *order = call_query(c, "order");
	size_t i = 0, n = sizeof(api_admin_sorts) / sizeof(api_admin_sorts[0]);

	f->q = call_query(c, "q");
	f->is_active = api_admin_flag(c, "is_active");
	f->is_admin = api_admin_flag(c, "is_admin");
	f->no_login = api_admin_flag(c, "is_prohibit_login");
	if (f->q != NULL && strlen(f->q) > API_ADMIN_QUERY_MAX) {
		call_reply_error(
		    c, 422, "q: want at most %d bytes", API_ADMIN_QUERY_MAX);
		return -1;
	}
	f->descending = order != NULL && strcmp(order, "desc") == 0;
	if (sort == NULL || sort[0] == '\0')
		return 0;
	while (i < n && strcmp(sort, api_admin_sorts[i].name) != 0)
		i++;
	if (i == n) {
		call_reply_error(c, 422, "sort: not one of its words");
		return -1;
	}
	f->sort = api_admin_sorts[i].sort;
	if (strcmp(sort, "recentlogin") == 0 && order == NULL)
		f->descending = true;
	return 0;
}

static void
api_admin_list(struct call *c)
{
	struct users_filter f = USERS_FILTER_INIT;
	struct user_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (api_admin_filter(c, &f) == -1 || call_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (!api_admin_nobody(c) &&
	    users_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_user_full(&s, NULL, &list.at[i], call_who(c));
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	user_list_release(&list);
}

static int
api_admin_bool(struct call *c, const struct json *j, const char *key, int *out)
{
	bool b = *out == 1;
	const struct json *v = json_get(j, key);

	if (v == NULL || json_is_null(v))
		return 0;
	if (api_bool(c, j, key, &b) == -1)
		return -1;
	*out = b;
	return 0;
}

/* Words that are taken and mean nothing here, but must be words. */
static int
api_admin_unused(struct call *c, const struct json *j)
{
	AUTO_FREE char *visibility = NULL;
	AUTO_FREE char *login_name = NULL;
	int64_t source = 0;

	if (api_text(c, j, "visibility", 16, &visibility) == -1 ||
	    api_text(c, j, "login_name", NAME_LEN_MAX, &login_name) == -1 ||
	    api_i64(c, j, "source_id", 0, INT64_MAX, &source) == -1)
		return -1;
	if (source != 0) {
		call_reply_error(c, 422, "source_id: there is no such source");
		return -1;
	}
	if (visibility == NULL || visibility[0] == '\0' ||
	    strcmp(visibility, "public") == 0 ||
	    strcmp(visibility, "limited") == 0 ||
	    strcmp(visibility, "private") == 0)
		return 0;
	call_reply_error(c, 422, "visibility: not one of its words");
	return -1;
}

static int
api_admin_type(struct call *c, const struct json *j, int *bot)
{
	AUTO_FREE char *type = NULL;

	if (api_text(c, j, "type", 16, &type) == -1)
		return -1;
	if (type == NULL)
		return 0;
	*bot = strcmp(type, "bot") == 0;
	if (*bot || strcmp(type, "individual") == 0)
		return 0;
	call_reply_error(c, 422, "type: want individual or bot");
	return -1;
}

static int
api_admin_fields(struct call *c, const struct json *j, struct user_fields *f)
{
	if (api_text(c, j, "email", USER_EMAIL_MAX, &f->email) == -1 ||
	    api_text(c, j, "full_name", USER_FULL_NAME_MAX, &f->full_name) ==
		-1 ||
	    api_text(c, j, "website", USER_WEBSITE_MAX, &f->website) == -1 ||
	    api_text(c, j, "location", USER_LOCATION_MAX, &f->location) == -1 ||
	    api_text(c, j, "description", USER_DESCRIPTION_MAX,
		&f->description) == -1 ||
	    api_text(c, j, "password", CREDENTIAL_PASSWORD_MAX, &f->password) ==
		-1)
		return -1;
	/* Gitea's clients send "" for none. */
	if (f->password != NULL && f->password[0] == '\0') {
		free(f->password);
		f->password = NULL;
	}
	if (api_admin_bool(c, j, "admin", &f->admin) == -1 ||
	    api_admin_bool(c, j, "active", &f->active) == -1 ||
	    api_admin_bool(c, j, "prohibit_login", &f->no_login) == -1 ||
	    api_admin_bool(c, j, "must_change_password", &f->must_change) ==
		-1 ||
	    api_admin_type(c, j, &f->bot) == -1)
		return -1;
	return api_admin_unused(c, j);
}

static void
api_admin_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_user_edit *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_EXISTS) {
		call_reply_error(c, 422, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_user_full(&s, NULL, &op->user, call_who(c));
		shape_reply(&s, c, op->verb == USER_CREATE ? 201 : 200);
	}
	call_release(c);
}

static void
api_admin_done_empty(const struct err *fail, void *arg, void *call)
{
	struct call *c = call;

	(void)arg;
	if (fail != NULL && fail->code == ERR_EXISTS)
		call_reply_error(c, 422, "%s", fail->msg);
	else if (!api_failed(c, fail))
		call_reply_empty(c, 204);
	call_release(c);
}

static void
api_admin_on_create(struct call *c, const struct json *j)
{
	struct svc_user_edit *op = svc_user_edit_new(
	    api_svc(c), call_who(c), USER_CREATE);
	AUTO_FREE char *kind = NULL;

	if (api_need(c, j, "username", NAME_LEN_MAX, &op->login) == -1 ||
	    api_text(c, j, "kind", 16, &kind) == -1 ||
	    api_admin_fields(c, j, &op->fields) == -1) {
		svc_op_drop(op);
		return;
	}
	if (kind != NULL && strcmp(kind, "user") != 0) {
		svc_op_drop(op);
		call_reply_error(c, 422, "kind: only 'user' can be made");
		return;
	}
	/* Gitea's body of a new user has no such flags. */
	op->fields.admin = op->fields.active = op->fields.no_login = -1;
	call_hold(c);
	svc_user_edit(op, api_admin_done, c);
}

static void
api_admin_create(struct call *c)
{
	call_take_json(c, api_admin_on_create);
}

static void
api_admin_on_edit(struct call *c, const struct json *j)
{
	struct svc_user_edit *op = svc_user_edit_new(
	    api_svc(c), call_who(c), USER_EDIT);

	if (api_admin_fields(c, j, &op->fields) == -1) {
		svc_op_drop(op);
		return;
	}
	op->login = xstrdup(call_arg(c, 0));
	call_hold(c);
	svc_user_edit(op, api_admin_done, c);
}

static void
api_admin_edit(struct call *c)
{
	call_take_json(c, api_admin_on_edit);
}

static void
api_admin_on_rename(struct call *c, const struct json *j)
{
	struct svc_user_edit *op = svc_user_edit_new(
	    api_svc(c), call_who(c), USER_RENAME);

	if (api_need(c, j, "new_username", NAME_LEN_MAX, &op->new_login) ==
	    -1) {
		svc_op_drop(op);
		return;
	}
	op->login = xstrdup(call_arg(c, 0));
	call_hold(c);
	svc_user_edit(op, api_admin_done_empty, c);
}

static void
api_admin_rename(struct call *c)
{
	call_take_json(c, api_admin_on_rename);
}

static void
api_admin_delete(struct call *c)
{
	struct svc_user_edit *op = svc_user_edit_new(
	    api_svc(c), call_who(c), USER_REMOVE);

	op->login = xstrdup(call_arg(c, 0));
	op->purge = call_query_bool(c, "purge");
	call_hold(c);
	svc_user_edit(op, api_admin_done_empty, c);
}

const struct route api_admin_routes[] = {
	{ "GET", "/api/v1/admin/users", ROUTE_ADMIN, api_admin_list },
	{ "POST", "/api/v1/admin/users", ROUTE_ADMIN, api_admin_create },
	{ "PATCH", "/api/v1/admin/users/{name}", ROUTE_ADMIN, api_admin_edit },
	{ "DELETE", "/api/v1/admin/users/{name}", ROUTE_ADMIN,
	    api_admin_delete },
	{ "POST", "/api/v1/admin/users/{name}/rename", ROUTE_ADMIN,
	    api_admin_rename },
	{ .method = NULL },
};
