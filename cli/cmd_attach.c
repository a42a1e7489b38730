/* cmd_attach: the user and programs in a project's sandbox. */
#include <string.h>

#include "cli/cli.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "lib/base/err.h"

enum {
	ATTACH_ARGV_MAX = 28
};

/* Without a terminal there is one stream back: both outputs. */
static const char *const attach_merge[] = { "/bin/sh", "-c", "exec \"$@\" 2>&1",
	"sh" };

static int
attach_start(
    struct cli *c, const char *verb, const char *name, const char *const *argv)
{
	char full[TARGET_FULL_MAX];
	const struct relay_spec relay = {
		.project = full, .verb = verb, .terminal = true, .argv = argv
	};
	struct err e = ERR_INIT;
	int status = CLI_OK;
	int rc;

	if (target_project(c, name, full, &e) == -1)
		return cli_fail(c, &e, "%s %s", verb, name);
	rc = relay_run(c, &relay, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "%s %s", verb, full);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	if (argv == NULL)
		cli_note("detached from %s", full);
	return status;
}

static int
attach_run(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	if (!terminal_is_both())
		return cli_usage(
		    "attach: needs a terminal; `coffer exec` does not");
	return attach_start(c, "attach", argv[0], NULL);
}

static int
attach_exec(struct cli *c, const void *args, int argc, char **argv)
{
	const char *words[ATTACH_ARGV_MAX + 8] = { NULL };
	size_t n = 0;

	(void)args;
	if (argc > ATTACH_ARGV_MAX)
		return cli_usage(
		    "exec: more than %d words", (int)ATTACH_ARGV_MAX);
	for (size_t i = 0; !terminal_is_both() && i < 4; i++)
		words[n++] = attach_merge[i];
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	return attach_start(c, "exec", argv[0], words);
}

const struct command cmd_attach[] = {
	{ .name = "attach",
	    .group = "Projects",
	    .summary = "sit down in a project's sandbox (F6 detaches)",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = attach_run },
	{ .name = "exec",
	    .group = "Projects",
	    .summary = "run a command in a project's sandbox",
	    .usage = "PROJECT -- COMMAND [ARGUMENT...]",
	    .min = 2,
	    .max = COMMAND_MANY,
	    .run = attach_exec,
	    .more = "Without a terminal, standard error arrives on standard "
		    "output too." },
	{ .name = NULL },
};
