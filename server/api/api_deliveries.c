/* api_deliveries: what webhooks were told, and once more by hand. */
#include "server/api/api_hooks.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/api/shape.h"
#include "server/service/svc_hook.h"
#include "server/store/deliveries.h"

/* Lines "Name: value" as an object; the first, without a colon, is left out. */
static void
api_deliveries_head(struct shape *s, const char *key, const char *text)
{
	struct view rest = view_of(text), line, name;

	jw_object(&s->w, key);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		const char *colon = memchr(line.p, ':', line.len);
		char at[128];

		if (view_starts(line, "POST ") || line.len == 0)
			continue;
		name = line;
		if (colon != NULL)
			name.len = (size_t)(colon - line.p);
		else if (line.p[line.len - 1] == ';')
			name.len--;
		if (name.len >= sizeof(at))
			continue;
		memcpy(at, name.p, name.len);
		at[name.len] = '\0';
		jw_view(&s->w, at,
		    colon != NULL ? view_trim(view_from(line, name.len + 1))
				  : view_of(""));
	}
	jw_end(&s->w);
}

static void
api_deliveries_shape(struct shape *s, const struct hook *h,
    const struct delivery *d, int64_t next_at, bool whole)
{
	bool waits = d->state == DELIVERY_WAITS;

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", d->id);
	jw_str(&s->w, "uuid", d->uuid);
	jw_str(&s->w, "event", hook_type_group(d->type));
	jw_str(&s->w, "event_type", hook_type_name(d->type));
	jw_str(&s->w, "action", d->action);
	jw_str(&s->w, "state", delivery_state_name(d->state));
	jw_bool(&s->w, "redelivery", d->redelivery);
	jw_i64(&s->w, "attempts", d->attempts);
	jw_i64(&s->w, "status", d->status);
	jw_i64(&s->w, "duration_ms", d->took_ms);
	shape_str_or_null(s, "error", d->error);
	jw_time(&s->w, "created_at", d->created_at);
	jw_time(&s->w, "ended_at", d->ended_at);
	jw_time(&s->w, "next_at", waits ? next_at : 0);
	if (whole) {
		jw_object(&s->w, "request");
		jw_str(&s->w, "method", "POST");
		jw_str(&s->w, "url", h->url);
		api_deliveries_head(s, "headers", d->request);
		jw_raw(&s->w, "payload", view_of(d->payload));
		jw_end(&s->w);
		jw_object(&s->w, "response");
		jw_i64(&s->w, "status", d->status);
		api_deliveries_head(s, "headers", d->response_headers);
		jw_str(&s->w, "body", d->response_body);
		jw_end(&s->w);
	}
	jw_end(&s->w);
}

static void
api_deliveries_list_of(struct call *c, enum api_hooks_of of)
{
	struct delivery_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct api_hooks x;
	struct hook h;
	struct shape s;

	if (api_hooks_open(c, of, &x, &h) == -1)
		return;
	if (call_page(c, &page, &limit) == -1)
		goto out;
	if (deliveries_list(api_reader(c), h.id, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		api_deliveries_shape(&s, &h, &list.at[i], h.due_at, false);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	delivery_list_release(&list);
out:
	hook_release(&h);
}

static void
api_deliveries_get_of(struct call *c, enum api_hooks_of of)
{
	struct delivery d = { .id = 0 };
	struct err e = ERR_INIT;
	struct api_hooks x;
	struct hook h;
	struct shape s;

	if (api_hooks_open(c, of, &x, &h) == -1)
		return;
	if (deliveries_get(api_reader(c), h.id, call_arg_id(c, x.first + 1), &d,
		&e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, NULL);
		api_deliveries_shape(&s, &h, &d, h.due_at, true);
		shape_reply(&s, c, 200);
	}
	delivery_release(&d);
	hook_release(&h);
}

static void
api_deliveries_again(const struct err *fail, void *arg, void *call)
{
	const struct svc_hook *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_i64(&s.w, "id", op->delivery);
		jw_end(&s.w);
		shape_reply(&s, c, 202);
	}
	call_release(c);
}

static void
api_deliveries_redeliver_of(struct call *c, enum api_hooks_of of)
{
	struct svc_hook *op;
	struct api_hooks x;

	if (api_hooks_scope(c, of, &x) == -1)
		return;
	op = svc_hook_new(api_svc(c), call_who(c));
	op->scope = x.scope;
	op->id = call_arg_id(c, x.first);
	op->delivery = call_arg_id(c, x.first + 1);
	call_hold(c);
	svc_hook_redeliver(op, api_deliveries_again, c);
}

#define API_DELIVERIES_FNS(name, of)                            \
	static void api_deliveries_list_##name(struct call *c)  \
	{                                                       \
		api_deliveries_list_of(c, of);                  \
	}                                                       \
	static void api_deliveries_get_##name(struct call *c)   \
	{                                                       \
		api_deliveries_get_of(c, of);                   \
	}                                                       \
	static void api_deliveries_again_##name(struct call *c) \
	{                                                       \
		api_deliveries_redeliver_of(c, of);             \
	}

API_DELIVERIES_FNS(repo, API_HOOKS_REPO)
API_DELIVERIES_FNS(user, API_HOOKS_USER)
API_DELIVERIES_FNS(admin, API_HOOKS_ADMIN)

#define API_LOG "/hooks/{id}/deliveries"
#define API_DELIVERIES_ROUTES(path, access, name)                    \
	{ "GET", path API_LOG, access, api_deliveries_list_##name }, \
	    { "GET", path API_LOG "/{id}", access,                   \
		    api_deliveries_get_##name },                     \
	{                                                            \
		"POST", path API_LOG "/{id}/redeliver", access,      \
		    api_deliveries_again_##name                      \
	}

const struct route api_deliveries_routes[] = {
	API_DELIVERIES_ROUTES("/api/coffer/v1/repos/{o}/{r}", ROUTE_USER, repo),
	API_DELIVERIES_ROUTES("/api/coffer/v1/user", ROUTE_USER, user),
	API_DELIVERIES_ROUTES("/api/coffer/v1/admin", ROUTE_ADMIN, admin),
	{ .method = NULL },
};
