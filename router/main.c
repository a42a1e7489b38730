#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/opt.h"
#include "router/config.h"
#include "router/guard.h"
#include "router/stub.h"
#include "router/worker.h"

#define MAIN_VERSION "0.1.0"

static int
main_usage(const struct err *e)
{
	fprintf(stderr, "coffer-router: %s\n", e->msg);
	return 2; /* bad usage */
}

static void
main_log_init(const char *name)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct err e = ERR_INIT;

	/* The main process has checked it. */
	(void)log_level_parse(name, &level, &e);
	log_init("coffer-router", level);
}

/* The processes that the main one starts; nobody else has reason to. */
static int
main_keeper(char **argv)
{
	struct err e = ERR_INIT;
	uint64_t uid, gid;

	main_log_init(argv[3]);
	if (num_u64(argv[0], 1, UINT32_MAX - 1, &uid, &e) == -1 ||
	    num_u64(argv[1], 1, UINT32_MAX - 1, &gid, &e) == -1)
		return main_usage(&e);
	return keeper_main((uid_t)uid, (gid_t)gid, argv[2], argv[3]);
}

static int
main_stub(char **argv)
{
	main_log_init(argv[1]);
	return stub_main(argv[0]);
}

static int
main_worker(char **argv)
{
	struct policy_range range;
	struct err e = ERR_INIT;

	main_log_init(argv[3]);
	if (policy_range_parse(argv[0], argv[1], &range, &e) == -1)
		return main_usage(&e);
	return worker_main(&range, argv[2]);
}

static const struct {
	const char *name;
	int args;
	int (*fn)(char **argv);
} main_roles[] = {
	{ "@keeper", 4, main_keeper },
	{ "@stub", 2, main_stub },
	{ "@worker", 4, main_worker },
};

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

	(void)umask(022);
	for (size_t i = 0; i < sizeof(main_roles) / sizeof(main_roles[0]);
	     i++) {
		if (argc == main_roles[i].args + 2 &&
		    strcmp(argv[1], main_roles[i].name) == 0)
			return main_roles[i].fn(argv + 2);
	}
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
