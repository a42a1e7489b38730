#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agentd/connect.h"
#include "agentd/runner/config.h"
#include "agentd/runner/runner.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/version.h"

static const char
    main_usage[] = "usage: coffer-runner [--home DIR] [-n]\n"
		   "Runs the checks of pull requests in clean sandboxes.\n";

static int
main_fail(const struct err *e)
{
	fprintf(stderr, "coffer-runner: %s\n", e->msg);
	return EXIT_FAILURE;
}

static int
main_run(const char *home, bool check)
{
	struct connection c;
	struct runner_config cfg;
	struct err e = ERR_INIT;
	int rc = EXIT_SUCCESS;

	if (connection_init(&c, home, &e) == -1 ||
	    runner_config_load(c.home, &cfg, &e) == -1) {
		(void)main_fail(&e);
		return check ? 2 : EXIT_FAILURE;
	}
	if (!check && geteuid() != 0) {
		(void)err_set(
		    &e, ERR_DENIED, "sandboxes need root (namespaces, mounts)");
		rc = main_fail(&e);
	} else if (!check && runner_serve(&c, &cfg, &e) == -1) {
		rc = main_fail(&e);
	}
	runner_config_release(&cfg);
	connection_release(&c);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *home = NULL;
	bool check = false, help = false, version = false;
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &home, "DIR",
		    "the installation ($COFFER_HOME, /var/lib/coffer)" },
		{ 'n', "check", OPT_FLAG, &check, NULL,
		    "check the configuration and exit" },
		{ 'h', "help", OPT_FLAG, &help, NULL, "show this" },
		{ 'V', "version", OPT_FLAG, &version, NULL,
		    "show the version" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;

	log_init("coffer-runner", LOG_LEVEL_INFO);
	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0) {
		fprintf(stderr, "coffer-runner: %s\n%s",
		    e.code != ERR_NONE ? e.msg : "unexpected argument",
		    main_usage);
		return 2;
	}
	if (help) {
		opt_usage(stdout, main_usage, opts);
		return EXIT_SUCCESS;
	}
	if (version) {
		puts("coffer-runner " VERSION);
		return EXIT_SUCCESS;
	}
	return main_run(home, check);
}
