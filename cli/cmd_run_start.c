/* cmd_run_start: a run without an issue: in a project, or in a throw-away
 * sandbox on a copy of a folder. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/oneshot.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct run_start_args {
	const char *repo, *agent, *access, *network, *command, *base;
	const char *verify, *output, *record, *budget, *key;
	struct opt_list env;
	int64_t wall_ms, timeout_ms;
	uint64_t memory, cpus, pids, disk;
	bool all, keep, wait;
};

static int
run_start_budget(const char *text, int64_t *micros, struct err *e)
{
	*micros = 0;
	if (text == NULL)
		return 0;
	if (money_parse(view_of(text), micros, e) == -1)
		return -1;
	return *micros > 0 ? 0 : err_set(e, ERR_INVALID, "a budget of nothing");
}

static int
run_start_end(struct cli *c, const struct run_start_args *a,
    const struct json *row, struct err *e)
{
	struct ask_patch patch = { .text = STR_INIT };
	int rc = 0;

	if (c->g.json)
		out_json(row);
	else
		ask_tell(c, "run", row);
	if (!c->g.json && json_str_or(row, "message", "")[0] != '\0')
		out_block(stdout, json_str_or(row, "message", ""), "");
	if (a->output != NULL || a->record != NULL)
		rc = ask_patch(c, row, a->record, &patch, e);
	if (rc == 0 && a->output != NULL)
		rc = ask_patch_put(c, &patch, a->output, e);
	str_release(&patch.text);
	return rc;
}

static int
run_start_wait(
    struct cli *c, const struct run_start_args *a, const struct json *row)
{
	struct err e = ERR_INIT;
	struct json *end = NULL;
	int code;

	if (ask_wait(c, row, NULL, a->timeout_ms, &end, &e) == -1)
		return cli_fail(
		    c, &e, "run %" PRId64, json_i64_or(row, "id", 0));
	code = ask_exit(end);
	if (run_start_end(c, a, end, &e) == -1)
		code = cli_fail(c, &e, "run start");
	json_free(end);
	return code;
}

static int
run_start_project(
    struct cli *c, const struct run_start_args *a, int argc, char **argv)
{
	AUTO_STR struct str task = STR_INIT;
	struct ask ask = { .command = a->command,
		.access = a->access,
		.agent = a->agent,
		.network = a->network,
		.base = a->base,
		.wall_ms = a->wall_ms,
		.env = &a->env,
		.key = a->key };
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *row = NULL;
	int rc;

	if (a->verify != NULL || a->all || a->keep ||
	    a->memory + a->cpus + a->pids + a->disk != 0)
		return cli_usage(
		    "run start: --verify, --all, --keep, --memory, "
		    "--cpus, --pids and --disk go with --repo");
	if (argc != 2)
		return cli_usage("run start: want a project and one text, in "
				 "quotes, or - for standard input");
	if (run_start_budget(a->budget, &ask.budget, &e) == -1)
		return cli_usage("run start: --budget: %s", e.msg);
	rc = strcmp(argv[1], "-") == 0 ? target_body(NULL, "-", &task, &e)
				       : target_body(argv[1], NULL, &task, &e);
	if (rc == 0)
		rc = target_project(c, argv[0], full, &e);
	ask.task = str_cstr(&task);
	if (rc == 0)
		rc = ask_start(c, full, &ask, &row, &e);
	if (rc != 0)
		return rc == -1 ? cli_fail(c, &e, "run start %s", argv[0])
				: CLI_OK;
	if (a->wait || a->output != NULL || a->record != NULL)
		rc = run_start_wait(c, a, row);
	else if (c->g.json)
		out_json(row);
	else
		(void)printf("run %" PRId64 " of %s is asked for\n",
		    json_i64_or(row, "id", 0), full);
	json_free(row);
	return rc;
}

static int
run_start_repo(
    struct cli *c, const struct run_start_args *a, int argc, char **argv)
{
	struct oneshot_spec spec = { .dir = a->repo,
		.agent = a->agent,
		.verify = a->verify,
		.network = a->network,
		.output = a->output,
		.record = a->record,
		.env = &a->env,
		.wall_ms = a->wall_ms,
		.memory = a->memory,
		.cpus = a->cpus,
		.pids = a->pids,
		.disk = a->disk,
		.all = a->all,
		.keep = a->keep,
		.argc = argc,
		.argv = argv };
	struct err e = ERR_INIT;

	if (a->access != NULL || a->command != NULL || a->base != NULL ||
	    a->wait || a->timeout_ms != 0 || a->key != NULL)
		return cli_usage("run start: --access, --command, --base, "
				 "--key, --wait and --timeout go without "
				 "--repo");
	if (argc < 1)
		return cli_usage("run start --repo: want a command after --");
	if (a->agent != NULL && strcmp(a->agent, "command") == 0)
		spec.agent = NULL;
	if (spec.agent != NULL && argc != 1)
		return cli_usage("run start --repo --agent: want one text, in "
				 "quotes");
	if (run_start_budget(a->budget, &spec.budget, &e) == -1)
		return cli_usage("run start: --budget: %s", e.msg);
	return oneshot_run(c, &spec);
}

static int
run_start(struct cli *c, const void *args, int argc, char **argv)
{
	const struct run_start_args *a = args;

	return a->repo != NULL ? run_start_repo(c, a, argc, argv)
			       : run_start_project(c, a, argc, argv);
}

#define START(field) offsetof(struct run_start_args, field)

static const struct command_option run_start_options[] = {
	{ 0, OPT_STR, "repo", START(repo), "DIR",
	    "on a copy of this folder, in a throw-away sandbox" },
	{ 0, OPT_STR, "agent", START(agent), "NAME",
	    "adapter (default: the project's; the command)" },
	{ 0, OPT_STR, "access", START(access), "ACCESS",
	    "read, scratch or write (default)" },
	{ 0, OPT_STR, "network", START(network), "MODE",
	    "default: the project's; with --repo off, or none for an agent" },
	{ 0, OPT_STR, "budget", START(budget), "DOLLARS",
	    "that models may take" },
	{ 0, OPT_MS, "wall", START(wall_ms), "TIME", "longest run" },
	{ 0, OPT_LIST, "env", START(env), "NAME",
	    "that it gets of your environment; may be repeated" },
	{ 'o', OPT_STR, "output", START(output), "FILE",
	    "for the patch; - is standard output" },
	{ 0, OPT_STR, "record", START(record), "FILE",
	    "for the run's record, as tar" },
	{ 'w', OPT_FLAG, "wait", START(wait), NULL, "until it is over" },
	{ 't', OPT_MS, "timeout", START(timeout_ms), "TIME",
	    "give up waiting, exit code 124" },
	{ 0, OPT_STR, "command", START(command), "NAME",
	    "whose prompt it gets (default: task)" },
	{ 0, OPT_STR, "base", START(base), "BRANCH",
	    "to begin from (default: the project's)" },
	{ 0, OPT_STR, "key", START(key), "WORD",
	    "asked for with it before: that run" },
	{ 0, OPT_STR, "verify", START(verify), "TEXT",
	    "with --repo: for a shell in a fresh container, on the result" },
	{ 0, OPT_FLAG, "all", START(all), NULL,
	    "with --repo: also what git does not know" },
	{ 0, OPT_FLAG, "keep", START(keep), NULL,
	    "with --repo: leave the throw-away project" },
	{ 0, OPT_SIZE, "memory", START(memory), "SIZE", "with --repo" },
	{ 0, OPT_U64, "cpus", START(cpus), "N", "with --repo" },
	{ 0, OPT_U64, "pids", START(pids), "N", "with --repo" },
	{ 0, OPT_SIZE, "disk", START(disk), "SIZE", "with --repo" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_run_start[] = {
	{ .name = "run start",
	    .group = "Runs and checks",
	    .summary = "a run without an issue",
	    .usage = "PROJECT TEXT [OPTION...] | --repo DIR [OPTION...] -- "
		     "COMMAND...",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .args_size = sizeof(struct run_start_args),
	    .options = run_start_options,
	    .run = run_start,
	    .more = "Exit status, once it is over: 0 done, 30 the run failed, "
		    "40 its verification failed, 80 the folder of --repo is "
		    "not as it was, 124 out of time, 3 refused.  With --repo "
		    "the patch goes to standard output, all else to standard "
		    "error, and a signal cancels the run." },
	{ .name = NULL },
};
