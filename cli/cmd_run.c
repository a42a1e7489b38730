#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct run_args {
	const char *state, *item;
	int64_t timeout_ms;
	bool follow;
};

static void
run_rows(const struct cli *c, const struct json *j)
{
	struct out_table *t = out_table_new(7);
	char ago[32];

	out_cell(t, "run");
	out_cell(t, "state");
	out_cell(t, "command");
	out_cell(t, "item");
	out_cell(t, "branch");
	out_cell(t, "made");
	out_cell(t, "why");
	for (const struct json *r = json_first(j); r != NULL;
	     r = json_next(r)) {
		out_cellf(t, "%" PRId64, json_i64_or(r, "id", 0));
		out_cell_state(t, json_str_or(r, "state", NULL));
		out_cell(t, json_str_or(r, "command", NULL));
		if (json_i64_or(r, "item", 0) == 0)
			out_cell(t, NULL);
		else
			out_cellf(t, "#%" PRId64, json_i64_or(r, "item", 0));
		out_cell(t, json_str_or(r, "branch", NULL));
		out_cell(t, out_ago(json_str_or(r, "created_at", NULL), ago));
		out_cell(t, json_str_or(r, "why", NULL));
	}
	out_table_print(t, c);
}

static int
run_list(struct cli *c, const void *args, int argc, char **argv)
{
	const struct run_args *a = args;
	AUTO_STR struct str path = STR_INIT;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t n;

	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "run list");
	str_addf(&path, "/api/coffer/v1/runs?project=%s&limit=50", full);
	if (a->state != NULL) {
		str_add(&path, "&state=");
		esc_url(&path, view_of(a->state));
	}
	if (a->item != NULL) {
		if (target_item(a->item, &n, &e) == -1)
			return cli_usage("run list: %s", e.msg);
		str_addf(&path, "&item=%" PRId64, n);
	}
	if (remote_get(c, str_cstr(&path), &j, &e) == -1)
		return cli_fail(c, &e, "run list %s", full);
	if (c->g.json)
		out_json(j);
	else
		run_rows(c, j);
	json_free(j);
	return CLI_OK;
}

static struct json *
run_load(struct cli *c, const char *arg, int64_t *id, struct err *e)
{
	AUTO_FREE char *path = NULL;
	struct json *j = NULL;

	*id = 0;
	if (num_i64(arg, 1, INT64_MAX, id, e) == -1)
		return NULL;
	path = xasprintf("/api/coffer/v1/runs/%" PRId64, *id);
	if (remote_get(c, path, &j, e) == -1)
		return NULL;
	return j;
}

/* id: 0, it is none. */
static int
run_not_loaded(
    const struct cli *c, const char *arg, int64_t id, const struct err *e)
{
	return id == 0 ? cli_usage("run: %s (`coffer run list PROJECT` has the "
				   "numbers)",
			     e->msg)
		       : cli_fail(c, e, "run %s", arg);
}

static void
run_print(const struct cli *c, const struct json *r)
{
	static const struct {
		const char *label, *key;
	} rows[] = {
		{ "command", "command" },
		{ "access", "access" },
		{ "agent", "agent" },
		{ "network", "network" },
		{ "branch", "branch" },
		{ "base", "base" },
		{ "base commit", "base_sha" },
		{ "made", "created_at" },
		{ "started", "started_at" },
		{ "ended", "ended_at" },
		{ "why", "why" },
	};
	const struct json *code = json_get(r, "exit_code");

	(void)printf("run %" PRId64 " of ", json_i64_or(r, "id", 0));
	out_text(stdout, json_str_or(json_get(r, "project"), "full_name", "-"));
	if (json_i64_or(r, "item", 0) != 0)
		(void)printf("#%" PRId64, json_i64_or(r, "item", 0));
	(void)printf(": ");
	out_paint(c, stdout, out_state_colour(json_str_or(r, "state", "")),
	    json_str_or(r, "state", "-"));
	(void)printf("\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *v = json_str_or(r, rows[i].key, NULL);

		if (v == NULL || v[0] == '\0')
			continue;
		(void)printf("  %-12s ", rows[i].label);
		out_text(stdout, v);
		(void)printf("\n");
	}
	if (code != NULL && !json_is_null(code))
		(void)printf("  %-12s %" PRId64 "\n", "exit code",
		    json_i64_or(r, "exit_code", 0));
	if (json_i64_or(r, "pull", 0) != 0)
		(void)printf("  %-12s #%" PRId64 "\n", "pull request",
		    json_i64_or(r, "pull", 0));
	if (json_str_or(r, "message", "")[0] != '\0') {
		(void)printf("\n");
		out_block(stdout, json_str_or(r, "message", ""), "    ");
	}
}

static int
run_show(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct json *j;
	int64_t id;

	(void)args;
	(void)argc;
	if ((j = run_load(c, argv[0], &id, &e)) == NULL)
		return run_not_loaded(c, argv[0], id, &e);
	if (c->g.json)
		out_json(j);
	else
		run_print(c, j);
	json_free(j);
	return CLI_OK;
}

static int
run_logs(struct cli *c, const void *args, int argc, char **argv)
{
	const struct run_args *a = args;
	struct remote_text text = {
		.follow = a->follow, .fn = out_log, .arg = c
	};
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	int64_t id;

	(void)argc;
	if (num_i64(argv[0], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("run logs: %s", e.msg);
	path = xasprintf("/api/coffer/v1/runs/%" PRId64 "/log?offset=0%s", id,
	    a->follow ? "&follow=1" : "");
	text.path = path;
	if (remote_text(c, &text, &e) == -1)
		return cli_fail(c, &e, "log of run %" PRId64, id);
	return CLI_OK;
}

static int
run_cancel(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t id;
	int rc;

	(void)args;
	(void)argc;
	if (num_i64(argv[0], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("run cancel: %s", e.msg);
	path = xasprintf("/api/coffer/v1/runs/%" PRId64 "/cancel", id);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST", .path = path }, &j, NULL,
	    &e);
	if (rc == -1)
		return cli_fail(c, &e, "cancel run %" PRId64, id);
	if (rc == 0 && c->g.json)
		(void)printf("{\"cancelling\":%" PRId64 "}\n", id);
	else if (rc == 0)
		(void)printf("run %" PRId64 " is being cancelled\n", id);
	json_free(j);
	return CLI_OK;
}

static bool
run_state_ends(const char *state)
{
	static const char *const ends[] = { "done", "failed", "cancelled",
		"timed_out", "budget" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(ends[i], state) == 0)
			return true;
	return false;
}

static bool
run_on_event(const struct json *ev, void *arg)
{
	const int64_t *id = arg;
	const struct json *data = json_get(ev, "data");

	return strcmp(json_str_or(ev, "kind", ""), "run.updated") == 0 &&
	    json_i64_or(data, "run", 0) == *id &&
	    run_state_ends(json_str_or(data, "state", ""));
}

static int
run_wait(struct cli *c, const void *args, int argc, char **argv)
{
	const struct run_args *a = args;
	struct follow f = { .limit_ms = a->timeout_ms, .fn = run_on_event };
	struct err e = ERR_INIT;
	struct json *j;
	int64_t id;
	int rc;

	(void)argc;
	if ((j = run_load(c, argv[0], &id, &e)) == NULL)
		return run_not_loaded(c, argv[0], id, &e);
	if (!run_state_ends(json_str_or(j, "state", ""))) {
		f.project = json_i64_or(json_get(j, "project"), "id", 0);
		f.after = json_i64_or(j, "event", 0);
		f.arg = &id;
		json_free(j);
		if (follow_events(c, &f, &e) == -1)
			return cli_fail(c, &e, "run %" PRId64, id);
		if ((j = run_load(c, argv[0], &id, &e)) == NULL)
			return run_not_loaded(c, argv[0], id, &e);
	}
	if (c->g.json)
		out_json(j);
	else
		run_print(c, j);
	rc = strcmp(json_str_or(j, "state", ""), "done") == 0 ? CLI_OK
							      : CLI_FAILED;
	json_free(j);
	return rc;
}

static int
run_set_paused(struct cli *c, const char *project, bool paused)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *p = target_load(c, project, &e), *j = NULL;
	int rc;

	if (p == NULL)
		return cli_fail(c, &e, "%s", project);
	path = xasprintf(
	    "/api/coffer/v1/projects/%s", json_str_or(p, "full_name", ""));
	str_addf(&body, "{\"settings\":{\"runs_paused\":%s}}",
	    paused ? "true" : "false");
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "PATCH", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		rc = cli_fail(c, &e, "%s", project);
	else if (rc == 0 && c->g.json)
		(void)printf(
		    "{\"runs_paused\":%s}\n", paused ? "true" : "false");
	else if (rc == 0)
		out_fmt(stdout, "%s: %s\n", json_str_or(p, "full_name", ""),
		    paused ? "orders wait" : "orders start");
	else
		rc = CLI_OK;
	json_free(j);
	json_free(p);
	return rc;
}

static int
run_pause(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return run_set_paused(c, argv[0], true);
}

static int
run_resume(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return run_set_paused(c, argv[0], false);
}

static int
run_watch(struct cli *c, const void *args, int argc, char **argv)
{
	const struct run_args a = { .follow = true };
	struct err e = ERR_INIT;
	struct json *j;
	int64_t id;
	int rc;

	(void)args;
	if ((j = run_load(c, argv[0], &id, &e)) == NULL)
		return run_not_loaded(c, argv[0], id, &e);
	cli_note("run %" PRId64 " is %s", id, json_str_or(j, "state", "-"));
	json_free(j);
	rc = run_logs(c, &a, argc, argv);
	(void)fflush(stdout);
	if (rc != CLI_OK)
		return rc;
	if ((j = run_load(c, argv[0], &id, &e)) == NULL)
		return run_not_loaded(c, argv[0], id, &e);
	cli_note("run %" PRId64 " is %s", id, json_str_or(j, "state", "-"));
	rc = strcmp(json_str_or(j, "state", ""), "done") == 0 ? CLI_OK
							      : CLI_FAILED;
	json_free(j);
	return rc;
}

#define RUN(field) offsetof(struct run_args, field)

static const struct command_option run_list_options[] = {
	{ 's', OPT_STR, "state", RUN(state), "STATE",
	    "queued, running, done ..." },
	{ 'i', OPT_STR, "item", RUN(item), "N",
	    "of this issue or pull request" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option run_logs_options[] = {
	{ 'f', OPT_FLAG, "follow", RUN(follow), NULL, "until the run ends" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option run_wait_options[] = {
	{ 't', OPT_MS, "timeout", RUN(timeout_ms), "TIME",
	    "give up, exit code 124" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_run[] = {
	{ .name = "run list",
	    .group = "Runs and checks",
	    .summary = "list an agent's runs",
	    .usage = "PROJECT [--state STATE]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct run_args),
	    .options = run_list_options,
	    .run = run_list },
	{ .name = "run show",
	    .group = "Runs and checks",
	    .summary = "one run",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = run_show },
	{ .name = "run logs",
	    .group = "Runs and checks",
	    .summary = "what a run wrote",
	    .usage = "ID [-f]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct run_args),
	    .options = run_logs_options,
	    .run = run_logs },
	{ .name = "run watch",
	    .group = "Runs and checks",
	    .summary = "what a run does, while it does it (0: done)",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = run_watch },
	{ .name = "run wait",
	    .group = "Runs and checks",
	    .summary = "wait until it is over (0: done, 1: anything else)",
	    .usage = "ID [--timeout TIME]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct run_args),
	    .options = run_wait_options,
	    .run = run_wait },
	{ .name = "run cancel",
	    .group = "Runs and checks",
	    .summary = "stop it",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = run_cancel },
	{ .name = "run pause",
	    .group = "Runs and checks",
	    .summary = "let a project's orders wait; what runs goes on",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = run_pause },
	{ .name = "run resume",
	    .group = "Runs and checks",
	    .summary = "let them start",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = run_resume },
	{ .name = NULL },
};
