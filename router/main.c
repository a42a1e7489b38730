#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "router/config.h"
#include "router/guard.h"
#include "router/role.h"

#define MAIN_VERSION "0.1.0"

static int
main_usage(const struct err *e)
{
	fprintf(stderr, "coffer-router: %s\n", e->msg);
	return 2; /* bad usage */
}

static int
main_serve(const char *home, bool check, bool teardown)
{
	/* Absolute: the worker has another working directory. */
	AUTO_FREE char *abs = realpath(config_home(home), NULL);
	struct config cfg;
	struct err e = ERR_INIT;
	int rc = 0;

	if (abs == NULL) {
		err_set(&e, ERR_NOTFOUND, "no home at %s; run: coffer setup",
		    config_home(home));
		return main_usage(&e);
	}
	if (config_load(&cfg, abs, &e) == -1) {
		fprintf(stderr, "coffer-router: %s\n", e.msg);
		config_release(&cfg);
		return check ? 2 : 1;
	}
	log_init("coffer-router", cfg.level);
	if (teardown && guard_teardown(&cfg, &e) == -1) {
		fprintf(stderr, "coffer-router: teardown: %s\n", e.msg);
		rc = 1;
	}
	if (!teardown && !check)
		rc = guard_main(&cfg);
	config_release(&cfg);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *home = NULL;
	bool check = false, teardown = false, help = false, version = false;
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &home, "DIR", "home of this instance" },
		{ 'n', "check", OPT_FLAG, &check, NULL,
		    "check the configuration and end" },
		{ 0, "teardown", OPT_FLAG, &teardown, NULL,
		    "remove the router's namespace; it must not run" },
		{ 'h', "help", OPT_FLAG, &help, NULL, "this text" },
		{ 0, "version", OPT_FLAG, &version, NULL, "the version" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;
	int rc;

	(void)umask(022);
	rc = argc > 1 ? role_run(argc, argv) : -1;
	if (rc != -1)
		return rc;
	if (opt_parse(&argc, &argv, opts, &e) == -1)
		return main_usage(&e);
	if (help) {
		opt_usage(stdout, "coffer-router [--home DIR] [-n]", opts);
		return 0;
	}
	if (version) {
		puts("coffer-router " MAIN_VERSION);
		return 0;
	}
	if (argc > 0) {
		err_set(&e, ERR_INVALID, "no argument is expected; see --help");
		return main_usage(&e);
	}
	return main_serve(home, check, teardown);
}
