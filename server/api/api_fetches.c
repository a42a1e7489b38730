/* api_fetches: records of `coffer fetch`, told by who made them. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/net/sha256.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_fetch.h"
#include "server/store/fetches.h"
#include "server/store/projects.h"

static void
api_fetches_shape(struct shape *s, const struct fetched *f)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", f->id);
	if (f->item != 0)
		jw_i64(&s->w, "pull", f->item);
	else
		jw_null(&s->w, "pull");
	shape_user(s, "actor", &f->by);
	jw_str(&s->w, "key", f->key);
	jw_time(&s->w, "key_since", f->key_since);
	jw_str(&s->w, "sha256", f->sha256);
	jw_time(&s->w, "received_at", f->received_at);
	jw_str(&s->w, "at", f->at);
	jw_str(&s->w, "result", f->result);
	jw_str(&s->w, "apply", f->how);
	jw_str(&s->w, "review", f->review);
	jw_str(&s->w, "branch", f->branch);
	jw_str(&s->w, "head", f->head);
	jw_str(&s->w, "base", f->base);
	if (f->text != NULL)
		jw_str(&s->w, "record", f->text);
	jw_end(&s->w);
}

static void
api_fetches_find(struct call *c, int64_t item)
{
	const char *key = call_query(c, "key");
	struct fetched_list *list = NULL;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (key != NULL && !sha256_is_hex(key)) {
		call_reply_error(c, 422, "key: want 64 hex digits");
		return;
	}
	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	if (limit > FETCH_LIST_MAX)
		limit = FETCH_LIST_MAX;
	list = xcalloc(1, sizeof(*list));
	if (fetches_list(api_reader(c), p.id, item, key == NULL ? "" : key,
		limit, (int64_t)(page - 1) * limit, list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list->total);
		for (size_t i = 0; i < list->n; i++)
			api_fetches_shape(&s, &list->at[i]);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	free(list);
	project_release(&p);
}

static void
api_fetches_list(struct call *c)
{
	api_fetches_find(c, 0);
}

static void
api_fetches_of_pull(struct call *c)
{
	api_fetches_find(c, call_arg_id(c, 2));
}

static void
api_fetches_get(struct call *c)
{
	struct project p = { .id = 0 };
	struct fetched f;
	struct err e = ERR_INIT;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (fetches_get(api_reader(c), p.id, call_arg_id(c, 2), &f, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, &p);
		api_fetches_shape(&s, &f);
		shape_reply(&s, c, 200);
		fetched_release(&f);
	}
	project_release(&p);
}

static void
api_fetches_told(const struct err *fail, void *arg, void *call)
{
	const struct svc_fetch *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_i64(&s.w, "id", op->f.id);
		if (op->f.item != 0)
			jw_i64(&s.w, "pull", op->f.item);
		else
			jw_null(&s.w, "pull");
		jw_end(&s.w);
		shape_reply(&s, c, op->fresh ? 201 : 200);
	}
	call_release(c);
}

static void
api_fetches_on_told(struct call *c, const struct json *j)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *full = NULL;
	struct project p = { .id = 0 };
	struct svc_fetch *op;
	struct err e = ERR_INIT;
	int64_t id;

	if (api_need(c, j, "record", SVC_FETCH_TEXT_MAX, &text) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	full = xasprintf("%s/%s", p.owner, p.name);
	id = p.id;
	project_release(&p);
	op = svc_fetch_new(api_svc(c), call_who(c));
	op->f.project_id = id;
	if (svc_fetch_read(op, text, full, &e) == -1) {
		svc_op_drop(op);
		call_fail(c, &e);
		return;
	}
	call_hold(c);
	svc_fetch(op, api_fetches_told, c);
}

static void
api_fetches_tell(struct call *c)
{
	call_take_json(c, api_fetches_on_told);
}

const struct route api_fetches_routes[] = {
	{ "GET", "/api/coffer/v1/projects/{o}/{r}/fetches", ROUTE_USER,
	    api_fetches_list },
	{ "POST", "/api/coffer/v1/projects/{o}/{r}/fetches", ROUTE_USER,
	    api_fetches_tell },
	{ "GET", "/api/coffer/v1/projects/{o}/{r}/fetches/{id}", ROUTE_USER,
	    api_fetches_get },
	{ "GET", "/api/coffer/v1/projects/{o}/{r}/pulls/{n}/fetches",
	    ROUTE_USER, api_fetches_of_pull },
	{ .method = NULL },
};
