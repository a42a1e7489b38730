/* cmd_top: what projects use now, the busiest first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/gatewaylink.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/sandbox_use.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	TOP_ROWS = 40,
	TOP_RUNS = 50, /* of a page of the API */
	TOP_COLUMNS = 11,
	TOP_EVERY_MS = 2000,
	TOP_EVERY_MIN_MS = 200
};

struct top_args {
	int64_t every_ms;
	uint64_t times;
};

struct top_row {
	const struct json *project;
	int64_t id, cpu, memory, runs, blocked, cost; /* -1: not known */
};

/* How many of them are in project id, by a list of rows that have it. */
static int64_t
top_runs(const struct json *runs, int64_t id)
{
	int64_t n = 0;

	for (const struct json *r = json_first(runs); r != NULL;
	     r = json_next(r))
		n += json_i64_or(json_get(r, "project"), "id", 0) == id;
	return n;
}

/* Names and addresses that the sandbox was refused lately. */
static int64_t
top_blocked(struct cli *c, const char *full)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/network/log?of=blocked&limit=%d", full,
	    (int)TOP_RUNS);
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t n;

	if (remote_get(c, path, &j, &e) == -1)
		return -1;
	n = (int64_t)json_count(j);
	json_free(j);
	return n;
}

/* Only root may ask the gateway, and only where one runs. */
static int64_t
top_cost(struct cli *c, int64_t project)
{
	AUTO_STR struct str order = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t spent;
	struct jw w;

	if (geteuid() != 0)
		return -1;
	jw_init(&w, &order);
	jw_object(&w, NULL);
	jw_str(&w, "op", "usage");
	jw_str(&w, "scope", "project_day");
	jw_i64(&w, "project", project);
	jw_end(&w);
	if (gatewaylink_ask(c, &order, &j, &e) == -1)
		return -1;
	spent = json_i64_or(j, "spent", 0);
	json_free(j);
	return spent;
}

static int
top_compare(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? 1 : -1;
	if (x->memory != y->memory)
		return x->memory < y->memory ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void
top_fill(struct cli *c, struct top_row *r, const struct json *runs)
{
	r->runs = top_runs(runs, r->id);
	r->blocked = top_blocked(c, json_str_or(r->project, "full_name", ""));
	r->cost = top_cost(c, r->id);
}

static void
top_number(struct out_table *t, int64_t n, int64_t most)
{
	if (n < 0)
		out_cell(t, NULL);
	else
		out_cellf(t, "%" PRId64 "%s", n, n >= most ? "+" : "");
}

static void
top_print_row(struct out_table *t, const struct top_row *r)
{
	const struct json *s = json_get(r->project, "sandbox");
	const struct json *use = json_get(s, "use");
	AUTO_STR struct str cost = STR_INIT;
	char text[32];

	out_cell(t, json_str_or(r->project, "full_name", NULL));
	out_cell_state(t, json_str_or(s, "state", NULL));
	if (r->cpu < 0)
		out_cell(t, NULL);
	else
		out_cellf(t, "%.2f", (double)r->cpu / 1000);
	out_cell(t, sandbox_use_size(r->memory, text));
	top_number(t, json_i64_or(use, "pids", -1), INT64_MAX);
	top_number(t, r->runs, TOP_RUNS);
	out_cell(
	    t, json_str_or(json_get(r->project, "settings"), "network", NULL));
	out_cell(t, sandbox_use_size(json_i64_or(use, "net_sent", -1), text));
	out_cell(
	    t, sandbox_use_size(json_i64_or(use, "net_received", -1), text));
	top_number(t, r->blocked, TOP_RUNS);
	if (r->cost >= 0)
		money_put(&cost, r->cost);
	out_cell(t, r->cost < 0 ? NULL : str_cstr(&cost));
}

static void
top_print(const struct cli *c, const struct top_row *rows, size_t n, size_t all)
{
	static const char *const head[TOP_COLUMNS] = { "project", "sandbox",
		"cpu", "memory", "processes", "runs", "network", "sent",
		"received", "blocked", "spent today" };
	struct out_table *t = out_table_new(TOP_COLUMNS);

	if (c->terminal)
		(void)printf("\033[H\033[2J");
	for (size_t i = 0; i < TOP_COLUMNS; i++)
		out_cell(t, head[i]);
	for (size_t i = 0; i < n; i++)
		top_print_row(t, &rows[i]);
	out_table_print(t, c);
	if (all > n)
		(void)printf("and %zu more\n", all - n);
	else if (all == 0)
		(void)printf("no projects yet; `coffer create URL` makes "
			     "one\n");
}

static void
top_json(const struct top_row *rows, size_t n)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct top_row *r = &rows[i];
		const struct json *use = json_get(
		    json_get(r->project, "sandbox"), "use");

		jw_object(&w, NULL);
		jw_str(&w, "project", json_str_or(r->project, "full_name", ""));
		jw_i64(&w, "cpu_milli", r->cpu);
		jw_i64(&w, "memory", r->memory);
		jw_i64(&w, "net_sent", json_i64_or(use, "net_sent", -1));
		jw_i64(
		    &w, "net_received", json_i64_or(use, "net_received", -1));
		jw_i64(&w, "runs", r->runs);
		jw_i64(&w, "blocked", r->blocked);
		jw_i64(&w, "spent_today_micros", r->cost);
		jw_end(&w);
	}
	jw_end(&w);
	out_json_line(&out);
}

static int
top_show(struct cli *c)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs?state=running&limit=%d", (int)TOP_RUNS);
	AUTO_FREE struct top_row *rows = NULL;
	struct json *list = NULL, *runs = NULL;
	struct err e = ERR_INIT;
	size_t n = 0, shown;

	if ((list = target_list(c, &e)) == NULL ||
	    remote_get(c, path, &runs, &e) == -1) {
		json_free(list);
		return cli_fail(c, &e, "top");
	}
	rows = xcalloc(json_count(list) + 1, sizeof(*rows));
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p), n++) {
		const struct json *use = json_get(
		    json_get(p, "sandbox"), "use");

		rows[n] = (struct top_row){ .project = p,
			.id = json_i64_or(p, "id", 0),
			.cpu = json_i64_or(use, "cpu_milli", -1),
			.memory = json_i64_or(use, "memory", -1) };
	}
	qsort(rows, n, sizeof(*rows), top_compare);
	shown = n < TOP_ROWS ? n : TOP_ROWS;
	for (size_t i = 0; i < shown; i++)
		top_fill(c, &rows[i], runs);
	if (c->g.json)
		top_json(rows, shown);
	else
		top_print(c, rows, shown, n);
	json_free(runs);
	json_free(list);
	return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

static int
top_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct top_args *a = args;
	int64_t every = a->every_ms == 0 ? TOP_EVERY_MS : a->every_ms;
	/* A pipe wants one table, a person the newest. */
	uint64_t times = a->times != 0 ? a->times : c->terminal ? 0 : 1;

	(void)argc;
	(void)argv;
	if (every < TOP_EVERY_MIN_MS)
		return cli_usage(
		    "top: --every: at least %d ms", (int)TOP_EVERY_MIN_MS);
	for (uint64_t i = 0;; i++) {
		int rc = top_show(c);

		if (rc != CLI_OK || (times != 0 && i + 1 >= times))
			return rc;
		(void)usleep((useconds_t)(every * 1000));
	}
}

#define TOP(field) offsetof(struct top_args, field)

static const struct command_option top_options[] = {
	{ 0, OPT_MS, "every", TOP(every_ms), "TIME", "again after it (2s)" },
	{ 0, OPT_U64, "times", TOP(times), "N",
	    "so often (once, where no terminal is)" },
	{ .name = NULL },
};

const struct command cmd_top[] = {
	{ .name = "top",
	    .group = "Service",
	    .summary = "what projects use now, the busiest first",
	    .usage = "[--every TIME] [--times N]",
	    .args_size = sizeof(struct top_args),
	    .options = top_options,
	    .run = top_run,
	    .more = "The 40 busiest.  `sent` and `received`: bytes over the "
		    "sandbox's link since it was\nmade.  `blocked`: names and "
		    "addresses that it was refused lately; what was\nspent is "
		    "for root, where the gateway runs." },
	{ .name = NULL },
};
