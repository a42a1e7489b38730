#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

static int
check_list(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX], ago[32];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct out_table *t;
	int64_t n;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("check list: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "check list");
	path = xasprintf(
	    "/api/coffer/v1/ci/jobs?project=%s&pull=%" PRId64, full, n);
	if (remote_get(c, path, &j, &e) == -1)
		return cli_fail(c, &e, "check list %s#%" PRId64, full, n);
	if (c->g.json) {
		out_json(j);
		json_free(j);
		return CLI_OK;
	}
	t = out_table_new(6);
	out_cell(t, "job");
	out_cell(t, "check");
	out_cell(t, "state");
	out_cell(t, "head");
	out_cell(t, "ended");
	out_cell(t, "why");
	for (const struct json *k = json_first(j); k != NULL;
	     k = json_next(k)) {
		out_cellf(t, "%" PRId64, json_i64_or(k, "id", 0));
		out_cell(t, json_str_or(k, "name", NULL));
		out_cell_state(t, json_str_or(k, "state", NULL));
		if (json_bool_or(k, "merge", false))
			out_cellf(t, "%.12s into %.12s",
			    json_str_or(k, "sha", "-"),
			    json_str_or(k, "base_sha", "-"));
		else
			out_cellf(t, "%.12s", json_str_or(k, "sha", "-"));
		out_cell(t, out_ago(json_str_or(k, "ended_at", NULL), ago));
		out_cell(t, json_str_or(k, "why", NULL));
	}
	out_table_print(t, c);
	json_free(j);
	return CLI_OK;
}

static int
check_logs(struct cli *c, const void *args, int argc, char **argv)
{
	struct remote_text text = { .fn = out_log, .arg = c };
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	int64_t id;

	(void)args;
	(void)argc;
	if (num_i64(argv[0], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("check logs: %s", e.msg);
	path = xasprintf("/api/coffer/v1/ci/jobs/%" PRId64 "/log", id);
	text.path = path;
	if (remote_text(c, &text, &e) == -1)
		return cli_fail(c, &e, "log of job %" PRId64, id);
	return CLI_OK;
}

const struct command cmd_check[] = {
	{ .name = "check list",
	    .group = "Runs and checks",
	    .summary = "the CI jobs of a pull request",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = check_list },
	{ .name = "check logs",
	    .group = "Runs and checks",
	    .summary = "what a CI job wrote",
	    .usage = "JOB",
	    .min = 1,
	    .max = 1,
	    .run = check_logs },
	{ .name = NULL },
};
