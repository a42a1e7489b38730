/* api_hooks: webhooks of a repository, a user and the server. */
#include "server/api/api_hooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/shape.h"
#include "server/service/svc_hook.h"

int
api_hooks_scope(struct call *c, enum api_hooks_of of, struct api_hooks *out)
{
	const struct identity *who = call_who(c);
	struct err e = ERR_INIT;

	*out = (struct api_hooks){ .of = of };
	if (of == API_HOOKS_REPO) {
		out->scope.project_id = api_project_id(c, PERM_READ);
		if (out->scope.project_id == 0)
			return -1;
		out->first = 2;
	} else if (of == API_HOOKS_USER) {
		out->scope.account_id = who->user_id;
	}
	if (svc_hook_may(api_reader(c), who, &out->scope, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

int
api_hooks_open(
    struct call *c, enum api_hooks_of of, struct api_hooks *x, struct hook *out)
{
	struct err e = ERR_INIT;

	if (api_hooks_scope(c, of, x) == -1)
		return -1;
	if (hooks_get(api_reader(c), &x->scope, call_arg_id(c, x->first), out,
		&e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

/* What the receiver did lately. */
static void
api_hooks_breaker(struct shape *s, const struct hook *h)
{
	jw_object(&s->w, "breaker");
	jw_bool(&s->w, "open", h->rest_until != 0);
	jw_i64(&s->w, "failures", h->failures);
	jw_time(&s->w, "until", h->rest_until);
	jw_time(&s->w, "next_at", h->due_at);
	jw_end(&s->w);
}

static void
api_hooks_shape(struct shape *s, const struct hook *h)
{
	struct view rest = view_of(h->events), word;

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", h->id);
	jw_str(&s->w, "type", h->type);
	jw_str(&s->w, "name", h->name);
	jw_str(&s->w, "branch_filter", h->branch_filter);
	jw_object(&s->w, "config");
	jw_str(&s->w, "content_type", h->form ? "form" : "json");
	jw_str(&s->w, "url", h->url);
	jw_end(&s->w);
	jw_array(&s->w, "events");
	while (rest.len > 0 && view_split(&rest, '\n', &word))
		jw_view(&s->w, NULL, word);
	jw_end(&s->w);
	jw_str(&s->w, "authorization_header", "");
	jw_bool(&s->w, "active", h->active);
	jw_bool(&s->w, "is_system_webhook",
	    h->project_id == 0 && h->account_id == 0 && !h->is_default);
	api_hooks_breaker(s, h);
	jw_time(&s->w, "updated_at", h->updated_at);
	jw_time(&s->w, "created_at", h->created_at);
	jw_end(&s->w);
}

static void
api_hooks_reply(struct call *c, int status, const struct hook *h)
{
	struct shape s;

	shape_init(&s, c, NULL);
	api_hooks_shape(&s, h);
	shape_reply(&s, c, status);
}

static int
api_hooks_which(
    struct call *c, const struct api_hooks *x, enum hooks_which *out)
{
	const char *type = call_query(c, "type");

	*out = HOOKS_ALL;
	if (x->of != API_HOOKS_ADMIN)
		return 0;
	*out = HOOKS_SYSTEM;
	if (type == NULL || *type == '\0' || strcmp(type, "system") == 0)
		return 0;
	*out = strcmp(type, "default") == 0 ? HOOKS_DEFAULT : HOOKS_ALL;
	if (*out == HOOKS_DEFAULT || strcmp(type, "all") == 0)
		return 0;
	call_reply_error(c, 422, "type: use system, default or all");
	return -1;
}

/* As Gitea: without a Link header. */
static void
api_hooks_list_of(struct call *c, enum api_hooks_of of)
{
	struct hook_list list = { .n = 0 };
	struct err e = ERR_INIT;
	enum hooks_which which;
	struct api_hooks x;
	uint32_t page, limit;
	char total[24];
	struct shape s;

	if (api_hooks_scope(c, of, &x) == -1 ||
	    api_hooks_which(c, &x, &which) == -1 ||
	    call_page(c, &page, &limit) == -1)
		return;
	if (hooks_list(api_reader(c), &x.scope, which, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	(void)snprintf(total, sizeof(total), "%" PRId64, list.total);
	call_header(c, "X-Total-Count", total);
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < list.n; i++)
		api_hooks_shape(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	hook_list_release(&list);
}

static void
api_hooks_get_of(struct call *c, enum api_hooks_of of)
{
	struct api_hooks x;
	struct hook h;

	if (api_hooks_open(c, of, &x, &h) == -1)
		return;
	api_hooks_reply(c, 200, &h);
	hook_release(&h);
}

static int
api_hooks_bad(struct call *c, const char *key, const char *why)
{
	call_reply_error(c, 422, "%s: %s", key, why);
	return -1;
}

static bool
api_hooks_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* The words of `events`, a line each; NULL when absent. */
static int
api_hooks_events(struct call *c, const struct json *j, char **out)
{
	const struct json *list = json_get(j, "events");
	struct str text = STR_INIT;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_count(list) > HOOK_EVENTS_MAX)
		return api_hooks_bad(c, "events", "want a list of 64 words");
	for (const struct json *x = json_first(list); x != NULL;
	     x = json_next(x)) {
		const char *word = json_string(x);

		if (word == NULL || *word == '\0' ||
		    strlen(word) > HOOK_WORD_MAX ||
		    !api_hooks_printable(word)) {
			str_release(&text);
			return api_hooks_bad(
			    c, "events", "an event is a word of 64 bytes");
		}
		str_addf(&text, "%s\n", word);
	}
	*out = str_steal(&text);
	return 0;
}

static int
api_hooks_config_url(struct call *c, const struct json *config, struct hook *h)
{
	if (api_text(c, config, "url", HOOK_URL_MAX, &h->url) == -1)
		return -1;
	if (h->url != NULL && !hook_rule_url_ok(h->url))
		return api_hooks_bad(
		    c, "config.url", "want http:// or https:// and a host");
	return 0;
}

static int
api_hooks_config(
    struct call *c, const struct json *j, struct hook *h, bool *sets_form)
{
	const struct json *config = json_get(j, "config");
	AUTO_FREE char *type = NULL;
	AUTO_FREE char *method = NULL;

	if (config == NULL || json_is_null(config))
		return 0;
	if (!json_is_object(config))
		return api_hooks_bad(c, "config", "want an object");
	if (api_hooks_config_url(c, config, h) == -1 ||
	    api_text(c, config, "content_type", 32, &type) == -1 ||
	    api_text(c, config, "http_method", 16, &method) == -1 ||
	    api_text(c, config, "secret", HOOK_SECRET_MAX, &h->secret) == -1)
		return -1;
	if (method != NULL && *method != '\0' &&
	    strcasecmp(method, "POST") != 0)
		return api_hooks_bad(c, "config.http_method", "only POST");
	if (type == NULL)
		return 0;
	*sets_form = true;
	h->form = strcmp(type, "form") == 0;
	if (!h->form && strcmp(type, "json") != 0)
		return api_hooks_bad(
		    c, "config.content_type", "use json or form");
	return 0;
}

/* The members that create and edit share. */
static int
api_hooks_read(struct call *c, const struct json *j, struct svc_hook *op)
{
	struct hook *h = &op->hook;
	const struct json *active = json_get(j, "active");

	op->sets_active = active != NULL && !json_is_null(active);
	if (api_bool(c, j, "active", &h->active) == -1 ||
	    api_text(c, j, "name", HOOK_NAME_MAX, &h->name) == -1 ||
	    api_text(c, j, "branch_filter", HOOK_FILTER_MAX,
		&h->branch_filter) == -1 ||
	    api_text(c, j, "authorization_header", HOOK_AUTHORIZATION_MAX,
		&h->authorization) == -1 ||
	    api_hooks_events(c, j, &h->events) == -1 ||
	    api_hooks_config(c, j, h, &op->sets_form) == -1)
		return -1;
	if (h->branch_filter != NULL &&
	    hook_rule_filter_ok(h->branch_filter) == -1)
		return api_hooks_bad(c, "branch_filter", "not a glob");
	if (h->authorization != NULL && !api_hooks_printable(h->authorization))
		return api_hooks_bad(
		    c, "authorization_header", "it has a control character");
	if (h->events != NULL && h->events[0] == '\0') {
		free(h->events);
		h->events = xstrdup("push\n");
	}
	return 0;
}

static int
api_hooks_type(struct call *c, const struct json *j, struct hook *h)
{
	if (api_need(c, j, "type", HOOK_WORD_MAX, &h->type) == -1)
		return -1;
	if (strcmp(h->type, "gitea") == 0 || strcmp(h->type, "gogs") == 0)
		return 0;
	return api_hooks_bad(c, "type", "only gitea and gogs are served");
}

/* Of the server: "is_system_webhook" of the config, true when absent. */
static void
api_hooks_default(
    const struct json *j, const struct api_hooks *x, struct hook *h)
{
	const struct json *config = json_get(j, "config");
	const char *word = json_str_or(config, "is_system_webhook", "true");

	h->is_default = x->of == API_HOOKS_ADMIN &&
	    (strcmp(word, "false") == 0 ||
		!json_bool_or(config, "is_system_webhook", true));
}

static void
api_hooks_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_hook *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_hooks_reply(c, 201, &op->out);
	call_release(c);
}

static void
api_hooks_create_of(struct call *c, const struct json *j, enum api_hooks_of of)
{
	struct api_hooks x;
	struct svc_hook *op;
	struct hook *h;

	if (api_hooks_scope(c, of, &x) == -1)
		return;
	op = svc_hook_new(api_svc(c), call_who(c));
	h = &op->hook;
	op->scope = x.scope;
	if (api_hooks_type(c, j, h) == -1 || api_hooks_read(c, j, op) == -1)
		goto drop;
	if (h->url == NULL) {
		call_reply_error(c, 422, "Missing config option: url");
		goto drop;
	}
	if (!op->sets_form) {
		call_reply_error(c, 422, "Missing config option: content_type");
		goto drop;
	}
	api_hooks_default(j, &x, h);
	if (h->events == NULL)
		h->events = xstrdup("push\n");
	call_hold(c);
	svc_hook_create(op, api_hooks_created, c);
	return;
drop:
	svc_op_drop(op);
}

static void
api_hooks_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_hook *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_hooks_reply(c, 200, &op->out);
	call_release(c);
}

static void
api_hooks_edit_of(struct call *c, const struct json *j, enum api_hooks_of of)
{
	struct svc_hook *op;
	struct api_hooks x;
	struct hook h;

	if (api_hooks_open(c, of, &x, &h) == -1)
		return;
	op = svc_hook_new(api_svc(c), call_who(c));
	op->scope = x.scope;
	op->id = h.id;
	hook_release(&h);
	if (api_hooks_read(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_hook_edit(op, api_hooks_edited, c);
}

static void
api_hooks_delete_of(struct call *c, enum api_hooks_of of)
{
	struct svc_hook *op;
	struct api_hooks x;

	if (api_hooks_scope(c, of, &x) == -1)
		return;
	op = svc_hook_new(api_svc(c), call_who(c));
	op->scope = x.scope;
	op->id = call_arg_id(c, x.first);
	call_hold(c);
	svc_hook_delete(op, api_done_empty, c);
}

/* As a push of the newest commit that changed nothing else. */
static void
api_hooks_test(struct call *c)
{
	struct svc_hook *op;
	struct api_hooks x;
	struct hook h;

	if (api_hooks_open(c, API_HOOKS_REPO, &x, &h) == -1)
		return;
	hook_release(&h);
	op = svc_hook_new(api_svc(c), call_who(c));
	op->scope = x.scope;
	op->id = call_arg_id(c, x.first);
	if (call_query(c, "ref") != NULL)
		op->ref = xstrdup(call_query(c, "ref"));
	call_hold(c);
	svc_hook_test(op, api_done_empty, c);
}

#define API_HOOKS_FNS(name, of)                                \
	static void api_hooks_list_##name(struct call *c)      \
	{                                                      \
		api_hooks_list_of(c, of);                      \
	}                                                      \
	static void api_hooks_get_##name(struct call *c)       \
	{                                                      \
		api_hooks_get_of(c, of);                       \
	}                                                      \
	static void api_hooks_delete_##name(struct call *c)    \
	{                                                      \
		api_hooks_delete_of(c, of);                    \
	}                                                      \
	static void api_hooks_on_create_##name(                \
	    struct call *c, const struct json *j)              \
	{                                                      \
		api_hooks_create_of(c, j, of);                 \
	}                                                      \
	static void api_hooks_create_##name(struct call *c)    \
	{                                                      \
		call_take_json(c, api_hooks_on_create_##name); \
	}                                                      \
	static void api_hooks_on_edit_##name(                  \
	    struct call *c, const struct json *j)              \
	{                                                      \
		api_hooks_edit_of(c, j, of);                   \
	}                                                      \
	static void api_hooks_edit_##name(struct call *c)      \
	{                                                      \
		call_take_json(c, api_hooks_on_edit_##name);   \
	}

API_HOOKS_FNS(repo, API_HOOKS_REPO)
API_HOOKS_FNS(user, API_HOOKS_USER)
API_HOOKS_FNS(admin, API_HOOKS_ADMIN)

#define API_HOOKS_ROUTES(path, access, name)                            \
	{ "GET", path, access, api_hooks_list_##name },                 \
	    { "POST", path, access, api_hooks_create_##name },          \
	    { "GET", path "/{id}", access, api_hooks_get_##name },      \
	    { "PATCH", path "/{id}", access, api_hooks_edit_##name },   \
	{                                                               \
		"DELETE", path "/{id}", access, api_hooks_delete_##name \
	}

const struct route api_hooks_routes[] = {
	API_HOOKS_ROUTES("/api/v1/repos/{o}/{r}/hooks", ROUTE_USER, repo),
	{ "POST", "/api/v1/repos/{o}/{r}/hooks/{id}/tests", ROUTE_USER,
	    api_hooks_test },
	API_HOOKS_ROUTES("/api/v1/user/hooks", ROUTE_USER, user),
	API_HOOKS_ROUTES("/api/v1/admin/hooks", ROUTE_ADMIN, admin),
	{ .method = NULL },
};
