#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/layout.h"
#include "cli/probe.h"
#include "cli/svcstate.h"
#include "cli/tables.h"
#include "cli/teardown.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	UNSETUP_GRACE_MS = 10 * 1000
};

struct unsetup_args {
	bool purge, yes;
};

/* What is made again at the next start, and nobody's work. */
static const char *const unsetup_made[] = { "run", "log", "jobs", "git/packs",
	"git/tmp" };

static int
unsetup_remove(const struct cli *c, bool purge, struct err *e)
{
	for (size_t i = 0; i < sizeof(unsetup_made) / sizeof(unsetup_made[0]);
	     i++) {
		AUTO_FREE char *path = path_join(c->home, unsetup_made[i]);

		if (path_rmtree(path, e) == -1)
			return -1;
	}
	return purge ? path_rmtree(c->home, e) : 0;
}

static int
unsetup_refuse(struct cli *c, const struct unsetup_args *a)
{
	struct err e = ERR_INIT;
	pid_t holder = svcstate_holder(c->home);

	if (!layout_is_home(c->home))
		(void)err_set(&e, ERR_NOTFOUND,
		    "%s is not what `coffer setup` made; nothing was removed",
		    c->home);
	else if (holder != 0)
		(void)err_set(&e, ERR_DENIED,
		    "it runs (pid %d); `coffer --home %s down` first",
		    (int)holder, c->home_word);
	else if (probe_now(c, PROBE_HTTP) || probe_now(c, PROBE_AGENTD) ||
	    probe_now(c, PROBE_RUNNER))
		(void)err_set(&e, ERR_DENIED,
		    "it runs, and not by `coffer up`: stop it where it was "
		    "started (systemctl stop coffer.target cofferd, "
		    "docker-compose down) first");
	else if (a->purge && !confirm_possible(c, a->yes, "unsetup --purge"))
		return CLI_USAGE;
	else
		return CLI_OK;
	return cli_fail(c, &e, "unsetup");
}

static int
unsetup_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct unsetup_args *a = args;
	struct err e = ERR_INIT;
	int rc = unsetup_refuse(c, a);

	(void)argc;
	(void)argv;
	if (rc != CLI_OK)
		return rc;
	if (c->g.dry_run) {
		(void)printf("would take down what it made on this host and "
			     "remove\n");
		for (size_t i = 0; !a->purge &&
		     i < sizeof(unsetup_made) / sizeof(unsetup_made[0]);
		     i++)
			(void)printf("  %s/%s\n", c->home, unsetup_made[i]);
		if (a->purge)
			(void)printf("  %s, all of it\n", c->home);
		return CLI_OK;
	}
	if (a->purge &&
	    !confirm_ask(c, a->yes, "yes",
		"%s goes for good: repositories, issues, records, keys, the "
		"sandboxes' files",
		c->home))
		return CLI_FAILED;
	svcstate_reap(c->home, UNSETUP_GRACE_MS);
	if ((rc = teardown_all(c, "unsetup")) != CLI_OK)
		return rc;
	if (unsetup_remove(c, a->purge, &e) == -1)
		return cli_fail(c, &e, "unsetup");
	if (c->g.json)
		(void)printf("{\"purged\":%s}\n", a->purge ? "true" : "false");
	else if (a->purge)
		(void)printf("%s is gone\n", c->home);
	else
		(void)printf("nothing of it is left on this host but the data "
			     "in %s; `coffer setup` goes on with it, "
			     "`coffer unsetup --purge` removes it\n",
		    c->home);
	return CLI_OK;
}

static const struct command_option unsetup_options[] = {
	{ 0, OPT_FLAG, "purge", offsetof(struct unsetup_args, purge), NULL,
	    "the data, too: all of HOME" },
	{ 'y', OPT_FLAG, "yes", offsetof(struct unsetup_args, yes), NULL,
	    "do not ask" },
	{ .name = NULL },
};

const struct command cmd_unsetup[] = {
	{ .name = "unsetup",
	    .group = "Service",
	    .summary = "remove what setup and up made; the data stays",
	    .usage = "[--purge [--yes]]",
	    .args_size = sizeof(struct unsetup_args),
	    .options = unsetup_options,
	    .run = unsetup_run,
	    .more = "Refuses while it runs.  Without --purge everything that "
		    "is somebody's work\nstays: repositories, database, "
		    "records, keys, settings, sandboxes' files." },
	{ .name = NULL },
};
