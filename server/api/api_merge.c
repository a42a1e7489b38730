/* api_merge: the gate, and the merge that asks it. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_merge.h"
#include "server/store/pulls.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
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

static void
api_merge_on_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_merge *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && op->refused) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_str(&s.w, "message", fail->msg);
		jw_str(&s.w, "url", call_url(c));
		api_merge_requirements(&s, &op->verdict);
		jw_end(&s.w);
		shape_reply(&s, c, 405);
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

static const char *
api_merge_style(const char *s)
{
	static const char *const styles[] = { "merge", "squash",
		"fast-forward-only" };

	for (size_t i = 0; i < 3; i++)
		if (strcmp(styles[i], s) == 0)
			return styles[i];
	return NULL;
}

/* Gitea's own clients spell these fields in two ways. */
static const char *
api_merge_key(const struct json *j, const char *key, const char *other)
{
	return json_get(j, key) != NULL ? key : other;
}

static void
api_merge_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	AUTO_FREE char *style = NULL;
	AUTO_FREE char *head = NULL;
	AUTO_FREE char *title = NULL;
	AUTO_FREE char *message = NULL;
	bool delete_branch = false;
	struct svc_merge *op;

	if (project == 0 ||
	    api_need(c, j, api_merge_key(j, "do", "Do"), 32, &style) == -1 ||
	    api_text(c, j, "head_commit_id", SHA_HEX, &head) == -1 ||
	    api_text(c, j,
		api_merge_key(j, "MergeTitleField", "merge_title_field"),
		TITLE_LEN_MAX, &title) == -1 ||
	    api_text(c, j,
		api_merge_key(j, "MergeMessageField", "merge_message_field"),
		BODY_LEN_MAX, &message) == -1 ||
	    api_bool(c, j, "delete_branch_after_merge", &delete_branch) == -1)
		return;
	if (api_merge_style(style) == NULL) {
		call_reply_error(
		    c, 422, "Do: want merge, squash or fast-forward-only");
		return;
	}
	op = svc_merge_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	op->style = api_merge_style(style);
	if (head != NULL)
		memcpy(op->want_head, head, strlen(head) + 1);
	if (title != NULL && *title != '\0')
		op->title = STEAL(title);
	op->message = STEAL(message);
	op->delete_branch = delete_branch;
	call_hold(c);
	svc_merge(op, api_merge_on_done, c);
}

static void
api_merge_post(struct call *c)
{
	call_take_json(c, api_merge_on_body);
}

const struct route api_merge_routes[] = {
	{ "GET", "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/gate", ROUTE_RUN_OK,
	    api_merge_gate },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/merge", ROUTE_RUN_OK,
	    api_merge_get },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/merge", ROUTE_USER,
	    api_merge_post },
	{ .method = NULL },
};
