#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/app.h"
#include "agentd/config.h"
#include "agentd/connect.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/version.h"

static const char main_usage
    [] = "usage: coffer-agentd [--home DIR] [-n | --teardown]\n"
	 "Starts agents in sealed sandboxes as cofferd's events ask for it.\n";

static int
main_fail(const struct err *e)
{
	fprintf(stderr, "coffer-agentd: %s\n", e->msg);
	return EXIT_FAILURE;
}

static int
main_run(const char *home, bool check, bool teardown)
{
	struct connection c;
	struct agentd_config cfg;
	struct err e = ERR_INIT;
	int rc;

	if (connection_init(&c, home, &e) == -1 ||
	    agentd_config_load(c.home, &cfg, &e) == -1) {
		(void)main_fail(&e);
		return check ? 2 : EXIT_FAILURE;
	}
	if (check) {
		rc = EXIT_SUCCESS;
	} else if (geteuid() != 0) {
		(void)err_set(
		    &e, ERR_DENIED, "sandboxes need root (namespaces, mounts)");
		rc = main_fail(&e);
	} else {
		rc = teardown ? app_teardown(&c, &cfg, &e)
			      : app_serve(&c, &cfg, &e);
		rc = rc == 0 ? EXIT_SUCCESS : main_fail(&e);
	}
	agentd_config_release(&cfg);
	connection_release(&c);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *home = NULL;
	bool check = false, teardown = false, help = false, version = false;
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &home, "DIR",
		    "the installation ($COFFER_HOME, /var/lib/coffer)" },
		{ 'n', "check", OPT_FLAG, &check, NULL,
		    "check the configuration and exit" },
		{ 0, "teardown", OPT_FLAG, &teardown, NULL,
		    "remove containers, namespaces and mounts, and exit" },
		{ 'h', "help", OPT_FLAG, &help, NULL, "show this" },
		{ 'V', "version", OPT_FLAG, &version, NULL,
		    "show the version" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;

	log_init("coffer-agentd", LOG_LEVEL_INFO);
	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0) {
		fprintf(stderr, "coffer-agentd: %s\n%s",
		    e.code != ERR_NONE ? e.msg : "unexpected argument",
		    main_usage);
		return 2;
	}
	if (help) {
		opt_usage(stdout, main_usage, opts);
		return EXIT_SUCCESS;
	}
	if (version) {
		puts("coffer-agentd " VERSION);
		return EXIT_SUCCESS;
	}
	return main_run(home, check, teardown);
}
