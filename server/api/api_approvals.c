/* api_approvals: what maintainers are asked, and their answers. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_approval.h"
#include "server/store/approvals.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_APPROVAL_OPEN_MAX_S = 30 * 86400
};

static void
api_approvals_reply(struct call *c, int status, const struct approval *a)
{
	struct shape s;

	shape_init(&s, c, NULL);
	shape_approval(&s, a);
	shape_reply(&s, c, status);
}

static void
api_approvals_get(struct call *c)
{
	struct approval a = { .id = 0 };
	struct err e = ERR_INIT;

	if (approvals_get(api_reader(c), call_arg_id(c, 0), api_svc(c)->now(),
		&a, &e) == 0 &&
	    svc_may(api_reader(c), call_who(c), a.project_id, PERM_READ, NULL,
		&e) == 0)
		api_approvals_reply(c, 200, &a);
	else if (e.code == ERR_NOTFOUND)
		call_reply_error(c, 404, "no such approval");
	else
		call_fail(c, &e);
	approval_release(&a);
}

/* -1 after the reply. */
static int
api_approvals_filter(struct call *c, struct approval_filter *f)
{
	const char *state = call_query(c, "state");
	int st = 0;

	f->viewer = svc_viewer(call_who(c));
	f->now = api_svc(c)->now();
	if (call_query_i64(c, "run", 1, INT64_MAX, &f->run_id) == -1)
		return -1;
	if (state != NULL && *state != '\0')
		st = approval_state_parse(state);
	if (st == -1) {
		call_reply_error(c, 422, "state: no such state");
		return -1;
	}
	f->state = (enum approval_state)st;
	return api_project_query(c, &f->project_id);
}

static void
api_approvals_list(struct call *c)
{
	struct approval_filter f = { .project_id = 0 };
	struct approval_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    api_approvals_filter(c, &f) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (approvals_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_approval(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	approval_list_release(&list);
}

static void
api_approvals_asked(const struct err *fail, void *arg, void *call)
{
	const struct svc_approval_ask *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_approvals_reply(c, op->created ? 201 : 200, &op->approval);
	call_release(c);
}

static void
api_approvals_on_ask(struct call *c, const struct json *j)
{
	AUTO_FREE char *subject = NULL;
	AUTO_FREE char *reason = NULL;
	struct svc_approval_ask *op;
	int64_t for_s = 0, run = 0, after = 0;
	int kind = 0;

	if (api_i64(c, j, "run", 1, INT64_MAX, &run) == -1 ||
	    api_word(c, j, "kind", approval_kind_parse, &kind) == -1 ||
	    api_need(c, j, "subject", APPROVAL_SUBJECT_MAX, &subject) == -1 ||
	    api_text(c, j, "reason", APPROVAL_REASON_MAX, &reason) == -1 ||
	    api_i64(c, j, "open_s", 1, API_APPROVAL_OPEN_MAX_S, &for_s) == -1 ||
	    api_i64(c, j, "after", 1, INT64_MAX, &after) == -1)
		return;
	if (call_who(c)->kind == IDENTITY_RUN && run == 0)
		run = call_who(c)->run_id;
	/* Names are asked for by what the router tells. */
	if (run == 0 || kind == 0 || kind == APPROVAL_DOMAIN) {
		call_reply_error(c, 422,
		    run == 0 ? "run: it is missing"
			     : "kind: want budget, command or tool");
		return;
	}
	op = svc_approval_ask_new(api_svc(c), call_who(c));
	op->run_id = run;
	op->kind = (enum approval_kind)kind;
	op->subject = STEAL(subject);
	op->reason = STEAL(reason);
	op->for_ms = for_s * 1000;
	op->after = after;
	call_hold(c);
	svc_approval_ask(op, api_approvals_asked, c);
}

static void
api_approvals_ask(struct call *c)
{
	call_take_json(c, api_approvals_on_ask);
}

static void
api_approvals_answered(const struct err *fail, void *arg, void *call)
{
	const struct svc_approval_answer *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_approvals_reply(c, 200, &op->approval);
	call_release(c);
}

static void
api_approvals_answer(struct call *c, const struct json *j, bool allow)
{
	struct svc_approval_answer *op;
	int64_t for_s = 0;

	if (allow &&
	    api_i64(c, j, "for_s", APPROVAL_SPAN_MIN_MS / 1000,
		APPROVAL_SPAN_MAX_MS / 1000, &for_s) == -1)
		return;
	op = svc_approval_answer_new(api_svc(c), call_who(c));
	op->id = call_arg_id(c, 0);
	op->allow = allow;
	op->for_ms = for_s * 1000;
	call_hold(c);
	svc_approval_answer(op, api_approvals_answered, c);
}

static void
api_approvals_on_allow(struct call *c, const struct json *j)
{
	api_approvals_answer(c, j, true);
}

static void
api_approvals_allow(struct call *c)
{
	call_take_json(c, api_approvals_on_allow);
}

static void
api_approvals_deny(struct call *c)
{
	api_approvals_answer(c, NULL, false);
}

#define API_APPROVALS "/api/coffer/v1/approvals"

const struct route api_approvals_routes[] = {
	{ "GET", API_APPROVALS, ROUTE_MEMBER, api_approvals_list },
	{ "POST", API_APPROVALS, ROUTE_RUN_OK, api_approvals_ask },
	{ "GET", API_APPROVALS "/{id}", ROUTE_RUN_OK, api_approvals_get },
	{ "POST", API_APPROVALS "/{id}/allow", ROUTE_USER,
	    api_approvals_allow },
	{ "POST", API_APPROVALS "/{id}/deny", ROUTE_USER, api_approvals_deny },
	{ .method = NULL },
};
