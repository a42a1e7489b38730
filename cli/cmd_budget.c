/* cmd_budget: what models may cost, and have cost. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gatewaylink.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct budget_args {
	const char *run, *item;
	bool today;
};

/* Whose: the words of an order. */
struct budget_who {
	const char *scope;
	int64_t run, project, item;
	char name[TARGET_FULL_MAX + 24]; /* for people */
};

static int
budget_project(
    struct cli *c, const char *project, struct budget_who *who, struct err *e)
{
	struct json *j = target_load(c, project, e);

	if (j == NULL)
		return -1;
	who->project = json_i64_or(j, "id", 0);
	(void)snprintf(who->name, sizeof(who->name), "%.*s", TARGET_FULL_MAX,
	    json_str_or(j, "full_name", project));
	json_free(j);
	return who->project > 0
	    ? 0
	    : err_set(e, ERR_PROTO, "cofferd sent a project without an id");
}

static int
budget_who(struct cli *c, const struct budget_args *a, const char *project,
    struct budget_who *who, struct err *e)
{
	size_t n;

	memset(who, 0, sizeof(*who));
	if ((a->run != NULL) + (a->item != NULL) + a->today > 1 ||
	    (a->run != NULL && project != NULL) ||
	    (a->item != NULL && project == NULL))
		return err_set(e, ERR_INVALID,
		    "expected PROJECT, PROJECT --item N, PROJECT --today, "
		    "--run ID, --today or nothing");
	if (project != NULL && budget_project(c, project, who, e) == -1)
		return -1;
	n = strlen(who->name);
	if (a->run != NULL) {
		who->scope = "run";
		(void)snprintf(
		    who->name, sizeof(who->name), "run %.20s", a->run);
		return num_i64(a->run, 1, INT64_MAX, &who->run, e) == -1
		    ? err_wrap(e, "--run")
		    : 0;
	}
	if (a->item != NULL) {
		who->scope = "item";
		(void)snprintf(who->name + n, sizeof(who->name) - n, "#%.12s",
		    a->item + (a->item[0] == '#'));
		return target_item(a->item, &who->item, e);
	}
	who->scope = project == NULL ? "all" : "project";
	if (a->today)
		who->scope = project == NULL ? "day" : "project_day";
	if (project == NULL)
		(void)snprintf(who->name, sizeof(who->name), "everything");
	if (a->today)
		(void)snprintf(who->name + strlen(who->name),
		    sizeof(who->name) - strlen(who->name), ", today");
	return 0;
}

/* micros -1: not said. */
static int
budget_ask(struct cli *c, const char *op, const struct budget_who *who,
    int64_t micros, struct json **out, struct err *e)
{
	AUTO_STR struct str order = STR_INIT;
	struct jw w;

	jw_init(&w, &order);
	jw_object(&w, NULL);
	jw_str(&w, "op", op);
	jw_str(&w, "scope", who->scope);
	if (who->run > 0)
		jw_i64(&w, "run", who->run);
	if (who->project > 0)
		jw_i64(&w, "project", who->project);
	if (who->item > 0)
		jw_i64(&w, "item", who->item);
	if (micros >= 0)
		jw_i64(&w, "micros", micros);
	jw_end(&w);
	if (c->g.dry_run && strcmp(op, "usage") != 0) {
		(void)printf("would tell the gateway %s\n", str_cstr(&order));
		*out = NULL;
		return 0;
	}
	return gatewaylink_ask(c, &order, out, e);
}

static void
budget_cell(struct out_table *t, int64_t micros, const char *zero)
{
	AUTO_STR struct str text = STR_INIT;

	money_put(&text, micros);
	out_cell(t, micros == 0 && zero != NULL ? zero : str_cstr(&text));
}

static void
budget_row(
    struct out_table *t, const struct budget_who *who, const struct json *j)
{
	out_cell(t, who->name);
	budget_cell(t, json_i64_or(j, "spent", 0), NULL);
	budget_cell(t, json_i64_or(j, "reserved", 0), "-");
	budget_cell(t, json_i64_or(j, "limit", 0), "none");
	out_cell_state(t, json_bool_or(j, "frozen", false) ? "frozen" : "open");
}

static struct out_table *
budget_table(void)
{
	static const char *const head[] = { "of", "spent", "reserved", "limit",
		"state" };
	struct out_table *t = out_table_new(5);

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	return t;
}

/* One account, or with --json its reply as it is. */
static int
budget_print(struct cli *c, const struct budget_who *who, struct json *j)
{
	struct out_table *t;

	if (j == NULL)
		return CLI_OK;
	if (c->g.json) {
		out_json(j);
	} else {
		t = budget_table();
		budget_row(t, who, j);
		out_table_print(t, c);
	}
	json_free(j);
	return CLI_OK;
}

static int
budget_show(struct cli *c, const void *args, int argc, char **argv)
{
	const char *project = argc > 0 ? argv[0] : NULL;
	struct budget_who who;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (budget_who(c, args, project, &who, &e) == -1 ||
	    budget_ask(c, "usage", &who, -1, &j, &e) == -1)
		return cli_fail(c, &e, "budget show");
	return budget_print(c, &who, j);
}

static int
budget_set(struct cli *c, const void *args, int argc, char **argv)
{
	const char *project = argc > 1 ? argv[0] : NULL;
	const char *dollars = argv[argc - 1];
	struct budget_who who;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t micros = -1;

	if (strcmp(dollars, "default") != 0 &&
	    money_parse(view_of(dollars), &micros, &e) == -1)
		return cli_usage("budget set: %s", e.msg);
	if (budget_who(c, args, project, &who, &e) == -1 ||
	    budget_ask(c, "limit", &who, micros, &j, &e) == -1)
		return cli_fail(c, &e, "budget set");
	return budget_print(c, &who, j);
}

static int
budget_freeze_or_thaw(struct cli *c, const struct budget_args *a,
    const char *project, const char *op)
{
	struct budget_who who;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (budget_who(c, a, project, &who, &e) == -1 ||
	    budget_ask(c, op, &who, -1, &j, &e) == -1)
		return cli_fail(c, &e, "budget %s", op);
	json_free(j);
	j = NULL;
	if (!c->g.dry_run && budget_ask(c, "usage", &who, -1, &j, &e) == -1)
		return cli_fail(c, &e, "budget %s", op);
	return budget_print(c, &who, j);
}

static int
budget_freeze(struct cli *c, const void *args, int argc, char **argv)
{
	return budget_freeze_or_thaw(
	    c, args, argc > 0 ? argv[0] : NULL, "freeze");
}

static int
budget_thaw(struct cli *c, const void *args, int argc, char **argv)
{
	return budget_freeze_or_thaw(
	    c, args, argc > 0 ? argv[0] : NULL, "thaw");
}

#define BUDGET(field) offsetof(struct budget_args, field)

static const struct command_option budget_options[] = {
	{ 'r', OPT_STR, "run", BUDGET(run), "ID", "of one run" },
	{ 'i', OPT_STR, "item", BUDGET(item), "N",
	    "of one issue or pull request of the project, all its runs" },
	{ 0, OPT_FLAG, "today", BUDGET(today), NULL, "of this day (UTC)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_budget[] = {
	{ .name = "budget show",
	    .group = "Models",
	    .summary = "what models have cost, and may",
	    .usage = "[PROJECT [--item N]] [--today] [--run ID]",
	    .max = 1,
	    .args_size = sizeof(struct budget_args),
	    .options = budget_options,
	    .run = budget_show },
	{ .name = "budget set",
	    .group = "Models",
	    .summary = "set what they may cost: dollars, 0 for no limit, or "
		       "default",
	    .usage = "[PROJECT [--item N]] [--today] [--run ID] DOLLARS",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct budget_args),
	    .options = budget_options,
	    .run = budget_set },
	{ .name = "budget freeze",
	    .group = "Models",
	    .summary = "let requests to models wait, instead of ending a run",
	    .usage = "[PROJECT [--item N]] [--today] [--run ID]",
	    .max = 1,
	    .args_size = sizeof(struct budget_args),
	    .options = budget_options,
	    .run = budget_freeze },
	{ .name = "budget thaw",
	    .group = "Models",
	    .summary = "let them go on",
	    .usage = "[PROJECT [--item N]] [--today] [--run ID]",
	    .max = 1,
	    .args_size = sizeof(struct budget_args),
	    .options = budget_options,
	    .run = budget_thaw },
	{ .name = NULL },
};
