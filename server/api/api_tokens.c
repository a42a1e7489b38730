/*
 * api_tokens: tokens of people.  As in Gitea they are made and listed with a
 * password only, so that a token that leaks does not beget others; but an
 * admin's token may, for `coffer` and for scripts that set up a server.
 */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/scope.h"
#include "server/service/svc_token.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_TOKENS_SCOPES_MAX = 40,
	API_TOKENS_REPO_MAX = 2 * NAME_LEN_MAX + 1
};

/* The user of the path, for itself or an admin. */
static int
api_tokens_user(struct call *c, struct user *u)
{
	const struct identity *who = call_who(c);
	struct err e = ERR_INIT;

	if (!who->site_admin && strcasecmp(who->login, call_arg(c, 0)) != 0) {
		call_reply_error(c, 403, "only an admin or the user itself");
		return -1;
	}
	if (!who->site_admin && !who->by_password) {
		call_reply_error(c, 401, "auth required");
		return -1;
	}
	if (users_by_name(api_reader(c), call_arg(c, 0), u, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_tokens_scopes(struct shape *s, uint32_t set, const char *repo)
{
	AUTO_STR struct str text = STR_INIT_MAX(SCOPE_TEXT_MAX);
	AUTO_STR struct str bound = STR_INIT_MAX(1000);
	struct view rest, word;

	scope_text(set, &text);
	rest = str_view(&text);
	jw_array(&s->w, "scopes");
	while (view_split(&rest, ',', &word))
		jw_view(&s->w, NULL, word);
	if (repo != NULL && repo[0] != '\0') {
		str_addf(&bound, "repo:%s", repo);
		jw_str(&s->w, NULL, str_cstr(&bound));
	}
	jw_end(&s->w);
}

static void
api_tokens_shape(struct shape *s, const struct token *t, const char *secret)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", t->id);
	jw_str(&s->w, "name", t->name);
	jw_str(&s->w, "sha1", secret);
	jw_str(&s->w, "token_last_eight", t->last_eight);
	api_tokens_scopes(s, t->scopes, t->project_name);
	jw_time(&s->w, "created_at", t->created_at);
	jw_time(&s->w, "last_used_at", t->used_at);
	jw_time(&s->w, "expires_at", t->expires_at);
	jw_end(&s->w);
}

static void
api_tokens_list(struct call *c)
{
	struct token_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct user u;
	struct shape s;

	if (api_tokens_user(c, &u) == -1 || call_page(c, &page, &limit) == -1)
		return;
	if (tokens_list(api_reader(c), u.id, limit, (int64_t)(page - 1) * limit,
		&list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		api_tokens_shape(&s, &list.at[i], "");
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	token_list_release(&list);
}

static void
api_tokens_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_token_create *op = arg;
	struct call *c = call;
	struct shape s;
	struct token t = { .id = op->id,
		.created_at = op->op.now,
		.expires_at = op->expires_at,
		.scopes = op->scopes,
		.project_name = op->repo };

	if (fail != NULL && fail->code == ERR_EXISTS) {
		call_reply_error(c, 400, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		(void)snprintf(t.name, sizeof(t.name), "%s", op->name);
		memcpy(t.last_eight,
		    op->secret + TOKEN_SECRET_HEX - TOKEN_LAST_EIGHT,
		    TOKEN_LAST_EIGHT);
		call_header(c, "Cache-Control", "no-store");
		shape_init(&s, c, NULL);
		api_tokens_shape(&s, &t, op->secret);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static int
api_tokens_word(struct call *c, const char *word, struct svc_token_create *op)
{
	uint32_t bits = scope_word(view_of(word));

	op->scopes |= bits;
	if (bits != 0)
		return 0;
	if (strncmp(word, "repo:", 5) == 0 && op->repo == NULL &&
	    strlen(word + 5) <= API_TOKENS_REPO_MAX) {
		op->repo = xstrdup(word + 5);
		return 0;
	}
	call_reply_error(
	    c, 400, "invalid access token scope provided: %.100s", word);
	return -1;
}

/* Gitea wants one at least; only an admin's token may leave them out. */
static int
api_tokens_read_scopes(
    struct call *c, const struct json *j, struct svc_token_create *op)
{
	const struct json *list = json_get(j, "scopes");

	if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
		call_reply_error(c, 422, "scopes: want a list of words");
		return -1;
	}
	if (list == NULL && !call_who(c)->by_password)
		return 0;
	if (json_count(list) == 0) {
		call_reply_error(c, 400, "access token must have a scope");
		return -1;
	}
	if (json_count(list) > API_TOKENS_SCOPES_MAX) {
		call_reply_error(
		    c, 422, "scopes: want at most %d", API_TOKENS_SCOPES_MAX);
		return -1;
	}
	for (const struct json *w = json_first(list); w != NULL;
	     w = json_next(w)) {
		if (!json_is_string(w)) {
			call_reply_error(
			    c, 422, "scopes: want a list of words");
			return -1;
		}
		if (api_tokens_word(c, json_string(w), op) == -1)
			return -1;
	}
	return 0;
}

static void
api_tokens_on_body(struct call *c, const struct json *j)
{
	struct svc_token_create *op;
	bool expires = false;
	struct user u;

	if (api_tokens_user(c, &u) == -1)
		return;
	op = svc_token_create_new(api_svc(c), call_who(c));
	op->user_id = u.id;
	if (api_need(c, j, "name", NAME_LEN_MAX, &op->name) == -1 ||
	    api_time(c, j, "expires_at", &expires, &op->expires_at) == -1 ||
	    api_tokens_read_scopes(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_token_create(op, api_tokens_made, c);
}

static void
api_tokens_create(struct call *c)
{
	call_take_json(c, api_tokens_on_body);
}

static void
api_tokens_delete(struct call *c)
{
	struct err e = ERR_INIT;
	struct user u;
	int64_t id;

	if (api_tokens_user(c, &u) == -1)
		return;
	if (tokens_find(api_reader(c), u.id, call_arg(c, 1), &id, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_hold(c);
	svc_token_delete(api_svc(c), call_who(c), u.id, id, api_done_empty, c);
}

/* The token that asks. */
static bool
api_tokens_is_one(struct call *c)
{
	if (call_who(c)->token_id != 0)
		return true;
	call_reply_error(c, 404, "this request has no token");
	return false;
}

static void
api_tokens_current(struct call *c)
{
	const struct identity *who = call_who(c);
	struct project p = { .id = 0 };
	AUTO_STR struct str repo = STR_INIT_MAX(1000);
	struct err e = ERR_INIT;
	struct token t;
	struct shape s;

	if (!api_tokens_is_one(c))
		return;
	if (tokens_by_id(api_reader(c), who->token_id, &t, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	if (who->bound_project != 0 &&
	    svc_project_by_id(
		api_reader(c), who, who->bound_project, PERM_READ, &p, &e) == 0)
		str_addf(&repo, "%s/%s", p.owner, p.name);
	project_release(&p);
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_i64(&s.w, "id", t.id);
	jw_str(&s.w, "name", t.name);
	api_tokens_scopes(&s, t.scopes, str_cstr(&repo));
	jw_time(&s.w, "created_at", t.created_at);
	jw_time(&s.w, "last_used_at", t.used_at);
	jw_time(&s.w, "expires_at", t.expires_at);
	jw_object(&s.w, "user");
	jw_i64(&s.w, "id", who->user_id);
	jw_str(&s.w, "login", who->login);
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	token_release(&t);
}

static void
api_tokens_end(struct call *c)
{
	const struct identity *who = call_who(c);

	if (!api_tokens_is_one(c))
		return;
	call_hold(c);
	svc_token_delete(
	    api_svc(c), who, who->user_id, who->token_id, api_done_empty, c);
}

const struct route api_tokens_routes[] = {
	{ "GET", "/api/v1/users/{name}/tokens", ROUTE_USER, api_tokens_list },
	{ "POST", "/api/v1/users/{name}/tokens", ROUTE_USER,
	    api_tokens_create },
	{ "DELETE", "/api/v1/users/{name}/tokens/{token}", ROUTE_USER,
	    api_tokens_delete },
	{ "GET", "/api/v1/token", ROUTE_USER, api_tokens_current },
	{ "DELETE", "/api/v1/token", ROUTE_USER, api_tokens_end },
	{ .method = NULL },
};
