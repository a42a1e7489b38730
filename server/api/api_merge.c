/* api_merge: the gate, and the merge that asks it. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/git/git_pool.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_merge.h"
#include "server/service/svc_update.h"
#include "server/store/pulls.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static void
api_merge_requirements(struct shape *s, const struct merge_verdict *v)
{
	jw_array(&s->w, "requirements");
	for (size_t i = 0; i < v->n; i++) {
		jw_object(&s->w, NULL);
		jw_str(&s->w, "id", v->req[i].id);
		jw_bool(&s->w, "met", v->req[i].met);
		jw_str(&s->w, "title", v->req[i].title);
		jw_str(&s->w, "why", v->req[i].why);
		jw_end(&s->w);
	}
	jw_end(&s->w);
}

static void
api_merge_on_gate(const struct err *fail, void *arg, void *call)
{
	const struct svc_merge *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_bool(&s.w, "open", op->verdict.open);
		jw_str(&s.w, "head_sha", op->pull.head_sha);
		api_merge_requirements(&s, &op->verdict);
		jw_raw(&s.w, "conflicts",
		    view_of(op->pull.conflicts[0] != '\0' ? op->pull.conflicts
							  : "[]"));
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_merge_gate(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct svc_merge *op;

	if (project == 0)
		return;
	op = svc_merge_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	call_hold(c);
	svc_gate(op, api_merge_on_gate, c);
}

static void
api_merge_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (pulls_get(api_reader(c), project, call_arg_id(c, 2), &pull, &e) ==
	    -1)
		call_fail(c, &e);
	else if (pull.issue.merged)
		call_reply_empty(c, 204);
	else
		call_reply_error(c, 404, "it is not merged");
	pull_release(&pull);
}

/* A conflict, told as Gitea tells it. */
static void
api_merge_conflict(struct call *c, const struct err *fail, const char *style,
    const char *conflicts)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "message", fail->msg);
	jw_str(&s.w, "url", call_url(c));
	jw_str(&s.w, "Style", style);
	jw_str(&s.w, "StdOut", conflicts);
	jw_str(&s.w, "StdErr", "");
	jw_str(&s.w, "Err", fail->msg);
	jw_end(&s.w);
	shape_reply(&s, c, 409);
}

static void
api_merge_refused(
    struct call *c, const struct err *fail, const struct svc_merge *op)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "message", fail->msg);
	jw_str(&s.w, "url", call_url(c));
	api_merge_requirements(&s, &op->verdict);
	jw_end(&s.w);
	shape_reply(&s, c, 405);
}

static void
api_merge_on_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_merge *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && op->refused) {
		api_merge_refused(c, fail, op);
	} else if (fail != NULL && op->forbidden) {
		call_reply_error(c, 405, "%s", fail->msg);
	} else if (fail != NULL && fail->code == ERR_DENIED) {
		call_reply_error(
		    c, 405, "%s", merge_policy_refusal(MERGE_CAUSE_USER));
	} else if (fail != NULL && op->conflicts != NULL) {
		api_merge_conflict(
		    c, fail, merge_style_name(op->style), op->conflicts);
	} else if (fail == NULL && op->scheduled) {
		call_reply_empty(c, 201);
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_bool(&s.w, "merged", true);
		jw_str(&s.w, "sha", op->merge_sha);
		jw_str(&s.w, "merge_commit_sha", op->merge_sha);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

/* Gitea's own clients spell these fields in two ways. */
static const char *
api_merge_key(const struct json *j, const char *key, const char *other)
{
	return json_get(j, key) != NULL ? key : other;
}

/* A text in either spelling; *out stays when absent. */
static int
api_merge_text(struct call *c, const struct json *j, const char *key,
    const char *other, size_t max, char **out)
{
	return api_text(c, j, api_merge_key(j, key, other), max, out);
}

/* 40 hex digits, or nothing. */
static int
api_merge_sha(struct call *c, const struct json *j, const char *key,
    const char *other, char out[SHA_HEX + 1])
{
	AUTO_FREE char *text = NULL;

	if (api_merge_text(c, j, key, other, SHA_HEX, &text) == -1)
		return -1;
	if (text == NULL || *text == '\0')
		return 0;
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	if (!gitpool_sha_ok(text)) {
		call_reply_error(c, 422, "%s: want 40 hex digits", other);
		return -1;
	}
	memcpy(out, text, SHA_HEX + 1);
	return 0;
}

static int
api_merge_style(struct call *c, const struct json *j, enum merge_style *out)
{
	const char *key = api_merge_key(j, "do", "Do");
	int style = 0;

	if (api_word(c, j, key, merge_style_parse, &style) == -1)
		return -1;
	if (style == 0) {
		call_reply_error(c, 422, "[Do]: Required");
		return -1;
	}
	*out = (enum merge_style)style;
	return 0;
}

static int
api_merge_fields(struct call *c, const struct json *j, struct svc_merge *op)
{
	const char *delete_key = "delete_branch_after_merge";

	if (api_merge_style(c, j, &op->style) == -1 ||
	    api_merge_sha(
		c, j, "head_commit_id", "HeadCommitID", op->want_head) == -1 ||
	    api_merge_sha(c, j, "merge_commit_id", "MergeCommitID",
		op->manual_sha) == -1 ||
	    api_merge_text(c, j, "merge_title_field", "MergeTitleField",
		TITLE_LEN_MAX, &op->title) == -1 ||
	    api_merge_text(c, j, "merge_message_field", "MergeMessageField",
		BODY_LEN_MAX, &op->message) == -1 ||
	    api_merge_text(c, j, "force_reason", "ForceReason",
		SVC_MERGE_REASON_MAX, &op->reason) == -1 ||
	    api_bool(c, j, delete_key, &op->delete_branch) == -1 ||
	    api_bool(c, j, api_merge_key(j, "force_merge", "ForceMerge"),
		&op->force) == -1 ||
	    api_bool(c, j,
		api_merge_key(
		    j, "merge_when_checks_succeed", "MergeWhenChecksSucceed"),
		&op->when_ok) == -1)
		return -1;
	op->delete_given = json_get(j, delete_key) != NULL &&
	    !json_is_null(json_get(j, delete_key));
	if (op->style == MERGE_STYLE_MANUAL && op->manual_sha[0] == '\0') {
		call_reply_error(c, 422, "[MergeCommitID]: Required");
		return -1;
	}
	return 0;
}

static void
api_merge_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct svc_merge *op;

	if (project == 0)
		return;
	op = svc_merge_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	if (api_merge_fields(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	if (op->title != NULL && op->title[0] == '\0') {
		free(op->title);
		op->title = NULL;
	}
	call_hold(c);
	svc_merge(op, api_merge_on_done, c);
}

static void
api_merge_post(struct call *c)
{
	call_take_json(c, api_merge_on_body);
}

/* What waits to be merged does so no longer. */
static void
api_merge_cancel(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_auto_cancel *op;

	if (project == 0)
		return;
	op = svc_auto_cancel_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	call_hold(c);
	svc_auto_cancel(op, api_done_empty, c);
}

static void
api_merge_on_updated(const struct err *fail, void *arg, void *call)
{
	const struct svc_update *op = arg;
	struct call *c = call;

	if (fail != NULL && op->conflicts != NULL)
		api_merge_conflict(
		    c, fail, op->rebase ? "rebase" : "merge", op->conflicts);
	else if (!api_failed(c, fail))
		call_reply_empty(c, 200);
	call_release(c);
}

static void
api_merge_update(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	const char *style = call_query(c, "style");
	struct svc_update *op;

	if (project == 0)
		return;
	if (style == NULL || *style == '\0')
		style = "merge";
	if (strcmp(style, "merge") != 0 && strcmp(style, "rebase") != 0) {
		call_reply_error(c, 422, "style: want merge or rebase");
		return;
	}
	op = svc_update_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->rebase = strcmp(style, "rebase") == 0;
	call_hold(c);
	svc_update(op, api_merge_on_updated, c);
}

#define API_MERGE_PULL "/api/v1/repos/{o}/{r}/pulls/{n}"

const struct route api_merge_routes[] = {
	{ "GET", "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/gate", ROUTE_RUN_OK,
	    api_merge_gate },
	{ "GET", API_MERGE_PULL "/merge", ROUTE_RUN_OK, api_merge_get },
	{ "POST", API_MERGE_PULL "/merge", ROUTE_USER, api_merge_post },
	{ "DELETE", API_MERGE_PULL "/merge", ROUTE_USER, api_merge_cancel },
	{ "POST", API_MERGE_PULL "/update", ROUTE_USER, api_merge_update },
	{ .method = NULL },
};
