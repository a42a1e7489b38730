/* cmd_attach: the user and programs in a project's sandbox. */
#include <string.h>

#include "cli/cli.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/ssh/ssh.h"
#include "cli/ssh/ssh_term.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "lib/base/err.h"

enum {
	ATTACH_ARGV_MAX = 28
};

struct attach_args {
	bool plain;
};

/* Without a terminal there is one stream back: both outputs. */
static const char *const attach_merge[] = { "/bin/sh", "-c", "exec \"$@\" 2>&1",
	"sh" };

/* The session is byobu's: it does not end with whoever looked at it. */
static int
attach_left(const struct cli *c, const char *full, const char *subsystem,
    bool lost, const struct err *e)
{
	int code = cli_fail(
	    c, e, "%s %s", subsystem != NULL ? subsystem : "shell", full);

	if (lost && subsystem != NULL)
		cli_note("  the session goes on; come back with `coffer attach "
			 "%s`",
		    full);
	return code;
}

static int
attach_ssh(struct cli *c, const char *name, const char *subsystem)
{
	const char *verb = subsystem != NULL ? subsystem : "shell";
	char full[TARGET_FULL_MAX];
	struct ssh *s = NULL;
	struct err e = ERR_INIT;
	int status = CLI_OK;
	bool lost;
	int rc;

	if (!terminal_is_both())
		return cli_usage(
		    "%s: needs a terminal; `coffer exec` does not", verb);
	if (target_project(c, name, full, &e) == -1)
		return cli_fail(c, &e, "%s %s", verb, name);
	rc = ssh_open(c, full, &s, &e);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	if (rc == -1)
		return cli_fail(c, &e, "%s %s", verb, full);
	rc = ssh_term_run(s, subsystem, &status, &e);
	lost = rc == -1 && ssh_is_lost(s);
	ssh_free(s);
	if (rc == -1)
		return attach_left(c, full, subsystem, lost, &e);
	if (subsystem != NULL)
		cli_note("detached from %s", full);
	return status;
}

static int
attach_plain(struct cli *c, const char *name)
{
	char full[TARGET_FULL_MAX];
	const struct relay_spec relay = {
		.project = full, .verb = "attach", .terminal = true
	};
	struct err e = ERR_INIT;
	int status = CLI_OK;
	int rc;

	if (!terminal_is_both())
		return cli_usage(
		    "attach: needs a terminal; `coffer exec` does not");
	if (target_project(c, name, full, &e) == -1)
		return cli_fail(c, &e, "attach %s", name);
	rc = relay_run(c, &relay, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "attach %s", full);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	cli_note("detached from %s", full);
	return status;
}

static int
attach_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct attach_args *a = args;

	(void)argc;
	return a->plain ? attach_plain(c, argv[0])
			: attach_ssh(c, argv[0], "attach");
}

static int
attach_shell(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return attach_ssh(c, argv[0], NULL);
}

static int
attach_exec(struct cli *c, const void *args, int argc, char **argv)
{
	const char *words[ATTACH_ARGV_MAX + 8] = { NULL };
	char full[TARGET_FULL_MAX];
	const struct relay_spec relay = {
		.project = full, .verb = "exec", .terminal = true, .argv = words
	};
	struct err e = ERR_INIT;
	int status = CLI_OK;
	size_t n = 0;
	int rc;

	(void)args;
	if (argc > ATTACH_ARGV_MAX)
		return cli_usage(
		    "exec: more than %d words", (int)ATTACH_ARGV_MAX);
	for (size_t i = 0; !terminal_is_both() && i < 4; i++)
		words[n++] = attach_merge[i];
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "exec %s", argv[0]);
	rc = relay_run(c, &relay, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "exec %s", full);
	return rc == REMOTE_DRY ? CLI_OK : status;
}

static const struct command_option attach_options[] = {
	{ 0, OPT_FLAG, "plain", offsetof(struct attach_args, plain), NULL,
	    "without ssh: for a sandbox that has no sshd" },
	{ .name = NULL },
};

const struct command cmd_attach[] = {
	{ .name = "attach",
	    .group = "Sandboxes",
	    .summary = "sit down in a project's sandbox (F6 detaches)",
	    .usage = "PROJECT [--plain]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct attach_args),
	    .options = attach_options,
	    .run = attach_run,
	    .more = "Several can attach at a time and see the same.  The "
		    "session goes on when you leave, or your connection "
		    "does." },
	{ .name = "shell",
	    .group = "Sandboxes",
	    .summary = "a second terminal in a project's sandbox",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = attach_shell },
	{ .name = "exec",
	    .group = "Sandboxes",
	    .summary = "run a command in a project's sandbox",
	    .usage = "PROJECT -- COMMAND [ARGUMENT...]",
	    .min = 2,
	    .max = COMMAND_MANY,
	    .run = attach_exec,
	    .more = "Without a terminal, standard error arrives on standard "
		    "output too." },
	{ .name = NULL },
};
