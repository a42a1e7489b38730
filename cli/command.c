#include "cli/command.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/version.h"

enum {
	COMMAND_OPTS_MAX = 48,
	COMMAND_NAME_MAX = 40,
	COMMAND_WORDS = 2,
	COMMAND_SHORT = 5,
	COMMAND_ARGV_MAX = 4096,
	COMMAND_SIGNAL = 128 /* + its number, as a shell says it */
};

const struct command_option command_globals[] = {
	{ 0, OPT_STR, "home", offsetof(struct cli_globals, home), "DIR",
	    "where Cofferdam keeps its state" },
	{ 0, OPT_STR, "url", offsetof(struct cli_globals, url), "URL",
	    "address of cofferd" },
	{ 0, OPT_FLAG, "json", offsetof(struct cli_globals, json), NULL,
	    "print JSON" },
	{ 0, OPT_FLAG, "dry-run", offsetof(struct cli_globals, dry_run), NULL,
	    "say what would be done, change nothing" },
	{ 0, OPT_FLAG, "no-colour", offsetof(struct cli_globals, no_colour),
	    NULL, "no colours" },
	{ 'h', OPT_FLAG, "help", offsetof(struct cli_globals, help), NULL,
	    "this text" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command *
command_find(
    const struct command *const *tables, char *const *words, int n, int *used)
{
	char two[2 * COMMAND_NAME_MAX] = "";

	if (n >= 2)
		(void)snprintf(
		    two, sizeof(two), "%.39s %.39s", words[0], words[1]);
	for (int want = COMMAND_WORDS; want >= 1; want--) {
		const char *name = want == 2 ? two : n > 0 ? words[0] : "";

		if (name[0] == '\0')
			continue;
		for (size_t t = 0; tables[t] != NULL; t++) {
			for (const struct command *c = tables[t];
			     c->name != NULL; c++) {
				if (strcmp(c->name, name) != 0)
					continue;
				*used = want;
				return c;
			}
		}
	}
	return NULL;
}

size_t
command_distance(const char *a, const char *b)
{
	size_t row[COMMAND_NAME_MAX + 1];
	size_t nb = strnlen(b, COMMAND_NAME_MAX);

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < nb; j++) {
			size_t up = row[j + 1], best = diagonal;

			if (a[i] != b[j]) {
				best = up < diagonal ? up : diagonal;
				best = (row[j] < best ? row[j] : best) + 1;
			}
			diagonal = up;
			row[j + 1] = best;
		}
	}
	return row[nb];
}

const struct command *
command_nearest(const struct command *const *tables, const char *name)
{
	const struct command *best = NULL;
	/* More than two slips is another word; in a short one two are. */
	size_t best_d = strlen(name) < COMMAND_SHORT ? 2 : 3;

	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct command *c = tables[t]; c->name != NULL;
		     c++) {
			size_t d = command_distance(name, c->name);

			if (d < best_d) {
				best_d = d;
				best = c;
			}
		}
	}
	return best;
}

const char *
command_option_nearest(const struct command *c, const char *name)
{
	const struct command_option *lists[] = { c->options, command_globals };
	const char *best = NULL;
	size_t best_d = 3;

	for (size_t l = 0; l < 2; l++) {
		for (const struct command_option *o = lists[l];
		     o != NULL && o->name != NULL; o++) {
			size_t d = command_distance(name, o->name);

			if (d < best_d) {
				best_d = d;
				best = o->name;
			}
		}
	}
	return best;
}

/* The rows of one group, under what it is for. */
static void
command_help_group(
    FILE *f, const struct command *const *tables, const struct command_group *g)
{
	bool any = false;

	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct command *c = tables[t]; c->name != NULL;
		     c++) {
			if (strcmp(g->name, c->group) != 0)
				continue;
			if (!any)
				(void)fprintf(
				    f, "\n%s: %s\n", g->name, g->task);
			any = true;
			(void)fprintf(f, "  %-17s %s\n", c->name, c->summary);
		}
	}
}

void
command_help_all(FILE *f, const struct command *const *tables)
{
	(void)fprintf(f,
	    "usage: coffer [--home DIR] COMMAND [ARGUMENT...]\n"
	    "Coding agents work in sealed sandboxes; nothing merges that did "
	    "not pass.\n");
	for (const struct command_group *g = command_groups; g->name != NULL;
	     g++)
		command_help_group(f, tables, g);
	(void)fprintf(f,
	    "\n`coffer help COMMAND` tells more, `man coffer` too; `coffer "
	    "doctor` says what a host lacks;\n`coffer --version`.\n"
	    "Exit codes: 0 done, 1 failed, 2 bad usage, 3 refused, 4 not "
	    "found, 5 not reachable, 124 timed out.\n");
}

/* The command's rows, then the global ones; args and g may be NULL for help. */
static void
command_options(const struct command *cmd, void *args, struct cli_globals *g,
    struct opt out[COMMAND_OPTS_MAX])
{
	const struct command_option *lists[] = { cmd->options,
		command_globals };
	void *bases[] = { args, g };
	size_t n = 0;

	for (size_t l = 0; l < 2; l++) {
		for (const struct command_option *o = lists[l];
		     o != NULL && o->name != NULL; o++) {
			if (n == COMMAND_OPTS_MAX - 1)
				die("command too-many-options name=%s",
				    cmd->name);
			out[n++] = (struct opt){
				.letter = o->letter,
				.name = o->name,
				.type = o->type,
				.out = bases[l] == NULL
				    ? NULL
				    : (char *)bases[l] + o->offset,
				.arg = o->arg,
				.help = o->help,
			};
		}
	}
	out[n] = (struct opt){ .name = NULL };
}

void
command_help(FILE *f, const struct command *cmd)
{
	AUTO_FREE char *usage = xasprintf("coffer %s%s%s", cmd->name,
	    *cmd->usage == '\0' ? "" : " ", cmd->usage);
	struct opt opts[COMMAND_OPTS_MAX];

	command_options(cmd, NULL, NULL, opts);
	(void)fprintf(f, "coffer %s: %s\n", cmd->name, cmd->summary);
	opt_usage(f, usage, opts);
	if (cmd->more != NULL)
		(void)fprintf(f, "\n%s\n", cmd->more);
}

int
command_help_family(
    FILE *f, const struct command *const *tables, const char *word)
{
	size_t len = strlen(word);
	int n = 0;

	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct command *c = tables[t]; c->name != NULL;
		     c++) {
			if (strncmp(c->name, word, len) != 0 ||
			    c->name[len] != ' ')
				continue;
			if (n++ == 0)
				(void)fprintf(f, "usage:\n");
			(void)fprintf(f, "  coffer %s%s%s\n        %s\n",
			    c->name, *c->usage == '\0' ? "" : " ", c->usage,
			    c->summary);
		}
	}
	return n;
}

/* What others call it, who had another tool before. */
static const char *
command_elsewhere(const char *word)
{
	static const char *const words[][2] = {
		{ "ssh", "coffer ssh-config PROJECT, or coffer attach" },
		{ "rm", "coffer destroy" },
		{ "remove", "coffer destroy" },
		{ "delete", "coffer destroy" },
		{ "list", "coffer status" },
		{ "ls", "coffer status" },
		{ "ps", "coffer top" },
		{ "enter", "coffer attach" },
		{ "diff",
		    "coffer fetch diff, coffer pr diff, or coffer status "
		    "PROJECT --diff" },
		{ "review",
		    "coffer fetch, which checks and reviews, or "
		    "coffer fetch review" },
		{ "merge", "coffer pr merge, or coffer fetch merge" },
		{ "push", "coffer fetch propose" },
		{ "lockdown", "coffer net PROJECT lockdown" },
		{ "unlock", "coffer net PROJECT unlock" },
		{ "ci-watch", "coffer runner list; checks run by themselves" },
		{ "restart", "coffer down, then coffer up -d" },
		{ "new", "coffer create" },
		{ "clone", "coffer create URL" },
		{ "version", "coffer --version" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], word) == 0)
			return words[i][1];
	return NULL;
}

int
command_unknown(const struct command *const *tables, int n, char **words)
{
	AUTO_FREE char *two = n >= 2
	    ? xasprintf("%.39s %.39s", words[0], words[1])
	    : NULL;
	const struct command *near = NULL;

	if (command_help_family(stderr, tables, words[0]) > 0) {
		if (n < 2 || words[1][0] == '-')
			return CLI_USAGE;
		near = command_nearest(tables, two);
		if (near == NULL)
			return cli_usage(
			    "%s has no command %s", words[0], words[1]);
		return cli_usage("%s has no command %s; did you mean `coffer "
				 "%s`?",
		    words[0], words[1], near->name);
	}
	if (command_elsewhere(words[0]) != NULL)
		return cli_usage("unknown command %s; here it is %s", words[0],
		    command_elsewhere(words[0]));
	if (two != NULL)
		near = command_nearest(tables, two);
	if (near == NULL)
		near = command_nearest(tables, words[0]);
	if (near != NULL)
		return cli_usage("unknown command %s; did you mean `coffer "
				 "%s`?",
		    words[0], near->name);
	return cli_usage(
	    "unknown command %s; `coffer help` lists them all", words[0]);
}

/* Is it one, or the beginning of one? */
static bool
command_has_option(const struct command *cmd, const char *name, size_t len)
{
	const struct command_option *lists[] = { cmd->options,
		command_globals };

	for (size_t l = 0; l < 2; l++)
		for (const struct command_option *o = lists[l];
		     o != NULL && o->name != NULL; o++)
			if (strncmp(o->name, name, len) == 0)
				return true;
	return false;
}

static int
command_bad_option(
    const struct command *cmd, int argc, char **argv, const char *why)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char name[COMMAND_NAME_MAX];
		size_t len = strcspn(argv[i], "=");
		const char *near;

		if (strncmp(argv[i], "--", 2) != 0 || len - 2 >= sizeof(name) ||
		    command_has_option(cmd, argv[i] + 2, len - 2))
			continue;
		(void)snprintf(
		    name, sizeof(name), "%.*s", (int)len - 2, argv[i] + 2);
		near = command_option_nearest(cmd, name);
		if (near != NULL)
			return cli_usage("%s: unknown option --%s; did you "
					 "mean --%s? (see `coffer help %s`)",
			    cmd->name, name, near, cmd->name);
		break;
	}
	return cli_usage("%s: %s", cmd->name, why);
}

static int
command_run(const struct command *cmd, struct cli *c, int argc, char **argv)
{
	AUTO_FREE void *args = xcalloc(1, cmd->args_size + 1);
	struct opt opts[COMMAND_OPTS_MAX];
	struct err e = ERR_INIT;
	int rc;

	command_options(cmd, args, &c->g, opts);
	if (opt_parse(&argc, &argv, opts, &e) == -1)
		return command_bad_option(cmd, argc, argv, e.msg);
	if (c->g.help) {
		command_help(stdout, cmd);
		return CLI_OK;
	}
	if (argc < cmd->min || argc > cmd->max) {
		(void)cli_usage("%s: %s", cmd->name,
		    argc < cmd->min ? "an argument is missing"
				    : "too many arguments");
		(void)fprintf(
		    stderr, "usage: coffer %s %s\n", cmd->name, cmd->usage);
		return CLI_USAGE;
	}
	if (cli_init(c, &e) == -1)
		return cli_usage("%s", e.msg);
	rc = cmd->run(c, args, argc, argv);
	if (fflush(stdout) != 0 && rc == CLI_OK) {
		(void)fprintf(stderr, "coffer: output could not be written\n");
		rc = CLI_FAILED;
	}
	return rc;
}

/*
 * Global options may stand before the command: how many of argv[1..] do.
 * A value is counted with its option.
 */
static int
command_leading(int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
		bool value = strcmp(argv[i], "--home") == 0 ||
		    strcmp(argv[i], "--url") == 0;

		i += value ? 2 : 1;
	}
	return i < argc ? i : argc;
}

/* Before a "--", anywhere. */
static bool
command_wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int
command_start(const struct command *const *tables, int argc, char **argv)
{
	AUTO_FREE char **rest = NULL;
	struct cli c = { 0 };
	const struct command *cmd;
	int lead, n = 0, used = 0, rc;

	if (argc > COMMAND_ARGV_MAX)
		return cli_usage(
		    "more than %d arguments", (int)COMMAND_ARGV_MAX);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("coffer %s\n", VERSION);
		return CLI_OK;
	}
	lead = command_leading(argc, argv);
	if (lead >= argc) {
		bool help = argc > 1 &&
		    (strcmp(argv[argc - 1], "--help") == 0 ||
			strcmp(argv[argc - 1], "-h") == 0);

		command_help_all(help ? stdout : stderr, tables);
		if (help)
			return CLI_OK;
		return cli_usage("%s%s", argc > 1 ? argv[argc - 1] : "",
		    argc > 1 ? ": a command must follow, such as `coffer "
			       "status`"
			     : "want a command, such as `coffer status`");
	}
	cmd = command_find(tables, argv + lead, argc - lead, &used);
	if (cmd == NULL) {
		rc = command_unknown(tables, argc - lead, argv + lead);
		return argc - lead > 1 && strcmp(argv[lead + 1], "--help") == 0
		    ? CLI_OK
		    : rc;
	}
	rest = xcalloc((size_t)argc + 1, sizeof(*rest));
	for (int i = 0; i < argc; i++)
		if (i < lead || i >= lead + used)
			rest[n++] = argv[i];
	rc = command_run(cmd, &c, n, rest);
	if (c.stopped != 0)
		rc = COMMAND_SIGNAL + c.stopped;
	cli_release(&c);
	return rc;
}

int
command_main(const struct command *const *tables, int argc, char **argv)
{
	bool json = argc <= COMMAND_ARGV_MAX && command_wants_json(argc, argv);
	int rc = command_start(tables, argc, argv);

	if (rc != CLI_OK && json)
		cli_fail_json(rc);
	return rc;
}
