/* api_projects: mirrored repositories and their settings. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/look.h"
#include "server/domain/settings_rule.h"
#include "server/domain/tracker.h"
#include "server/service/svc_mirror_key.h"
#include "server/service/svc_project.h"
#include "server/service/svc_session.h"
#include "server/service/svc_use.h"
#include "server/store/care.h"
#include "server/store/net_rules.h"
#include "server/store/options.h"
#include "server/store/projects.h"
#include "server/store/upstream.h"
#include "server/store/verdicts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	API_UPSTREAM_MAX = 2000,
	API_SYNC_WAIT_MAX_S = 600
};

struct api_sync {
	struct call *c;
	int64_t project;
	uint64_t handle;
	struct timer *timer;
};

/* What cannot be read of an upstream is left out, not the project. */
static void
api_projects_shape(struct shape *s, struct call *c, const struct project *p)
{
	struct upstream_info info = { .checked_at = 0 };
	struct mirror_memo memo = { .waiting = NULL };
	struct care_row care = { .size = 0 };
	struct net_bounds bounds = { .lockdown = false };
	struct verdict verdict = { .at = 0 };
	struct shape_mirror m = { .now = api_svc(c)->now(),
		.info = &info,
		.memo = &memo,
		.care = &care,
		.verdict = &verdict,
		.use = svc_use_get(api_svc(c)->uses, p->id, api_svc(c)->now()),
		.driver = svc_use_driver(api_svc(c)->uses),
		.served = svc_use_served(api_svc(c)->uses, api_svc(c)->now()),
		.t = api_reader(c) };
	struct err e = ERR_INIT;

	if (upstream_get(api_reader(c), p->id, &info, &e) == -1 ||
	    mirror_memo_get(api_reader(c), p->id, &memo, &e) == -1 ||
	    care_get(api_reader(c), p->id, &care, &e) == -1 ||
	    net_bounds_get(api_reader(c), p->id, &bounds, &e) == -1 ||
	    verdicts_get(api_reader(c), p->id, &verdict, &e) == -1)
		log_error("project upstream project=%" PRId64 " err=%s", p->id,
		    log_val(e.msg));
	m.lockdown = bounds.lockdown;
	shape_project(s, p, &m);
	upstream_info_release(&info);
	mirror_memo_release(&memo);
	care_row_release(&care);
	verdict_release(&verdict);
}

static void
api_projects_list(struct call *c)
{
	struct project_filter f = { .viewer = svc_viewer(call_who(c)) };
	struct project_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	f.q = call_query(c, "q");
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (projects_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		api_projects_shape(&s, c, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	project_list_release(&list);
}

static void
api_projects_reply(struct call *c, int status, const struct project *p)
{
	struct shape s;

	shape_init(&s, c, p);
	api_projects_shape(&s, c, p);
	shape_reply(&s, c, status);
}

static void
api_projects_get(struct call *c)
{
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	api_projects_reply(c, 200, &p);
	project_release(&p);
}

static int
api_projects_command(
    struct call *c, const struct json *j, struct project_settings *out)
{
	const struct json *list = json_get(j, "agent_command");
	const char *argv[SETTINGS_ARGV_MAX];
	size_t n = json_count(list), i = 0;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || n > SETTINGS_ARGV_MAX) {
		call_reply_error(c, 422,
		    "settings.agent_command: want at most %d texts",
		    SETTINGS_ARGV_MAX);
		return -1;
	}
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		argv[i] = json_string(v);
		if (argv[i++] == NULL) {
			call_reply_error(
			    c, 422, "settings.agent_command: want texts");
			return -1;
		}
	}
	project_settings_set_command(out, argv, n);
	return 0;
}

/* The members of "settings" laid over *out; -1 after a 422. */
static int
api_projects_settings(
    struct call *c, const struct json *j, struct project_settings *out)
{
	AUTO_FREE char *agent = NULL;
	AUTO_FREE char *label = NULL;
	struct err e = ERR_INIT;
	int network = (int)out->network;
	int findings = (int)out->findings;

	if (!json_is_object(j)) {
		call_reply_error(c, 422, "settings: want an object");
		return -1;
	}
	for (const struct settings_number *r = settings_numbers;
	     r->name != NULL; r++) {
		int64_t v;

		memcpy(&v, (char *)out + r->offset, sizeof(v));
		if (json_i64(j, r->name, r->min, r->max, &v, &e) == -1) {
			call_reply_error(c, 422, "settings.%s", e.msg);
			return -1;
		}
		memcpy((char *)out + r->offset, &v, sizeof(v));
	}
	if (options_read(j, &out->sandbox, &e) == -1) {
		call_reply_error(c, 422, "%s", e.msg);
		return -1;
	}
	if (api_word(c, j, "network", network_parse, &network) == -1 ||
	    api_bool(c, j, "pickup", &out->pickup) == -1 ||
	    api_bool(c, j, "hold", &out->hold) == -1 ||
	    api_bool(c, j, "runs_paused", &out->runs_paused) == -1 ||
	    api_bool(c, j, "current", &out->current) == -1 ||
	    api_bool(c, j, "conversations", &out->conversations) == -1 ||
	    api_word(c, j, "findings", look_gate_parse, &findings) == -1 ||
	    api_bool(c, j, "test_merge_result", &out->test_merge) == -1 ||
	    api_text(c, j, "trigger_label", LABEL_NAME_MAX, &label) == -1 ||
	    api_text(c, j, "agent", SETTINGS_AGENT_MAX, &agent) == -1 ||
	    api_projects_command(c, j, out) == -1)
		return -1;
	out->network = (enum network_mode)network;
	out->findings = (enum look_gate)findings;
	if (agent != NULL)
		project_settings_set_agent(out, agent);
	if (label != NULL)
		(void)snprintf(out->trigger_label, sizeof(out->trigger_label),
		    "%s", label);
	return 0;
}

/* What is wanted of the sandbox; renew: that it is made anew. */
static int
api_projects_want(struct call *c, const struct json *j, int *want, bool *renew)
{
	const struct json *sandbox = json_get(j, "sandbox");

	if (sandbox == NULL || json_is_null(sandbox))
		return 0;
	if (!json_is_object(sandbox)) {
		call_reply_error(c, 422, "sandbox: want an object");
		return -1;
	}
	if (api_word(c, sandbox, "want", sandbox_want_parse, want) == -1 ||
	    api_bool(c, sandbox, "renew", renew) == -1)
		return -1;
	if (*want == WANT_GONE) {
		call_reply_error(
		    c, 422, "sandbox.want: want running, paused or stopped");
		return -1;
	}
	return 0;
}

static void
api_projects_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_project_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_projects_reply(c, 201, &op->project);
	call_release(c);
}

static void
api_projects_on_body(struct call *c, const struct json *j)
{
	const struct json *settings = json_get(j, "settings");
	AUTO_FREE char *upstream = NULL;
	AUTO_FREE char *name = NULL;
	struct svc_project_create *op;
	bool renew = false; /* a new one is new */
	int want = 0;

	if (api_need(c, j, "upstream", API_UPSTREAM_MAX, &upstream) == -1 ||
	    api_text(c, j, "name", NAME_LEN_MAX, &name) == -1 ||
	    api_projects_want(c, j, &want, &renew) == -1)
		return;
	op = svc_project_create_new(api_svc(c), call_who(c));
	if (settings != NULL && !json_is_null(settings) &&
	    api_projects_settings(c, settings, &op->settings) == -1) {
		svc_op_drop(op);
		return;
	}
	if (want != 0)
		op->want = (enum sandbox_want)want;
	op->upstream = STEAL(upstream);
	op->name = STEAL(name);
	call_hold(c);
	svc_project_create(op, api_projects_created, c);
}

static void
api_projects_create(struct call *c)
{
	call_take_json(c, api_projects_on_body);
}

/* Does it name what decides the gate? */
static bool
api_projects_set_gate(const struct json *settings)
{
	for (const struct settings_gate *g = settings_gates; g->name != NULL;
	     g++)
		if (json_get(settings, g->name) != NULL)
			return true;
	return false;
}

static void
api_projects_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_project_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail)) {
		if (op->remove)
			call_reply_empty(c, 202);
		else
			api_projects_reply(c, 200, &op->project);
	}
	call_release(c);
}

static void
api_projects_on_patch(struct call *c, const struct json *j)
{
	const struct json *settings = json_get(j, "settings");
	struct svc_project_edit *op;
	struct project p;
	int want = 0;

	if (api_project(c, PERM_WRITE, &p) == -1)
		return;
	op = svc_project_edit_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	project_settings_copy(&op->settings, &p.settings);
	project_release(&p);
	op->set_settings = settings != NULL && !json_is_null(settings);
	op->set_gate = op->set_settings && api_projects_set_gate(settings);
	if (api_projects_want(c, j, &want, &op->renew) == -1 ||
	    (op->set_settings &&
		api_projects_settings(c, settings, &op->settings) == -1)) {
		svc_op_drop(op);
		return;
	}
	op->want = (enum sandbox_want)want;
	call_hold(c);
	svc_project_edit(op, api_projects_edited, c);
}

/* A new one begins from an empty workspace. */
static void
api_projects_on_patch_first(struct call *c, const struct json *j)
{
	const struct json *sandbox = json_get(j, "sandbox");
	bool force = false;
	int64_t id;

	if (!json_bool_or(sandbox, "renew", false)) {
		api_projects_on_patch(c, j);
		return;
	}
	if (api_bool(c, sandbox, "force", &force) == -1)
		return;
	if (force) {
		api_projects_on_patch(c, j);
		return;
	}
	id = api_project_id(c, PERM_WRITE);
	if (id != 0)
		api_unless_lost(c, id, PERM_WRITE, j, api_projects_on_patch);
}

static void
api_projects_patch(struct call *c)
{
	call_take_json(c, api_projects_on_patch_first);
}

static void
api_projects_remove(struct call *c, const struct json *j)
{
	struct svc_project_edit *op;
	struct project p;

	(void)j;
	if (api_project(c, PERM_READ, &p) == -1)
		return;
	op = svc_project_edit_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	op->remove = true;
	project_release(&p);
	call_hold(c);
	svc_project_edit(op, api_projects_edited, c);
}

static void
api_projects_delete(struct call *c)
{
	int64_t id;

	if (call_query_bool(c, "force")) {
		api_projects_remove(c, NULL);
		return;
	}
	id = api_project_id(c, PERM_READ);
	if (id != 0)
		api_unless_lost(c, id, PERM_ADMIN, NULL, api_projects_remove);
}

/* The id of one that follows an upstream, 0 after the reply. */
static int64_t
api_projects_following(struct call *c, enum perm_verb verb)
{
	struct project p;
	int64_t id;

	if (api_project(c, verb, &p) == -1)
		return 0;
	id = p.upstream[0] != '\0' ? p.id : 0;
	project_release(&p);
	if (id == 0)
		call_reply_error(c, 422, "the project has no upstream");
	return id;
}

static void
api_projects_on_token(struct call *c, const struct json *j)
{
	int64_t project = api_projects_following(c, PERM_ADMIN);
	AUTO_FREE char *token = NULL;
	struct err e = ERR_INIT;

	if (project == 0 || api_text(c, j, "token", 4096, &token) == -1)
		return;
	if (token == NULL) {
		call_reply_error(c, 422, "token: it is missing");
		return;
	}
	if (svc_project_set_token(
		api_svc(c), call_who(c), project, token, &e) == -1) {
		call_fail(c, &e);
	} else {
		api_svc(c)->upper->mirror_wake(api_svc(c)->mirror, project);
		call_reply_empty(c, 204);
	}
	explicit_bzero(token, strlen(token));
}

static void
api_projects_token(struct call *c)
{
	call_take_json(c, api_projects_on_token);
}

static void
api_projects_on_key(struct call *c, const struct json *j)
{
	int64_t project = api_projects_following(c, PERM_ADMIN);
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *hosts = NULL;
	struct err e = ERR_INIT;

	if (project == 0 || api_text(c, j, "key", SVC_KEY_MAX, &key) == -1 ||
	    api_text(c, j, "known_hosts", SVC_KNOWN_HOSTS_MAX, &hosts) == -1)
		return;
	if (key == NULL && hosts == NULL) {
		call_reply_error(c, 422, "key, known_hosts: both are missing");
		return;
	}
	if (svc_mirror_set_key(
		api_svc(c), call_who(c), project, key, hosts, &e) == -1) {
		call_fail(c, &e);
	} else {
		api_svc(c)->upper->mirror_wake(api_svc(c)->mirror, project);
		call_reply_empty(c, 204);
	}
	if (key != NULL)
		explicit_bzero(key, strlen(key));
}

static void
api_projects_key(struct call *c)
{
	call_take_json(c, api_projects_on_key);
}

static void
api_sync_end(struct api_sync *x, int status)
{
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	timer_free(x->timer);
	if (svc_project_by_id(api_reader(x->c), call_who(x->c), x->project,
		PERM_READ, &p, &e) == -1)
		call_fail(x->c, &e);
	else
		api_projects_reply(x->c, status, &p);
	project_release(&p);
	call_release(x->c);
	free(x);
}

static void
api_sync_done(const struct err *fail, void *arg)
{
	(void)fail; /* the project's mirror says it */
	api_sync_end(arg, 200);
}

static void
api_sync_on_timer(void *arg)
{
	struct api_sync *x = arg;

	struct svc *svc = api_svc(x->c);

	svc->upper->mirror_cancel(svc->mirror, x->handle);
	api_sync_end(x, 202);
}

static void
api_projects_sync(struct call *c)
{
	struct svc *svc = api_svc(c);
	int64_t wait_s = 0, project;
	struct api_sync *x;

	if (call_query_i64(c, "wait", 0, API_SYNC_WAIT_MAX_S, &wait_s) == -1)
		return;
	project = api_projects_following(c, PERM_WRITE);
	if (project == 0)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->project = project;
	call_hold(c);
	if (wait_s == 0) {
		svc->upper->mirror_sync(svc->mirror, project, NULL, NULL);
		api_sync_end(x, 202);
		return;
	}
	x->timer = timer_new(svc->loop, api_sync_on_timer, x);
	timer_set(x->timer, wait_s * 1000);
	x->handle = svc->upper->mirror_sync(
	    svc->mirror, project, api_sync_done, x);
}

static void
api_projects_session_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_session_token *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_reply_secret(c, 200, "token", op->secret, 0);
	call_release(c);
}

static void
api_projects_session_token(struct call *c)
{
	int64_t project = api_project_id(c, PERM_SERVE);

	if (project == 0)
		return;
	call_hold(c);
	svc_session_token(
	    api_svc(c), call_who(c), project, api_projects_session_made, c);
}

#define API_PROJECT "/api/coffer/v1/projects/{o}/{r}"

const struct route api_projects_routes[] = {
	{ "POST", "/api/coffer/v1/projects", ROUTE_ADMIN, api_projects_create },
	{ "GET", "/api/coffer/v1/projects", ROUTE_MEMBER, api_projects_list },
	{ "GET", API_PROJECT, ROUTE_MEMBER, api_projects_get },
	{ "PATCH", API_PROJECT, ROUTE_USER, api_projects_patch },
	{ "DELETE", API_PROJECT, ROUTE_USER, api_projects_delete },
	{ "PUT", API_PROJECT "/upstream-token", ROUTE_USER,
	    api_projects_token },
	{ "PUT", API_PROJECT "/upstream-key", ROUTE_USER, api_projects_key },
	{ "POST", API_PROJECT "/sync", ROUTE_USER, api_projects_sync },
	{ "POST", API_PROJECT "/session-token", ROUTE_SERVICE,
	    api_projects_session_token },
	{ .method = NULL },
};
