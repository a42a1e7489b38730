#include <inttypes.h>
#include <stddef.h>
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
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct finding_args {
	const char *reason;
};

#define FINDING_PATH "/api/coffer/v1/repos/%s/pulls/%" PRId64 "/findings"

static void
finding_rows(const struct cli *c, const struct json *list)
{
	struct out_table *t = out_table_new(6);

	out_cell(t, "id");
	out_cell(t, "severity");
	out_cell(t, "rule");
	out_cell(t, "where");
	out_cell(t, "state");
	out_cell(t, "what");
	for (const struct json *f = json_first(list); f != NULL;
	     f = json_next(f)) {
		const struct json *by = json_get(f, "dismissed");
		const char *file = json_str_or(f, "file", "");
		int64_t line = json_i64_or(f, "line", 0);

		out_cellf(t, "%" PRId64, json_i64_or(f, "id", 0));
		out_cell_state(t, json_str_or(f, "severity", NULL));
		out_cell(t, json_str_or(f, "rule", NULL));
		if (line > 0)
			out_cellf(t, "%s:%" PRId64, file, line);
		else
			out_cell(t, file[0] != '\0' ? file : "the change");
		if (json_is_object(by))
			out_cellf(t, "dismissed by %s: %s",
			    json_str_or(by, "by", "?"),
			    json_str_or(by, "reason", ""));
		else
			out_cell(t,
			    json_bool_or(f, "open", false) ? "open" : "told");
		out_cell(t, json_str_or(f, "message", NULL));
	}
	out_table_print(t, c);
}

static int
pr_findings(struct cli *c, const void *args, int argc, char **argv)
{
	char full[TARGET_FULL_MAX];
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t n;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("pr findings: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr findings");
	path = xasprintf(FINDING_PATH, full, n);
	if (remote_get(c, path, &j, &e) == -1)
		return cli_fail(c, &e, "pr findings %s#%" PRId64, full, n);
	if (c->g.json) {
		out_json(j);
	} else if (!json_bool_or(j, "known", false)) {
		cli_note("not looked at yet: the next question to the gate "
			 "does (coffer pr gate %s %" PRId64 ")",
		    full, n);
	} else if (json_count(json_get(j, "findings")) == 0) {
		cli_note("nothing was found");
	} else {
		finding_rows(c, json_get(j, "findings"));
	}
	json_free(j);
	return CLI_OK;
}

static int
pr_dismiss(struct cli *c, const void *args, int argc, char **argv)
{
	const struct finding_args *a = args;
	char full[TARGET_FULL_MAX];
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int64_t n;
	uint64_t id;
	int rc;

	(void)argc;
	if (a->reason == NULL)
		return cli_usage("pr dismiss: --reason TEXT says why it may "
				 "pass");
	if (target_item(argv[1], &n, &e) == -1 ||
	    num_u64(argv[2], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("pr dismiss: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr dismiss");
	path = xasprintf(FINDING_PATH "/%" PRIu64 "/dismiss", full, n, id);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "reason", a->reason);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "pr dismiss %s#%" PRId64, full, n);
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		cli_note("dismissed: %s", json_str_or(j, "rule", "?"));
	json_free(j);
	return CLI_OK;
}

static const struct command_option pr_dismiss_options[] = {
	{ 'r', OPT_STR, "reason", offsetof(struct finding_args, reason), "TEXT",
	    "why it may pass; on record" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_finding[] = {
	{ .name = "pr findings",
	    .group = "Work",
	    .summary = "what the checks of a fetch found in it",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = pr_findings },
	{ .name = "pr dismiss",
	    .group = "Work",
	    .summary = "let one finding pass the gate",
	    .usage = "PROJECT N FINDING --reason TEXT",
	    .min = 3,
	    .max = 3,
	    .args_size = sizeof(struct finding_args),
	    .options = pr_dismiss_options,
	    .run = pr_dismiss },
	{ .name = NULL },
};
