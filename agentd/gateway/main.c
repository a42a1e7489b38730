/* main of coffer-gateway: its options, then gateway. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/gateway/config.h"
#include "agentd/gateway/gateway.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/version.h"

static const char main_usage
    [] = "coffer-gateway [--home DIR] [-n | --set-key PROVIDER]\n"
	 "Has the keys of model providers and uses them for sandboxes, within "
	 "budgets.\n";

struct main_args {
	const char *home, *set_key;
	bool check, help, version;
};

static const char *
main_home(const struct main_args *a)
{
	const char *home = a->home;

	if (home == NULL)
		home = getenv("COFFER_HOME");
	return home != NULL && *home != '\0' ? home : "/var/lib/coffer";
}

static int
main_run(const struct main_args *a, struct err *e)
{
	AUTO_FREE char *home = realpath(main_home(a), NULL);
	struct gateway_config cfg;
	int rc;

	if (home == NULL)
		return err_sys(e, ERR_NOTFOUND,
		    "%s: cannot be used; make it with coffer setup",
		    main_home(a));
	if (gateway_config_load(&cfg, home, e) == -1)
		return -1;
	if (a->check)
		rc = gateway_check(home, &cfg, e);
	else
		rc = gateway_enter(home, &cfg, e);
	if (rc == 0 && a->set_key != NULL)
		rc = gateway_set_key(home, a->set_key, e);
	else if (rc == 0 && !a->check)
		rc = gateway_serve(home, &cfg, e);
	gateway_config_release(&cfg);
	return rc;
}

int
main(int argc, char **argv)
{
	struct main_args a = { .home = NULL };
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &a.home, "DIR",
		    "the installation ($COFFER_HOME, /var/lib/coffer)" },
		{ 'n', "check", OPT_FLAG, &a.check, NULL,
		    "check the configuration, providers and prices, and exit" },
		{ 0, "set-key", OPT_STR, &a.set_key, "PROVIDER",
		    "standard input becomes its key" },
		{ 'h', "help", OPT_FLAG, &a.help, NULL, "show this" },
		{ 'V', "version", OPT_FLAG, &a.version, NULL,
		    "show the version" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;

	log_init("coffer-gateway", LOG_LEVEL_INFO);
	if (argc == 3 && strcmp(argv[1], "--sync") == 0)
		return gateway_sync(argv[2]);
	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0) {
		(void)fprintf(stderr, "coffer-gateway: %s\nusage: %s",
		    e.code != ERR_NONE ? e.msg : "unexpected argument",
		    main_usage);
		return 2;
	}
	if (a.help) {
		opt_usage(stdout, main_usage, opts);
		return EXIT_SUCCESS;
	}
	if (a.version) {
		(void)printf("coffer-gateway " VERSION "\n");
		return EXIT_SUCCESS;
	}
	(void)umask(077);
	if (sodium_init() == -1) {
		(void)fprintf(stderr, "coffer-gateway: libsodium fails\n");
		return EXIT_FAILURE;
	}
	if (main_run(&a, &e) == 0)
		return EXIT_SUCCESS;
	(void)fprintf(stderr, "coffer-gateway: %s\n", e.msg);
	return a.check ? 2 : EXIT_FAILURE;
}
