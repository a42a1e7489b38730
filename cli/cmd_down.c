#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/svcstate.h"
#include "cli/tables.h"
#include "cli/teardown.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

enum {
	DOWN_WAIT_MS = 90 * 1000, /* four programs, 20 s each, and some */
	DOWN_GRACE_MS = 10 * 1000,
	DOWN_POLL_US = 50 * 1000
};

static int
down_supervisor(const struct cli *c, struct err *e)
{
	pid_t pid = svcstate_holder(c->home);
	int64_t end = clock_mono_ms() + DOWN_WAIT_MS;

	if (pid == 0)
		return 0;
	cli_note("stopping (pid %d) ...", (int)pid);
	if (kill(pid, SIGTERM) == -1 && errno != ESRCH)
		return err_sys(e, errno == EPERM ? ERR_DENIED : ERR_IO,
		    "signal the supervisor, pid %d", (int)pid);
	while (svcstate_holder(c->home) == pid) {
		if (clock_mono_ms() > end) {
			cli_note("it does not end: killing it");
			(void)kill(pid, SIGKILL);
			(void)usleep(DOWN_POLL_US);
			return 0;
		}
		(void)usleep(DOWN_POLL_US);
	}
	return 1;
}

static int
down_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int was, rc;

	(void)args;
	(void)argc;
	(void)argv;
	if (c->g.dry_run) {
		(void)printf("would stop pid %d and take down what it made\n",
		    (int)svcstate_holder(c->home));
		return CLI_OK;
	}
	if ((was = down_supervisor(c, &e)) == -1)
		return cli_fail(c, &e, "down");
	svcstate_reap(c->home, DOWN_GRACE_MS);
	if ((rc = teardown_all(c, "down")) != CLI_OK)
		return rc;
	if (c->g.json)
		(void)printf("{\"was_up\":%s}\n", was == 1 ? "true" : "false");
	else
		(void)printf("%s\n", was == 1 ? "down" : "was not up");
	return CLI_OK;
}

const struct command cmd_down[] = {
	{ .name = "down",
	    .group = "Service",
	    .summary = "stop everything and leave nothing behind",
	    .usage = "",
	    .run = down_run },
	{ .name = NULL },
};
