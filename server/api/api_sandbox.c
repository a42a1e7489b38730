/* api_sandbox: what agentd says of the sandboxes, and is asked. */
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/api_figures.h"
#include "server/service/svc_sandbox.h"
#include "server/service/svc_use.h"

enum {
	API_REASON_MAX = 4096,
	API_USES_MAX = 1000
};

static void
api_sandbox_on_report(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_SERVE);
	AUTO_FREE char *cause = NULL;
	AUTO_FREE char *reason = NULL;
	AUTO_FREE char *address = NULL;
	struct svc_sandbox_report *op;
	int64_t generation = -1, kept = -1;
	int state = 0;

	if (project == 0 ||
	    api_i64(c, j, "generation", -1, INT64_MAX, &generation) == -1 ||
	    api_i64(c, j, "kept", -1, INT64_MAX, &kept) == -1 ||
	    api_word(c, j, "state", sandbox_status_parse, &state) == -1 ||
	    api_text(c, j, "cause", SVC_CAUSE_MAX, &cause) == -1 ||
	    api_text(c, j, "reason", API_REASON_MAX, &reason) == -1 ||
	    api_text(c, j, "address", 64, &address) == -1)
		return;
	if (state == 0) {
		call_reply_error(c, 422, "state: it is missing");
		return;
	}
	op = svc_sandbox_report_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->state = (enum sandbox_status)state;
	op->generation = generation;
	op->kept = kept;
	op->cause = STEAL(cause);
	op->reason = STEAL(reason);
	op->address = STEAL(address);
	call_hold(c);
	svc_sandbox_report(op, api_done_empty, c);
}

static void
api_sandbox_report(struct call *c)
{
	call_take_json(c, api_sandbox_on_report);
}

static void
api_sandbox_ask(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);

	if (project == 0)
		return;
	call_hold(c);
	svc_sandbox_ask(api_svc(c), call_who(c), project, api_done_empty, c);
}

/* One clone in the sandbox.  -1 after the reply. */
static int
api_sandbox_clone(struct call *c, const struct json *j, struct jw *w)
{
	static const char *const counts[] = { "uncommitted", "unpushed",
		"stashes", NULL };
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *branch = NULL;

	if (api_need(c, j, "path", SVC_WORK_TEXT, &path) == -1 ||
	    api_text(c, j, "branch", SVC_WORK_TEXT, &branch) == -1)
		return -1;
	jw_object(w, NULL);
	jw_str(w, "path", path);
	jw_str(w, "branch", branch != NULL ? branch : "");
	for (size_t i = 0; counts[i] != NULL; i++) {
		int64_t n = 0;

		if (api_i64(c, j, counts[i], 0, INT32_MAX, &n) == -1)
			return -1;
		jw_i64(w, counts[i], n);
	}
	jw_end(w);
	return 0;
}

static int
api_sandbox_clones(struct call *c, const struct json *list, struct jw *w)
{
	if (!json_is_array(list) || json_count(list) > SVC_WORK_MAX) {
		call_reply_error(
		    c, 422, "clones: want at most %d", SVC_WORK_MAX);
		return -1;
	}
	jw_array(w, "clones");
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (api_sandbox_clone(c, j, w) == -1)
			return -1;
	jw_end(w);
	return 0;
}

static void
api_sandbox_worked(const struct err *fail, void *arg, void *call)
{
	struct call *c = call;
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_bool(&w, "awaited", fail == NULL && svc_sandbox_work_awaited(arg));
	jw_end(&w);
	if (!api_failed(c, fail))
		call_reply_json(c, 200, &out);
	call_release(c);
}

static void
api_sandbox_on_work(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_SERVE), files = 0, asked = 0;
	AUTO_STR struct str data = STR_INIT;
	AUTO_FREE char *error = NULL;
	bool more = false;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	if (project == 0 ||
	    api_text(c, j, "error", API_REASON_MAX, &error) == -1 ||
	    api_i64(c, j, "files", 0, INT32_MAX, &files) == -1 ||
	    api_bool(c, j, "more", &more) == -1 ||
	    api_i64(c, j, "asked", 0, INT64_MAX, &asked) == -1 ||
	    api_sandbox_clones(c, json_get(j, "clones"), &w) == -1)
		return;
	jw_i64(&w, "files", files);
	jw_bool(&w, "more", more);
	jw_str(&w, "error", error != NULL ? error : "");
	jw_end(&w);
	call_hold(c);
	svc_sandbox_work(api_svc(c), call_who(c), project, asked,
	    str_view(&data), api_sandbox_worked, c);
}

static void
api_sandbox_work(struct call *c)
{
	call_take_json(c, api_sandbox_on_work);
}

/* -1 after the reply. */
static int
api_sandbox_use(struct call *c, const struct json *j)
{
	struct svc_use use = { .at = 0 };
	int64_t id = 0;

	if (api_i64(c, j, "id", 1, INT64_MAX, &id) == -1)
		return -1;
	for (const struct svc_use_row *r = svc_use_rows; r->name != NULL; r++) {
		int64_t v = -1;

		if (api_i64(c, j, r->name, -1, INT64_MAX, &v) == -1)
			return -1;
		memcpy((char *)&use + r->offset, &v, sizeof(v));
	}
	if (id != 0)
		svc_use_put(api_svc(c)->uses, id, api_svc(c)->now(), &use);
	return 0;
}

static void
api_sandbox_on_uses(struct call *c, const struct json *j)
{
	const struct json *list = json_get(j, "uses");
	AUTO_FREE char *driver = NULL, *version = NULL;

	if (!json_is_array(list) || json_count(list) > API_USES_MAX) {
		call_reply_error(c, 422, "uses: want at most %d", API_USES_MAX);
		return;
	}
	if (api_text(c, j, "driver", SVC_USE_DRIVER_MAX - 1, &driver) == -1 ||
	    api_text(c, j, "version", SVC_USE_VERSION_MAX - 1, &version) == -1)
		return;
	for (const struct json *u = json_first(list); u != NULL;
	     u = json_next(u))
		if (api_sandbox_use(c, u) == -1)
			return;
	api_figures_read(
	    json_get(j, "figures"), svc_use_figures(api_svc(c)->uses));
	svc_use_heard(api_svc(c)->uses, api_svc(c)->now(), svc_text(driver),
	    svc_text(version));
	call_reply_empty(c, 204);
}

static void
api_sandbox_uses(struct call *c)
{
	call_take_json(c, api_sandbox_on_uses);
}

#define API_SANDBOX "/api/coffer/v1/projects/{o}/{r}/sandbox"

const struct route api_sandbox_routes[] = {
	{ "PUT", API_SANDBOX, ROUTE_SERVICE, api_sandbox_report },
	{ "POST", API_SANDBOX "/work", ROUTE_USER, api_sandbox_ask },
	{ "PUT", API_SANDBOX "/work", ROUTE_SERVICE, api_sandbox_work },
	{ "PUT", "/api/coffer/v1/sandboxes/use", ROUTE_SERVICE,
	    api_sandbox_uses },
	{ .method = NULL },
};
