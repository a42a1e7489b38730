/* cmd_ssh: a sandbox for the user's own ssh: dial, ssh-config. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/ssh/ssh_dir.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	SSH_PATH_MAX = 4096
};

struct ssh_args {
	bool editor;
	const char *host;
};

static int
ssh_on_hostkey(struct view line, void *arg, struct err *e)
{
	return ssh_dir_pin(arg, line, e);
}

static int
ssh_run_dial(struct cli *c, const void *args, int argc, char **argv)
{
	const struct ssh_args *a = args;
	char full[TARGET_FULL_MAX];
	struct ssh_dir d = { .key_path = NULL };
	struct relay_spec relay = { .project = full,
		.verb = "dial",
		.editor = a->editor,
		.quiet = true, /* so ssh ends it */
		.on_hostkey = ssh_on_hostkey,
		.arg = &d };
	struct err e = ERR_INIT;
	int status = CLI_OK;
	int rc;

	(void)argc;
	if (isatty(STDIN_FILENO) == 1 || isatty(STDOUT_FILENO) == 1)
		return cli_usage("dial: is for ssh to start; see `coffer help "
				 "ssh-config`");
	if (target_project(c, argv[0], full, &e) == -1 ||
	    ssh_dir_open(c, full, &d, &e) == -1)
		return cli_fail(c, &e, "dial %s", argv[0]);
	relay.key = d.public_line;
	rc = relay_run(c, &relay, &status, &e);
	ssh_dir_release(&d);
	if (rc == -1)
		return cli_fail(c, &e, "dial %s", full);
	return rc == REMOTE_DRY ? CLI_OK : status;
}

/* ssh_config(5) expands % in these, and has no way to write some others. */
static int
ssh_put_path(struct str *out, const char *key, const char *path, struct err *e)
{
	if (strpbrk(path, "\"\\\n\r") != NULL || strstr(path, "${") != NULL)
		return err_set(
		    e, ERR_INVALID, "ssh cannot be told of the path %s", path);
	str_addf(out, "    %s \"", key);
	for (; *path != '\0'; path++) {
		if (*path == '%')
			str_addc(out, '%');
		str_addc(out, *path);
	}
	str_add(out, "\"\n");
	return 0;
}

/* A word for the user's shell, in a line where % is special. */
static int
ssh_put_word(struct str *out, const char *word, struct err *e)
{
	if (strpbrk(word, "\n\r") != NULL)
		return err_set(
		    e, ERR_INVALID, "ssh cannot be told of %s", word);
	str_add(out, " '");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			str_add(out, "'\\'");
		else if (*word == '%')
			str_addc(out, '%');
		str_addc(out, *word);
	}
	str_addc(out, '\'');
	return 0;
}

static int
ssh_put_proxy(const struct cli *c, const struct ssh_args *a, const char *full,
    struct str *out, struct err *e)
{
	char self[SSH_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *words[] = { self, "--home", c->home,
		c->g.url != NULL ? "--url" : NULL, c->g.url, "dial",
		a->editor ? "--editor" : NULL, full };

	if (n <= 0)
		return err_sys(e, ERR_IO, "the path of coffer");
	self[n] = '\0';
	str_add(out, "    ProxyCommand");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i] != NULL && ssh_put_word(out, words[i], e) == -1)
			return -1;
	}
	str_addc(out, '\n');
	return 0;
}

/* What protects the user from a hostile server is here, not in his file. */
static const char ssh_fixed[] = "    User agent\n"
				"    HostKeyAlias " SSH_DIR_ALIAS "\n"
				"    CanonicalizeHostname no\n"
				"    StrictHostKeyChecking yes\n"
				"    HostKeyAlgorithms ssh-ed25519\n"
				"    GlobalKnownHostsFile none\n"
				"    UpdateHostKeys no\n"
				"    VerifyHostKeyDNS no\n"
				"    IdentitiesOnly yes\n"
				"    IdentityAgent none\n"
				"    PreferredAuthentications publickey\n"
				"    ForwardAgent no\n"
				"    ForwardX11 no\n"
				"    Tunnel no\n"
				"    PermitLocalCommand no\n"
				"    ServerAliveInterval 15\n";

static int
ssh_run_config(struct cli *c, const void *args, int argc, char **argv)
{
	const struct ssh_args *a = args;
	char full[TARGET_FULL_MAX];
	struct ssh_dir d = { .key_path = NULL };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	if (a->host != NULL &&
	    (a->host[0] == '\0' || strpbrk(a->host, " \t\r\n\"*?!,") != NULL))
		return cli_usage("ssh-config: not a host's name: %s", a->host);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "ssh-config %s", argv[0]);
	if (ssh_dir_open(c, full, &d, &e) == -1)
		return cli_fail(c, &e, "ssh-config %s", full);
	if (a->host != NULL)
		str_addf(&out, "Host %s\n", a->host);
	else
		str_addf(&out, "Host coffer-%s\n", strchr(full, '/') + 1);
	str_add(&out, ssh_fixed);
	if (!a->editor)
		str_add(&out, "    ClearAllForwardings yes\n");
	rc = ssh_put_path(&out, "IdentityFile", d.key_path, &e);
	if (rc == 0)
		rc = ssh_put_path(&out, "UserKnownHostsFile", d.known_path, &e);
	if (rc == 0)
		rc = ssh_put_proxy(c, a, full, &out, &e);
	ssh_dir_release(&d);
	if (rc == -1)
		return cli_fail(c, &e, "ssh-config %s", full);
	(void)fputs(str_cstr(&out), stdout);
	return CLI_OK;
}

#define SSH_EDITOR_OPTION                                                   \
	{                                                                   \
		0, OPT_FLAG, "editor", offsetof(struct ssh_args, editor),   \
		    NULL, "let ssh forward ports to the sandbox's loopback" \
	}

static const struct command_option ssh_dial_options[] = {
	SSH_EDITOR_OPTION,
	{ .name = NULL },
};
static const struct command_option ssh_config_options[] = {
	SSH_EDITOR_OPTION,
	{ 0, OPT_STR, "host", offsetof(struct ssh_args, host), "NAME",
	    "what ssh calls it (coffer-PROJECT)" },
	{ .name = NULL },
};

const struct command cmd_ssh[] = {
	{ .name = "ssh-config",
	    .group = "Sandboxes",
	    .summary = "print what ~/.ssh/config needs for a sandbox",
	    .usage = "PROJECT [--editor] [--host NAME]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct ssh_args),
	    .options = ssh_config_options,
	    .run = ssh_run_config,
	    .more = "Put it before any `Host *`.  With that block ssh, scp, "
		    "sftp and rsync reach the "
		    "sandbox as coffer-PROJECT; editors over ssh need "
		    "--editor.  What they show is not filtered." },
	{ .name = "dial",
	    .group = "Sandboxes",
	    .summary = "join standard input and output to a sandbox's ssh",
	    .usage = "PROJECT [--editor]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct ssh_args),
	    .options = ssh_dial_options,
	    .run = ssh_run_dial,
	    .more = "For ssh's ProxyCommand; `coffer ssh-config` writes it." },
	{ .name = NULL },
};
