/* api_users: users and their tokens. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_user.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

static void
api_users_list(struct call *c)
{
	struct users_filter f = USERS_FILTER_INIT;
	struct user_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (users_list(api_reader(c), &f, &list, &e) == -1) {
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

static void
api_users_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_user_edit *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_EXISTS)
		call_reply_error(c, 422, "username: it is taken");
	else if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_user_full(&s, NULL, &op->user, call_who(c));
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_users_on_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *login = NULL;
	AUTO_FREE char *kind = NULL;
	struct svc_user_edit *op;

	if (api_need(c, j, "username", NAME_LEN_MAX, &login) == -1 ||
	    api_text(c, j, "kind", 16, &kind) == -1)
		return;
	if (kind != NULL && strcmp(kind, "user") != 0) {
		call_reply_error(c, 422, "kind: only 'user' can be made");
		return;
	}
	op = svc_user_edit_new(api_svc(c), call_who(c));
	op->login = STEAL(login);
	call_hold(c);
	svc_user_edit(op, api_users_created, c);
}

static void
api_users_create(struct call *c)
{
	call_take_json(c, api_users_on_body);
}

static void
api_users_delete(struct call *c)
{
	struct svc_user_edit *op = svc_user_edit_new(api_svc(c), call_who(c));

	op->login = xstrdup(call_arg(c, 0));
	op->remove = true;
	call_hold(c);
	svc_user_edit(op, api_done_empty, c);
}

/* The user named in the path, for an admin or the user itself. */
static int
api_users_self(struct call *c, struct user *u)
{
	const struct identity *who = call_who(c);
	struct err e = ERR_INIT;

	if (!who->site_admin && strcasecmp(who->login, call_arg(c, 0)) != 0) {
		call_reply_error(c, 403, "only an admin or the user itself");
		return -1;
	}
	if (users_by_name(api_reader(c), call_arg(c, 0), u, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_users_get(struct call *c)
{
	struct user u;
	struct err e = ERR_INIT;
	struct shape s;

	if (users_by_name(api_reader(c), call_arg(c, 0), &u, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	shape_user_full(&s, NULL, &u, call_who(c));
	shape_reply(&s, c, 200);
}

static void
api_users_token(struct shape *s, const struct token *t, const char *secret)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", t->id);
	jw_str(&s->w, "name", t->name);
	jw_str(&s->w, "sha1", secret);
	jw_str(&s->w, "token_last_eight", t->last_eight);
	jw_time(&s->w, "created_at", t->created_at);
	jw_time(&s->w, "last_used_at", t->used_at);
	jw_end(&s->w);
}

static void
api_users_tokens(struct call *c)
{
	struct token_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct user u;
	struct shape s;

	if (api_users_self(c, &u) == -1 || call_page(c, &page, &limit) == -1)
		return;
	if (tokens_list(api_reader(c), u.id, limit, (int64_t)(page - 1) * limit,
		&list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		api_users_token(&s, &list.at[i], "");
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	token_list_release(&list);
}

static void
api_users_token_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_token_create *op = arg;
	struct call *c = call;
	struct shape s;
	struct token t = { .id = op->id, .created_at = op->op.now };

	if (fail != NULL && fail->code == ERR_EXISTS)
		call_reply_error(c, 422, "name: the user has such a token");
	else if (!api_failed(c, fail)) {
		snprintf(t.name, sizeof(t.name), "%s", op->name);
		memcpy(t.last_eight,
		    op->secret + TOKEN_SECRET_HEX - TOKEN_LAST_EIGHT,
		    TOKEN_LAST_EIGHT);
		call_header(c, "Cache-Control", "no-store");
		shape_init(&s, c, NULL);
		api_users_token(&s, &t, op->secret);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_users_on_token_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *name = NULL;
	struct svc_token_create *op;
	struct user u;

	if (api_users_self(c, &u) == -1 ||
	    api_need(c, j, "name", NAME_LEN_MAX, &name) == -1)
		return;
	op = svc_token_create_new(api_svc(c), call_who(c));
	op->user_id = u.id;
	op->name = STEAL(name);
	call_hold(c);
	svc_token_create(op, api_users_token_made, c);
}

static void
api_users_token_create(struct call *c)
{
	call_take_json(c, api_users_on_token_body);
}

static void
api_users_token_delete(struct call *c)
{
	struct user u;

	if (api_users_self(c, &u) == -1)
		return;
	call_hold(c);
	svc_token_delete(api_svc(c), call_who(c), u.id, call_arg_id(c, 1),
	    api_done_empty, c);
}

const struct route api_users_routes[] = {
	{ "GET", "/api/v1/admin/users", ROUTE_ADMIN, api_users_list },
	{ "POST", "/api/v1/admin/users", ROUTE_ADMIN, api_users_create },
	{ "DELETE", "/api/v1/admin/users/{name}", ROUTE_ADMIN,
	    api_users_delete },
	{ "GET", "/api/v1/users/{name}", ROUTE_MEMBER, api_users_get },
	{ "GET", "/api/v1/users/{name}/tokens", ROUTE_USER, api_users_tokens },
	{ "POST", "/api/v1/users/{name}/tokens", ROUTE_USER,
	    api_users_token_create },
	{ "DELETE", "/api/v1/users/{name}/tokens/{id}", ROUTE_USER,
	    api_users_token_delete },
	{ .method = NULL },
};
