#include <stdio.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/tables.h"

static int
cmd_help_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct command *cmd;
	int used = 0;

	(void)c;
	(void)args;
	if (argc == 0) {
		command_help_all(stdout, command_tables);
		return CLI_OK;
	}
	cmd = command_find(command_tables, argv, argc, &used);
	if (cmd != NULL) {
		command_help(stdout, cmd);
		return CLI_OK;
	}
	if (command_help_family(stdout, command_tables, argv[0]) > 0)
		return CLI_OK;
	cmd = command_nearest(command_tables, argv[0]);
	if (cmd != NULL)
		return cli_usage("unknown command %s; did you mean `%s`?",
		    argv[0], cmd->name);
	return cli_usage(
	    "unknown command %s; `coffer help` lists them all", argv[0]);
}

const struct command cmd_help[] = {
	{ .name = "help",
	    .group = "Help",
	    .summary = "list the commands, or tell more about one",
	    .usage = "[COMMAND]",
	    .max = 2,
	    .run = cmd_help_run },
	{ .name = NULL },
};
