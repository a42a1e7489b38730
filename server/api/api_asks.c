/* api_asks: a run without an item, asked for by a person or his program. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/run_rule.h"
#include "server/service/svc_run.h"

static const char api_asks_command[] = "task";

static void
api_asks_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_ask *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_run(&s, &op->run);
		shape_reply(&s, c, op->again ? 200 : 201);
	}
	call_release(c);
}

/* {NAME: text}: a copy as text, or NULL without any. */
static int
api_asks_env(struct call *c, const struct json *env, char **out)
{
	AUTO_STR struct str text = STR_INIT;
	size_t bytes = 0;

	if (env == NULL || json_is_null(env) || json_count(env) == 0)
		return 0;
	if (!json_is_object(env) || json_count(env) > RUN_ENV_COUNT_MAX) {
		call_reply_error(c, 422, "env: want at most %d names",
		    (int)RUN_ENV_COUNT_MAX);
		return -1;
	}
	for (const struct json *v = json_first(env); v != NULL;
	     v = json_next(v)) {
		const char *value = json_string(v);

		if (value == NULL || !run_rule_env_ok(json_key(v), value)) {
			call_reply_error(c, 422,
			    "env: %.64s cannot be set: a name is letters, "
			    "digits and _, not one that the run has already, "
			    "a value is one line",
			    json_key(v));
			return -1;
		}
		bytes += strlen(json_key(v)) + strlen(value);
	}
	if (bytes > RUN_ENV_MAX) {
		call_reply_error(
		    c, 422, "env: over %d bytes", (int)RUN_ENV_MAX);
		return -1;
	}
	json_print(env, &text);
	*out = str_steal(&text);
	return 0;
}

static int
api_asks_fields(struct call *c, const struct json *j, struct svc_run_ask *op)
{
	int access = ACCESS_WRITE, network = 0;

	if (api_need(c, j, "task", RUN_TASK_MAX, &op->task) == -1 ||
	    api_text(c, j, "command", RUN_COMMAND_MAX, &op->command) == -1 ||
	    api_word(c, j, "access", access_parse, &access) == -1 ||
	    api_text(c, j, "agent", 64, &op->agent) == -1 ||
	    api_word(c, j, "network", network_parse, &network) == -1 ||
	    api_i64(c, j, "wall_s", 1, RUN_WALL_MAX_S, &op->wall_s) == -1 ||
	    api_i64(c, j, "budget", 1, RUN_BUDGET_MAX, &op->budget) == -1 ||
	    api_text(c, j, "base", 255, &op->base) == -1 ||
	    api_text(c, j, "key", RUN_KEY_MAX, &op->key) == -1 ||
	    api_asks_env(c, json_get(j, "env"), &op->env) == -1)
		return -1;
	if (access == ACCESS_NONE) {
		call_reply_error(c, 422, "access: want read, scratch or write");
		return -1;
	}
	if (op->key != NULL && !run_rule_key_ok(op->key)) {
		call_reply_error(c, 422,
		    "key: want 1 to %d of A-Z a-z 0-9 . _ -", RUN_KEY_MAX);
		return -1;
	}
	op->access = (enum access_level)access;
	op->network = (enum network_mode)network;
	return 0;
}

/* "" is as good as absent. */
static void
api_asks_absent(char **text)
{
	if (*text == NULL || **text != '\0')
		return;
	free(*text);
	*text = NULL;
}

static void
api_asks_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_run_ask *op;

	if (project == 0)
		return;
	op = svc_run_ask_new(api_svc(c), call_who(c));
	op->project_id = project;
	if (api_asks_fields(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	api_asks_absent(&op->agent);
	api_asks_absent(&op->base);
	api_asks_absent(&op->command);
	if (op->command == NULL)
		op->command = xstrdup(api_asks_command);
	call_hold(c);
	svc_run_ask(op, api_asks_made, c);
}

static void
api_asks_create(struct call *c)
{
	call_take_json(c, api_asks_on_body);
}

const struct route api_asks_routes[] = {
	{ "POST", "/api/coffer/v1/projects/{o}/{r}/runs", ROUTE_USER,
	    api_asks_create },
	{ .method = NULL },
};
