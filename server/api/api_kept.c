/* api_kept: tips that were kept, and the care of a repository on demand. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/care_plan.h"
#include "server/service/svc_kept.h"
#include "server/store/care.h"
#include "server/store/projects.h"

enum {
	API_CARE_WAIT_MAX_S = 600,
	API_KEPT_NAME_MAX = 4200,
	API_BRANCH_MAX = 255,
	API_STEP_MAX = 20
};

#define API_DAY_MS INT64_C(86400000)

static void
api_kept_shape(struct shape *s, const struct kept_ref *k, int64_t keep_days)
{
	jw_object(&s->w, NULL);
	jw_str(&s->w, "name", k->kept + strlen("refs/coffer/kept/"));
	jw_str(&s->w, "ref", k->ref);
	jw_str(&s->w, "sha", k->sha);
	jw_str(&s->w, "why", k->why);
	jw_time(&s->w, "at", k->at);
	jw_time(&s->w, "expires_at", k->at + keep_days * API_DAY_MS);
	jw_end(&s->w);
}

static void
api_kept_list(struct call *c)
{
	struct kept_ref_list list = { .at = NULL };
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	if (kept_list(api_reader(c), p.id, 0, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		project_release(&p);
		return;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		api_kept_shape(&s, &list.at[i], p.settings.keep_days);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	kept_ref_list_release(&list);
	project_release(&p);
}

/* A name of a body, whole or as the list shows it; NULL after a 422. */
static char *
api_kept_name(struct call *c, const char *text)
{
	char *full = text != NULL ? svc_kept_full(text) : NULL;

	if (full == NULL)
		call_reply_error(c, 422,
		    "kept: want the name of a kept ref, as the list has it");
	return full;
}

static void
api_kept_restored(const struct err *fail, void *arg, void *call)
{
	const struct svc_kept_restore *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_str(&s.w, "ref", op->ref);
		jw_str(&s.w, "sha", op->row.sha);
		jw_end(&s.w);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_kept_on_restore(struct call *c, const struct json *j)
{
	AUTO_FREE char *kept = NULL;
	AUTO_FREE char *full = NULL;
	AUTO_FREE char *as = NULL;
	struct svc_kept_restore *op;
	int64_t project;

	if (api_need(c, j, "kept", API_KEPT_NAME_MAX, &kept) == -1 ||
	    api_text(c, j, "as", API_BRANCH_MAX, &as) == -1)
		return;
	full = api_kept_name(c, kept);
	project = full != NULL ? api_project_id(c, PERM_WRITE) : 0;
	if (project == 0)
		return;
	op = svc_kept_restore_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->kept = STEAL(full);
	op->as = as != NULL && as[0] != '\0' ? STEAL(as) : NULL;
	call_hold(c);
	svc_kept_restore(op, api_kept_restored, c);
}

static void
api_kept_restore(struct call *c)
{
	call_take_json(c, api_kept_on_restore);
}

/* Somebody waits for care: of a drop, or of what he asked for. */
struct api_care {
	struct call *c;
	int64_t project;
	uint64_t handle;
	struct timer *timer;
	struct kept_ref_list dropped;
	bool drop, more;
};

static void
api_care_end(struct api_care *x, int status, const struct err *fail)
{
	struct care_row row = { .size = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	timer_free(x->timer);
	if (care_get(api_reader(x->c), x->project, &row, &e) == -1) {
		call_fail(x->c, &e);
	} else {
		shape_init(&s, x->c, NULL);
		jw_object(&s.w, NULL);
		if (x->drop) {
			jw_array(&s.w, "dropped");
			for (size_t i = 0; i < x->dropped.n; i++)
				jw_str(&s.w, NULL,
				    x->dropped.at[i].kept +
					strlen("refs/coffer/kept/"));
			jw_end(&s.w);
			jw_bool(&s.w, "more", x->more);
			jw_str(&s.w, "objects",
			    row.past.purge_at != 0 ? "pending" : "gone");
		}
		jw_str(&s.w, "error", fail != NULL ? fail->msg : NULL);
		shape_care(&s, &row);
		jw_end(&s.w);
		shape_reply(&s, x->c, status);
	}
	care_row_release(&row);
	kept_ref_list_release(&x->dropped);
	call_release(x->c);
	free(x);
}

static void
api_care_done(const struct err *fail, void *arg)
{
	api_care_end(arg, 200, fail);
}

static void
api_care_on_timer(void *arg)
{
	struct api_care *x = arg;
	struct svc *svc = api_svc(x->c);

	svc->upper->care_cancel(svc->care, x->handle);
	api_care_end(x, 202, NULL);
}

/* The call is held; x and it end by api_care_end. */
static void
api_care_wait(struct api_care *x, unsigned wanted, int64_t wait_s)
{
	struct svc *svc = api_svc(x->c);

	if (wait_s == 0) {
		svc->upper->care_now(svc->care, x->project, wanted, NULL, NULL);
		api_care_end(x, 202, NULL);
		return;
	}
	x->timer = timer_new(svc->loop, api_care_on_timer, x);
	timer_set(x->timer, wait_s * 1000);
	x->handle = svc->upper->care_now(
	    svc->care, x->project, wanted, api_care_done, x);
}

/* wait of the query; -1 after a 422. */
static int
api_care_wait_s(struct call *c, int64_t *out)
{
	*out = 0;
	return call_query_i64(c, "wait", 0, API_CARE_WAIT_MAX_S, out);
}

static void
api_kept_dropped(const struct err *fail, void *arg, void *call)
{
	struct svc_kept_drop *op = arg;
	struct call *c = call;
	struct api_care *x;
	int64_t wait_s;

	if (api_failed(c, fail) || api_care_wait_s(c, &wait_s) == -1) {
		call_release(c);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->project = op->project_id;
	x->drop = true;
	x->more = op->more;
	x->dropped = op->rows;
	op->rows = (struct kept_ref_list){ .n = 0 };
	api_care_wait(x, 0, x->dropped.n > 0 ? wait_s : 0);
}

/* "kept": [names], or "all": true. */
static int
api_kept_names(struct call *c, const struct json *j, struct svc_kept_drop *op)
{
	const struct json *list = json_get(j, "kept");
	size_t n = json_count(list);
	bool all = false;

	if (api_bool(c, j, "all", &all) == -1)
		return -1;
	if (all && list == NULL)
		return 0;
	if (!json_is_array(list) || n == 0 || n > SVC_KEPT_DROP_MAX) {
		call_reply_error(c, 422,
		    "kept: want 1 to %d names, or \"all\": true",
		    SVC_KEPT_DROP_MAX);
		return -1;
	}
	op->names = xcalloc(n + 1, sizeof(*op->names));
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		op->names[op->n] = api_kept_name(c, json_string(v));
		if (op->names[op->n++] == NULL)
			return -1;
	}
	return 0;
}

static void
api_kept_on_drop(struct call *c, const struct json *j)
{
	struct svc_kept_drop *op;
	int64_t project, wait_s;

	if (api_care_wait_s(c, &wait_s) == -1)
		return;
	project = api_project_id(c, PERM_WRITE);
	if (project == 0)
		return;
	op = svc_kept_drop_new(api_svc(c), call_who(c));
	op->project_id = project;
	if (api_kept_names(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_kept_drop(op, api_kept_dropped, c);
}

static void
api_kept_drop(struct call *c)
{
	call_take_json(c, api_kept_on_drop);
}

static void
api_maintain_on_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *step = NULL;
	unsigned wanted = 0;
	int64_t project, wait_s;
	struct api_care *x;

	if (api_care_wait_s(c, &wait_s) == -1 ||
	    api_text(c, j, "step", API_STEP_MAX, &step) == -1)
		return;
	if (!care_plan_word(step != NULL ? step : "", &wanted)) {
		call_reply_error(
		    c, 422, "step: want refs, repack, graph, prune or check");
		return;
	}
	project = api_project_id(c, PERM_ADMIN);
	if (project == 0)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->project = project;
	call_hold(c);
	api_care_wait(x, wanted, wait_s);
}

static void
api_maintain(struct call *c)
{
	call_take_json(c, api_maintain_on_body);
}

#define API_PROJECT "/api/coffer/v1/projects/{o}/{r}"

const struct route api_kept_routes[] = {
	{ "GET", API_PROJECT "/kept", ROUTE_MEMBER, api_kept_list },
	{ "POST", API_PROJECT "/kept/restore", ROUTE_USER, api_kept_restore },
	{ "POST", API_PROJECT "/kept/drop", ROUTE_USER, api_kept_drop },
	{ "POST", API_PROJECT "/maintain", ROUTE_USER, api_maintain },
	{ .method = NULL },
};
