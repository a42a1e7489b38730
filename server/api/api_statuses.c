/* api_statuses: verdicts on commits. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/git/git_pool.h"
#include "server/service/svc_status.h"
#include "server/store/statuses.h"

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

struct api_combined {
	struct call *c;
	struct project project;
	uint32_t page, limit;
	bool combined;
};

static void
api_statuses_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_status_create *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_status(&s, &op->status);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_statuses_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_STATUS);
	AUTO_FREE char *context = NULL;
	AUTO_FREE char *description = NULL;
	AUTO_FREE char *url = NULL;
	struct svc_status_create *op;
	int state = 0;

	if (project == 0 ||
	    api_word(c, j, "state", status_state_parse, &state) == -1 ||
	    api_text(c, j, "context", CONTEXT_LEN_MAX, &context) == -1 ||
	    api_text(c, j, "description", 1024, &description) == -1 ||
	    api_text(c, j, "target_url", 1024, &url) == -1)
		return;
	if (state == 0) {
		call_reply_error(c, 422, "state: it is missing");
		return;
	}
	op = svc_status_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->sha = xstrdup(call_arg(c, 2));
	op->state = (enum status_state)state;
	op->context = STEAL(context);
	op->description = STEAL(description);
	op->target_url = STEAL(url);
	call_hold(c);
	svc_status_create(op, api_statuses_created, c);
}

static void
api_statuses_create(struct call *c)
{
	call_take_json(c, api_statuses_on_body);
}

/* The worst of the newest verdicts. */
static const char *
api_statuses_state(const struct status_list *list)
{
	static const int order[] = {
		[STATUS_SUCCESS] = 1,
		[STATUS_WARNING] = 2,
		[STATUS_PENDING] = 3,
		[STATUS_FAILURE] = 4,
		[STATUS_ERROR] = 5,
	};
	enum status_state worst = STATUS_PENDING;

	for (size_t i = 0; i < list->n; i++)
		if (i == 0 || order[list->at[i].state] > order[worst])
			worst = list->at[i].state;
	return status_state_name(worst);
}

static void
api_statuses_reply(struct api_combined *x, const char *sha)
{
	struct status_list list = { .at = NULL };
	struct txn *t = api_reader(x->c);
	struct err e = ERR_INIT;
	struct shape s;
	int rc;

	rc = x->combined ? statuses_latest(t, x->project.id, sha, &list, &e)
			 : statuses_list(t, x->project.id, sha, x->limit,
			       (int64_t)(x->page - 1) * x->limit, &list, &e);
	if (rc == -1) {
		call_fail(x->c, &e);
		return;
	}
	shape_init(&s, x->c, &x->project);
	if (x->combined) {
		jw_object(&s.w, NULL);
		jw_str(&s.w, "state", api_statuses_state(&list));
		jw_str(&s.w, "sha", sha);
		jw_i64(&s.w, "total_count", (int64_t)list.n);
		jw_array(&s.w, "statuses");
	} else {
		call_total(x->c, x->page, x->limit, list.total);
		jw_array(&s.w, NULL);
	}
	for (size_t i = 0; i < list.n; i++)
		shape_status(&s, &list.at[i]);
	jw_end(&s.w);
	if (x->combined) {
		shape_repository(&s, "repository", &x->project);
		jw_end(&s.w);
	}
	shape_reply(&s, x->c, 200);
	status_list_release(&list);
}

static void
api_statuses_on_resolve(const struct git_result *res, void *arg)
{
	struct api_combined *x = arg;

	if (!api_failed(x->c, res->fail))
		api_statuses_reply(x, json_str_or(res->j, "sha", ""));
	project_release(&x->project);
	call_release(x->c);
	free(x);
}

static void
api_statuses_of_ref(struct call *c, bool combined)
{
	struct api_combined *x;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;

	if (call_page(c, &page, &limit) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	if (gitpool_rev_told(call_arg(c, 2), &e) == -1) {
		call_fail(c, &e);
		project_release(&p);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	*x = (struct api_combined){ c, p, page, limit, combined };
	call_hold(c);
	gitpool_resolve(
	    api_svc(c)->git, p.id, call_arg(c, 2), api_statuses_on_resolve, x);
}

static void
api_statuses_combined(struct call *c)
{
	api_statuses_of_ref(c, true);
}

static void
api_statuses_list(struct call *c)
{
	api_statuses_of_ref(c, false);
}

const struct route api_statuses_routes[] = {
	{ "POST", "/api/v1/repos/{o}/{r}/statuses/{sha}", ROUTE_MEMBER,
	    api_statuses_create },
	{ "GET", "/api/v1/repos/{o}/{r}/statuses/{sha}", ROUTE_MEMBER,
	    api_statuses_list },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{ref}/status", ROUTE_MEMBER,
	    api_statuses_combined },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{ref}/statuses", ROUTE_MEMBER,
	    api_statuses_list },
	{ .method = NULL },
};
