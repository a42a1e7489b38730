/* api_runners: who runs CI jobs, for an admin; and a runner's registration. */
#include "server/api/api_runners.h"
#include "server/api/shape.h"
#include "server/service/svc_runner.h"
#include "server/store/runners.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

int
api_ci_labels(struct call *c, const struct json *j, char **out)
{
	const struct json *list = json_get(j, "labels"), *x;
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_count(list) > RUNNER_LABELS_MAX) {
		call_reply_error(c, 422, "labels: want a list of at most %d",
		    RUNNER_LABELS_MAX);
		return -1;
	}
	jw_init(&w, &text);
	jw_array(&w, NULL);
	for (x = json_first(list); x != NULL; x = json_next(x)) {
		const char *label = json_string(x);

		if (label == NULL || !runner_label_ok(label)) {
			call_reply_error(c, 422,
			    "labels: want each of 1 to %d of a-z 0-9 . _ -",
			    RUNNER_LABEL_MAX);
			return -1;
		}
		jw_str(&w, NULL, label);
	}
	jw_end(&w);
	*out = xstrdup(str_cstr(&text));
	return 0;
}

static void
api_runners_list(struct call *c)
{
	struct runner_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (runners_list(api_reader(c), &l, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_count(c, (int64_t)l.n);
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < l.n; i++)
		shape_runner(&s, &l.at[i], api_svc(c)->now());
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	runner_list_release(&l);
}

static void
api_runners_added(const struct err *fail, void *arg, void *call)
{
	const struct svc_runner_add *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_i64(&s.w, "id", op->runner.id);
		jw_str(&s.w, "name", op->runner.name);
		jw_str(&s.w, "token", op->token);
		jw_time(&s.w, "expires_at", op->runner.invite_until);
		jw_end(&s.w);
		call_header(c, "Cache-Control", "no-store");
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_runners_on_add(struct call *c, const struct json *j)
{
	struct svc_runner_add *op = svc_runner_add_new(api_svc(c), call_who(c));
	int64_t valid_s = RUNNER_INVITE_S;

	if (api_need(c, j, "name", RUNNER_NAME_MAX, &op->name) == -1 ||
	    api_ci_labels(c, j, &op->labels) == -1 ||
	    api_i64(c, j, "slots", 1, RUNNER_SLOTS_MAX, &op->slots) == -1 ||
	    api_i64(c, j, "valid_s", 1, RUNNER_INVITE_MAX_S, &valid_s) == -1) {
		svc_op_drop(op);
		return;
	}
	op->valid_ms = valid_s * 1000;
	call_hold(c);
	svc_runner_add(op, api_runners_added, c);
}

static void
api_runners_add(struct call *c)
{
	call_take_json(c, api_runners_on_add);
}

static void
api_runners_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_runner_edit *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_runner(&s, &op->runner, api_svc(c)->now());
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_runners_on_edit(struct call *c, const struct json *j)
{
	struct svc_runner_edit *op = svc_runner_edit_new(
	    api_svc(c), call_who(c), call_arg_id(c, 0));

	op->has_paused = json_get(j, "paused") != NULL;
	if (api_bool(c, j, "paused", &op->paused) == -1 ||
	    api_ci_labels(c, j, &op->labels) == -1 ||
	    api_i64(c, j, "slots", 1, RUNNER_SLOTS_MAX, &op->slots) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_runner_edit(op, api_runners_edited, c);
}

static void
api_runners_edit(struct call *c)
{
	call_take_json(c, api_runners_on_edit);
}

static void
api_runners_removed(const struct err *fail, void *arg, void *call)
{
	struct call *c = call;

	(void)arg;
	if (!api_failed(c, fail))
		call_reply_empty(c, 204);
	call_release(c);
}

static void
api_runners_remove(struct call *c)
{
	call_hold(c);
	svc_runner_remove(
	    api_svc(c), call_who(c), call_arg_id(c, 0), api_runners_removed, c);
}

static void
api_runners_registered(const struct err *fail, void *arg, void *call)
{
	const struct svc_runner_register *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_DENIED) {
		call_reply_error(c, 401, "%s", fail->msg);
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_i64(&s.w, "id", op->runner.id);
		jw_str(&s.w, "name", op->runner.name);
		jw_raw(&s.w, "labels", view_of(op->runner.labels));
		jw_i64(&s.w, "slots", op->runner.slots);
		jw_str(&s.w, "secret", op->secret);
		jw_end(&s.w);
		call_header(c, "Cache-Control", "no-store");
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_runners_on_register(struct call *c, const struct json *j)
{
	struct svc_runner_register *op = svc_runner_register_new(api_svc(c));

	op->network = true;
	if (api_need(c, j, "token", TOKEN_SECRET_HEX, &op->token) == -1 ||
	    api_text(c, j, "name", RUNNER_NAME_MAX, &op->name) == -1 ||
	    api_text(c, j, "version", RUNNER_VERSION_MAX, &op->version) == -1 ||
	    api_ci_labels(c, j, &op->labels) == -1 ||
	    api_bool(c, j, "network", &op->network) == -1 ||
	    api_i64(c, j, "slots", 1, RUNNER_SLOTS_MAX, &op->slots) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_runner_register(op, api_runners_registered, c);
}

static void
api_runners_register(struct call *c)
{
	call_take_json(c, api_runners_on_register);
}

#define API_CI "/api/coffer/v1/ci"

const struct route api_runners_routes[] = {
	{ "POST", API_CI "/register", ROUTE_ANON, api_runners_register },
	{ "GET", API_CI "/runners", ROUTE_ADMIN, api_runners_list },
	{ "POST", API_CI "/runners", ROUTE_ADMIN, api_runners_add },
	{ "PATCH", API_CI "/runners/{id}", ROUTE_ADMIN, api_runners_edit },
	{ "DELETE", API_CI "/runners/{id}", ROUTE_ADMIN, api_runners_remove },
	{ .method = NULL },
};
