#include "cli/sandbox_use.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/target.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

const char *
sandbox_use_size(int64_t bytes, char buf[32])
{
	if (bytes < 0)
		(void)snprintf(buf, 32, "-");
	else if (bytes >= INT64_C(10) << 30)
		(void)snprintf(buf, 32, "%" PRId64 "G", bytes >> 30);
	else if (bytes >= INT64_C(1) << 30)
		(void)snprintf(buf, 32, "%.1fG",
		    (double)bytes / (double)(INT64_C(1) << 30));
	else
		(void)snprintf(
		    buf, 32, "%" PRId64 "M", (bytes + (1 << 20) - 1) >> 20);
	return buf;
}

static const char *
sandbox_use_cpu(int64_t milli, char buf[32])
{
	if (milli < 0)
		(void)snprintf(buf, 32, "-");
	else
		(void)snprintf(buf, 32, "%.2f", (double)milli / 1000);
	return buf;
}

static const char *
sandbox_use_count(int64_t n, char buf[32])
{
	if (n < 0)
		(void)snprintf(buf, 32, "-");
	else
		(void)snprintf(buf, 32, "%" PRId64, n);
	return buf;
}

typedef const char *sandbox_use_fn(int64_t n, char buf[32]);

static const struct {
	const char *name, *now, *max;
	sandbox_use_fn *text;
} sandbox_use_rows[] = {
	{ "memory", "memory", "memory_max", sandbox_use_size },
	{ "cpu", "cpu_milli", "cpu_max_milli", sandbox_use_cpu },
	{ "pids", "pids", "pids_max", sandbox_use_count },
	{ "disk", "disk", "disk_max", sandbox_use_size },
};

enum {
	SANDBOX_USE_ROWS = sizeof(sandbox_use_rows) /
	    sizeof(sandbox_use_rows[0])
};

void
sandbox_use_line(const struct json *project)
{
	const struct json *use = json_get(json_get(project, "sandbox"), "use");
	int64_t ooms = json_i64_or(use, "ooms", 0);

	if (!json_is_object(use))
		return;
	(void)printf("  use      ");
	for (size_t i = 0; i < SANDBOX_USE_ROWS; i++) {
		char a[32], b[32];

		(void)printf("%s %s %s of %s", i == 0 ? "" : ",",
		    sandbox_use_rows[i].name,
		    sandbox_use_rows[i].text(
			json_i64_or(use, sandbox_use_rows[i].now, -1), a),
		    sandbox_use_rows[i].text(
			json_i64_or(use, sandbox_use_rows[i].max, -1), b));
	}
	if (ooms > 0)
		(void)printf(", %" PRId64 " processes ended for memory", ooms);
	(void)printf("\n");
}

static void
sandbox_use_row(struct out_table *t, const struct json *p)
{
	const struct json *s = json_get(p, "sandbox");
	const struct json *use = json_get(s, "use");
	const char *cause = json_str_or(s, "cause", "");

	out_cell(t, json_str_or(p, "full_name", NULL));
	out_cell_state(t, json_str_or(s, "state", NULL));
	if (!json_bool_or(s, "served", true))
		cause = "no agentd";
	out_cell(t, cause[0] != '\0' ? cause : NULL);
	out_cellf(t, "%s%s",
	    json_str_or(json_get(p, "settings"), "network", ""),
	    json_bool_or(s, "lockdown", false) ? " LOCKED" : "");
	for (size_t i = 0; i < SANDBOX_USE_ROWS; i++) {
		char a[32], b[32];

		out_cellf(t, "%s/%s",
		    sandbox_use_rows[i].text(
			json_i64_or(use, sandbox_use_rows[i].now, -1), a),
		    sandbox_use_rows[i].text(
			json_i64_or(use, sandbox_use_rows[i].max, -1), b));
	}
}

static struct out_table *
sandbox_use_table(void)
{
	struct out_table *t = out_table_new(4 + SANDBOX_USE_ROWS);

	out_cell(t, "project");
	out_cell(t, "sandbox");
	out_cell(t, "cause");
	out_cell(t, "network");
	for (size_t i = 0; i < SANDBOX_USE_ROWS; i++)
		out_cell(t, sandbox_use_rows[i].name);
	return t;
}

static int
sandbox_use_show(struct cli *c, const char *project)
{
	struct err e = ERR_INIT;
	struct json *j = project != NULL ? target_load(c, project, &e)
					 : target_list(c, &e);
	struct out_table *t;

	if (j == NULL)
		return cli_fail(c, &e, "status");
	if (c->g.json) {
		out_json(j);
		(void)fflush(stdout);
		json_free(j);
		return CLI_OK;
	}
	if (c->terminal)
		(void)printf("\033[H\033[2J");
	t = sandbox_use_table();
	if (project != NULL)
		sandbox_use_row(t, j);
	else
		for (const struct json *p = json_first(j); p != NULL;
		     p = json_next(p))
			sandbox_use_row(t, p);
	out_table_print(t, c);
	(void)fflush(stdout);
	json_free(j);
	return CLI_OK;
}

int
sandbox_use_watch(
    struct cli *c, const char *project, int64_t every_ms, uint64_t times)
{
	for (uint64_t i = 0;; i++) {
		int rc = sandbox_use_show(c, project);

		if (rc != CLI_OK || (times != 0 && i + 1 >= times))
			return rc;
		(void)usleep((useconds_t)(every_ms * 1000));
	}
}

void
sandbox_use_warn(const struct json *project)
{
	const char *driver = json_str_or(
	    json_get(project, "sandbox"), "driver", "");

	if (strstr(driver, "no user namespace") != NULL)
		cli_note("warning: this engine gives a sandbox no user "
			 "namespace: the agent is a user of the host, one "
			 "of its own (docs/sandboxes.md, Drivers)");
}
