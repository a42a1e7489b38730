/* cmd_record: what is kept of a run: looked at, checked, compared. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/record.h"
#include "cli/tables.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

struct record_args {
	const char *output;
};

enum {
	RECORD_VALUE_MAX = 256
};

/* What is told of a record: a row, and where it stands in the manifest. */
static const struct {
	const char *label, *at[3];
} record_rows[] = {
	{ "state", { "state" } },
	{ "why", { "why" } },
	{ "project", { "facts", "project" } },
	{ "item", { "facts", "item" } },
	{ "command", { "facts", "command" } },
	{ "asked by", { "facts", "actor" } },
	{ "agent", { "facts", "agent" } },
	{ "version", { "agent", "version" } },
	{ "model", { "agent", "model" } },
	{ "access", { "facts", "access" } },
	{ "network", { "facts", "network" } },
	{ "exit code", { "exit_code" } },
	{ "began", { "facts", "began_ms" } },
	{ "sealed", { "made_ms" } },
	{ "turns", { "agent", "usage", "turns" } },
	{ "tokens in", { "agent", "usage", "input" } },
	{ "tokens out", { "agent", "usage", "output" } },
	{ "cost (1e-6 $)", { "agent", "usage", "cost_micros" } },
	{ "CPU (ms)", { "resources", "cpu_ms" } },
	{ "memory peak", { "resources", "memory_peak" } },
	{ "processes peak", { "resources", "pids_peak" } },
	{ "files changed", { "patch", "files" } },
	{ "lines added", { "patch", "added" } },
	{ "lines deleted", { "patch", "deleted" } },
	{ "base commit", { "patch", "base" } },
	{ "tree", { "patch", "tree" } },
	{ "commit", { "patch", "commit" } },
	{ "prompt SHA-256", { "prompt_sha256" } },
	{ "events", { "events", "count" } },
	{ "head", { "events", "head" } },
};

/* Milliseconds since 1970, not of a duration. */
static bool
record_is_time(const char *key)
{
	return strcmp(key, "began_ms") == 0 || strcmp(key, "made_ms") == 0;
}

/* False: it has none. */
static bool
record_value(const struct record *r, size_t row, char out[RECORD_VALUE_MAX])
{
	const struct json *j = r->manifest;
	char when[CLOCK_TEXT_MAX];
	const char *s, *key = "";

	for (size_t i = 0; i < 3 && record_rows[row].at[i] != NULL; i++) {
		key = record_rows[row].at[i];
		j = json_get(j, key);
	}
	if (j == NULL || json_is_null(j))
		return false;
	s = json_string(j);
	if (s != NULL)
		(void)snprintf(out, RECORD_VALUE_MAX, "%s", s);
	else if (record_is_time(key) && json_integer(j, 0) > 0)
		(void)snprintf(out, RECORD_VALUE_MAX, "%s",
		    clock_rfc3339(json_integer(j, 0), when));
	else
		(void)snprintf(
		    out, RECORD_VALUE_MAX, "%" PRId64, json_integer(j, -1));
	return out[0] != '\0' && strcmp(out, "-1") != 0;
}

/* Of the manifest, what it says of a file; NULL: it is the manifest. */
static const struct json *
record_entry(const struct record *r, const char *name)
{
	const struct json *files = json_get(r->manifest, "files");

	for (const struct json *j = json_first(files); j != NULL;
	     j = json_next(j))
		if (strcmp(json_str_or(j, "name", ""), name) == 0)
			return j;
	return NULL;
}

static int
run_inspect(struct cli *c, const void *args, int argc, char **argv)
{
	char value[RECORD_VALUE_MAX];
	struct err e = ERR_INIT;
	struct record r;
	int rc;

	(void)args;
	(void)argc;
	rc = record_load(c, argv[0], &r, &e);
	if (rc == -1) {
		record_release(&r);
		return cli_fail(c, &e, "record of run %s", argv[0]);
	}
	if (c->g.json) {
		out_json(r.manifest);
		record_release(&r);
		return CLI_OK;
	}
	(void)printf("run %" PRId64 "\n", r.run);
	for (size_t i = 0; i < sizeof(record_rows) / sizeof(record_rows[0]);
	     i++) {
		if (!record_value(&r, i, value))
			continue;
		(void)printf("  %-15s ", record_rows[i].label);
		out_text(stdout, value);
		(void)printf("\n");
	}
	(void)printf("  %-15s %s, %s\n", "manifest", r.sha,
	    r.is_signed ? "signed by this installation"
			: "signature not checked: HOME/prove.pub is not here");
	for (size_t i = 0; i < r.n; i++)
		out_fmt(stdout, "  %-15s %zu bytes%s\n", r.files[i].name,
		    r.files[i].bytes.len,
		    json_bool_or(
			record_entry(&r, r.files[i].name), "cut", false)
			? ", cut off"
			: "");
	record_release(&r);
	return CLI_OK;
}

/* NULL: its patch can be applied. */
static const char *
record_unreplayable(const struct record *r)
{
	const struct json *j = record_entry(r, "patch.diff");

	if (json_get(r->manifest, "patch") == NULL)
		return "there is no patch: it could not write, or wrote "
		       "nothing "
		       "that was looked at";
	if (json_bool_or(j, "cut", false))
		return "its patch is cut off";
	if (json_i64_or(j, "masked", 0) > 0)
		return "secrets in its patch are masked";
	return NULL;
}

static int
run_replay(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	const char *why = NULL;
	struct record r;
	int rc;

	(void)args;
	(void)argc;
	rc = record_load(c, argv[0], &r, &e);
	if (rc == 0) {
		(void)printf("run %" PRId64 ": the record is whole%s\n", r.run,
		    r.is_signed ? " and signed by this installation"
				: "; its signature was not checked");
		why = record_unreplayable(&r);
		if (why == NULL)
			rc = record_replay(c, &r, &e);
	}
	if (rc == 0 && why != NULL)
		(void)printf("nothing is replayed: %s\n", why);
	else if (rc == 0)
		out_fmt(stdout,
		    "its patch on %.12s gives the tree %.12s again\n",
		    json_str_or(json_get(r.manifest, "patch"), "base", ""),
		    json_str_or(json_get(r.manifest, "patch"), "tree", ""));
	record_release(&r);
	return rc == -1 ? cli_fail(c, &e, "replay of run %s", argv[0]) : CLI_OK;
}

static void
record_compare(const struct cli *c, const struct record r[2])
{
	struct out_table *t = out_table_new(4);
	char value[2][RECORD_VALUE_MAX];

	out_cell(t, "");
	out_cellf(t, "run %" PRId64, r[0].run);
	out_cellf(t, "run %" PRId64, r[1].run);
	out_cell(t, "");
	for (size_t i = 0; i < sizeof(record_rows) / sizeof(record_rows[0]);
	     i++) {
		bool has = record_value(&r[0], i, value[0]);
		bool had = record_value(&r[1], i, value[1]);

		if (!has && !had)
			continue;
		out_cell(t, record_rows[i].label);
		out_cell(t, has ? value[0] : "-");
		out_cell(t, had ? value[1] : "-");
		out_cell(t,
		    has == had && strcmp(value[0], value[1]) == 0 ? "same"
								  : "");
	}
	out_table_print(t, c);
}

static int
run_compare(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct record r[2] = { { .n = 0 }, { .n = 0 } };
	int rc = 0;

	(void)args;
	(void)argc;
	for (int i = 0; rc == 0 && i < 2; i++)
		if (record_load(c, argv[i], &r[i], &e) == -1)
			rc = cli_fail(c, &e, "record of run %s", argv[i]);
	if (rc == 0 && c->g.json) {
		(void)printf("[");
		out_json(r[0].manifest);
		(void)printf(",");
		out_json(r[1].manifest);
		(void)printf("]\n");
	} else if (rc == 0) {
		record_compare(c, r);
	}
	record_release(&r[0]);
	record_release(&r[1]);
	return rc;
}

static int
run_report(struct cli *c, const void *args, int argc, char **argv)
{
	const struct record_args *a = args;
	const struct ustar_file *f = NULL;
	struct err e = ERR_INIT;
	struct record r;
	int rc;

	(void)argc;
	rc = record_load(c, argv[0], &r, &e);
	if (rc == 0) {
		f = record_file(
		    &r, a->output == NULL ? "report.md" : "report.html");
		if (f == NULL)
			rc = err_set(&e, ERR_NOTFOUND, "it has no report");
	}
	if (rc == 0 && a->output != NULL)
		rc = path_write_atomic(
		    a->output, f->bytes.p, f->bytes.len, 0600, &e);
	else if (rc == 0)
		(void)out_log(f->bytes, c);
	record_release(&r);
	return rc == -1 ? cli_fail(c, &e, "report of run %s", argv[0]) : CLI_OK;
}

#define RECORD(field) offsetof(struct record_args, field)

static const struct command_option run_report_options[] = {
	{ 'o', OPT_STR, "output", RECORD(output), "FILE",
	    "as one HTML file instead" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_record[] = {
	{ .name = "run inspect",
	    .group = "Runs and checks",
	    .summary = "the record of a run that ended",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = run_inspect,
	    .more = "Every file of it is checked against the manifest, the "
		    "events against their hashes, and the manifest against "
		    "the signature of this installation." },
	{ .name = "run report",
	    .group = "Runs and checks",
	    .summary = "the report of a run, as Markdown or HTML",
	    .usage = "ID [-o FILE]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct record_args),
	    .options = run_report_options,
	    .run = run_report },
	{ .name = "run replay",
	    .group = "Runs and checks",
	    .summary = "check a record and apply its patch on a fresh tree",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = run_replay,
	    .more = "The agent does not run again.  The commit that it began "
		    "from is fetched into a folder of its own, and the patch "
		    "must give the same tree.  Exit status 3: it does not, or "
		    "the record was changed." },
	{ .name = "run compare",
	    .group = "Runs and checks",
	    .summary = "two runs beside each other",
	    .usage = "A B",
	    .min = 2,
	    .max = 2,
	    .run = run_compare },
	{ .name = NULL },
};
