/* api_protections: branch protections, in Gitea's fields. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_protect.h"
#include "server/store/protections.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
api_protections_list(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct protect_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (project == 0)
		return;
	if (protections_list(api_reader(c), project, &l, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_count(c, (int64_t)l.n);
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < l.n; i++)
		shape_protection(&s, &l.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	protect_list_release(&l);
}

static void
api_protections_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct protect_rule r = { .id = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (project == 0)
		return;
	if (protections_get(api_reader(c), project, call_arg(c, 2), &r, &e) ==
	    -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	shape_protection(&s, &r);
	shape_reply(&s, c, 200);
	protect_rule_release(&r);
}

/* An array of texts; absent or null leaves *out as it is. */
static int
api_protections_names(struct call *c, const struct json *j, const char *key,
    size_t max, struct svc_names *out)
{
	const struct json *v = json_get(j, key), *m;

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_array(v) || json_count(v) > max) {
		call_reply_error(
		    c, 422, "%s: want an array of at most %zu texts", key, max);
		return -1;
	}
	out->given = true;
	for (m = json_first(v); m != NULL; m = json_next(m)) {
		const char *text = json_is_string(m) ? json_string(m) : NULL;

		if (text == NULL || *text == '\0' ||
		    strlen(text) > PROTECT_GLOB_MAX) {
			call_reply_error(c, 422,
			    "%s: want texts of 1 to %d bytes", key,
			    PROTECT_GLOB_MAX);
			return -1;
		}
		svc_names_add(out, text);
	}
	return 0;
}

/* There are no teams, so none can be named. */
static int
api_protections_teams(
    struct call *c, const struct json *j, enum protect_people list)
{
	const char *key = protect_teams_name(list);
	const struct json *v = json_get(j, key);

	if (v == NULL || json_is_null(v) ||
	    (json_is_array(v) && json_count(v) == 0))
		return 0;
	call_reply_error(c, 422, "%s: team does not exist", key);
	return -1;
}

static int
api_protections_fields(
    struct call *c, const struct json *j, struct svc_protect_put *op)
{
	for (int i = 0; i < PROTECT_FLAGS; i++) {
		const char *key = protect_flag_name((enum protect_flag)i);
		const struct json *v = json_get(j, key);
		bool on = false;

		if (v == NULL || json_is_null(v))
			continue;
		if (api_bool(c, j, key, &on) == -1)
			return -1;
		op->flags_given |= UINT64_C(1) << i;
		if (on)
			op->flags |= UINT64_C(1) << i;
	}
	for (int i = 0; i < PROTECT_PEOPLE; i++) {
		enum protect_people p = (enum protect_people)i;

		if (api_protections_names(c, j, protect_people_name(p),
			PROTECT_PEOPLE_MAX, &op->people[i]) == -1 ||
		    api_protections_teams(c, j, p) == -1)
			return -1;
	}
	if (api_protections_names(c, j, "status_check_contexts",
		PROTECT_CONTEXTS_MAX, &op->contexts) == -1 ||
	    api_i64(c, j, "required_approvals", 0, PROTECT_APPROVALS_MAX,
		&op->approvals) == -1 ||
	    api_i64(c, j, "priority", 0, INT32_MAX, &op->priority) == -1 ||
	    api_text(c, j, "protected_file_patterns", PROTECT_FILES_MAX,
		&op->files) == -1)
		return -1;
	return api_text(c, j, "unprotected_file_patterns", PROTECT_FILES_MAX,
	    &op->open_files);
}

static void
api_protections_on_put(const struct err *fail, void *arg, void *call)
{
	const struct svc_protect_put *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_EXISTS) {
		call_reply_error(c, 403, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_protection(&s, &op->rule);
		shape_reply(&s, c, op->create ? 201 : 200);
	}
	call_release(c);
}

/* Takes the name. */
static void
api_protections_put(
    struct call *c, const struct json *j, char *name, bool create)
{
	int64_t project = api_project_id(c, PERM_MANAGE);
	struct svc_protect_put *op;

	if (project == 0) {
		free(name);
		return;
	}
	op = svc_protect_put_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->name = name;
	op->create = create;
	if (api_protections_fields(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_protect_put(op, api_protections_on_put, c);
}

static void
api_protections_on_create(struct call *c, const struct json *j)
{
	AUTO_FREE char *rule = NULL;
	AUTO_FREE char *branch = NULL;

	if (api_text(c, j, "rule_name", PROTECT_GLOB_MAX, &rule) == -1 ||
	    api_text(c, j, "branch_name", PROTECT_GLOB_MAX, &branch) == -1)
		return;
	if (rule != NULL && *rule != '\0')
		api_protections_put(c, j, STEAL(rule), true);
	else if (branch != NULL && *branch != '\0')
		api_protections_put(c, j, STEAL(branch), true);
	else
		call_reply_error(
		    c, 400, "both rule_name and branch_name are empty");
}

static void
api_protections_create(struct call *c)
{
	call_take_json(c, api_protections_on_create);
}

static void
api_protections_on_edit(struct call *c, const struct json *j)
{
	api_protections_put(c, j, xstrdup(call_arg(c, 2)), false);
}

static void
api_protections_edit(struct call *c)
{
	call_take_json(c, api_protections_on_edit);
}

static void
api_protections_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_MANAGE);
	struct svc_protect_delete *op;

	if (project == 0)
		return;
	op = svc_protect_delete_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->name = xstrdup(call_arg(c, 2));
	call_hold(c);
	svc_protect_delete(op, api_done_empty, c);
}

static void
api_protections_on_order(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_MANAGE);
	const struct json *ids = json_get(j, "ids"), *m;
	struct svc_protect_order *op;

	if (project == 0)
		return;
	if (!json_is_array(ids) || json_count(ids) > PROTECT_RULES_MAX) {
		call_reply_error(c, 422, "ids: want an array of at most %d ids",
		    PROTECT_RULES_MAX);
		return;
	}
	op = svc_protect_order_new(api_svc(c), call_who(c));
	op->project_id = project;
	for (m = json_first(ids); m != NULL; m = json_next(m)) {
		if (json_integer(m, 0) < 1) {
			call_reply_error(c, 422, "ids: want numbers from 1");
			svc_op_drop(op);
			return;
		}
		op->ids[op->n++] = json_integer(m, 0);
	}
	call_hold(c);
	svc_protect_order(op, api_done_empty, c);
}

static void
api_protections_order(struct call *c)
{
	call_take_json(c, api_protections_on_order);
}

#define API_PROTECTIONS "/api/v1/repos/{o}/{r}/branch_protections"

const struct route api_protections_routes[] = {
	{ "GET", API_PROTECTIONS, ROUTE_USER, api_protections_list },
	{ "POST", API_PROTECTIONS, ROUTE_USER, api_protections_create },
	{ "POST", API_PROTECTIONS "/priority", ROUTE_USER,
	    api_protections_order },
	{ "GET", API_PROTECTIONS "/{path...}", ROUTE_USER,
	    api_protections_get },
	{ "PATCH", API_PROTECTIONS "/{path...}", ROUTE_USER,
	    api_protections_edit },
	{ "DELETE", API_PROTECTIONS "/{path...}", ROUTE_USER,
	    api_protections_delete },
	{ .method = NULL },
};
