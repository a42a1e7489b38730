#include <stdio.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/manpage.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct help_args {
	const char *man;
};

static void
help_json_options(struct jw *w, const char *key, const struct command_option *o)
{
	jw_array(w, key);
	for (; o != NULL && o->name != NULL; o++) {
		char letter[2] = { o->letter, '\0' };

		jw_object(w, NULL);
		jw_str(w, "name", o->name);
		if (o->letter != '\0')
			jw_str(w, "letter", letter);
		if (o->type != OPT_FLAG)
			jw_str(w, "value", o->arg == NULL ? "VALUE" : o->arg);
		jw_str(w, "help", o->help == NULL ? "" : o->help);
		jw_end(w);
	}
	jw_end(w);
}

static void
help_json_command(struct jw *w, const struct command *c)
{
	jw_object(w, NULL);
	jw_str(w, "name", c->name);
	jw_str(w, "group", c->group);
	jw_str(w, "summary", c->summary);
	jw_str(w, "usage", c->usage);
	jw_i64(w, "min", c->min);
	jw_i64(w, "max", c->max);
	help_json_options(w, "options", c->options);
	jw_end(w);
}

/* The whole table, for programs that want to know what there is. */
static void
help_json(void)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_array(&w, "commands");
	for (size_t t = 0; command_tables[t] != NULL; t++)
		for (const struct command *c = command_tables[t];
		     c->name != NULL; c++)
			help_json_command(&w, c);
	jw_end(&w);
	help_json_options(&w, "options", command_globals);
	jw_end(&w);
	out_json_line(&out);
}

static int
help_man(struct cli *c, const char *dir)
{
	struct err e = ERR_INIT;
	int n;

	if (c->g.dry_run) {
		(void)printf("would write pages for man to %s\n", dir);
		return CLI_OK;
	}
	if (manpage_write_all(dir, command_tables, &n, &e) == -1)
		return cli_fail(c, &e, "help");
	(void)printf("%d pages in %s\n", n, dir);
	return CLI_OK;
}

static int
help_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct help_args *a = args;
	const struct command *cmd;
	int used = 0;

	if (a->man != NULL)
		return help_man(c, a->man);
	if (argc == 0) {
		if (c->g.json)
			help_json();
		else
			command_help_all(stdout, command_tables);
		return CLI_OK;
	}
	cmd = command_find(command_tables, argv, argc, &used);
	if (cmd != NULL && used == argc) {
		command_help(stdout, cmd);
		return CLI_OK;
	}
	if (argc == 1 &&
	    command_help_family(stdout, command_tables, argv[0]) > 0)
		return CLI_OK;
	return command_unknown(command_tables, argc, argv);
}

static const struct command_option help_options[] = {
	{ 0, OPT_STR, "man", offsetof(struct help_args, man), "DIR",
	    "write pages for man(1) to DIR" },
	{ .name = NULL },
};

const struct command cmd_help[] = {
	{ .name = "help",
	    .group = "Help",
	    .summary = "list the commands, or tell more about one",
	    .usage = "[COMMAND] [--man DIR]",
	    .max = 2,
	    .args_size = sizeof(struct help_args),
	    .options = help_options,
	    .run = help_run,
	    .more = "With --json: every command with its options." },
	{ .name = NULL },
};
