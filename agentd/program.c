#include "agentd/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/connect.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/version.h"

struct program_args {
	const char *home;
	bool check, teardown, help, version;
};

static int
program_run(const struct program *p, const struct program_args *a)
{
	const enum program_mode mode = a->check ? PROGRAM_CHECK
	    : a->teardown                       ? PROGRAM_TEARDOWN
						: PROGRAM_SERVE;
	struct connection c;
	struct err e = ERR_INIT;
	int rc;

	rc = connection_init(&c, a->home, &e);
	if (rc == 0) {
		if (mode != PROGRAM_CHECK && geteuid() != 0)
			rc = err_set(&e, ERR_DENIED,
			    "sandboxes need root (namespaces, mounts)");
		else
			rc = p->run(&c, mode, &e);
		connection_release(&c);
	}
	if (rc == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: %s\n", p->name, e.msg);
	return mode == PROGRAM_CHECK ? 2 : EXIT_FAILURE;
}

int
program_main(const struct program *p, int argc, char **argv)
{
	struct program_args a = { .home = NULL };
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &a.home, "DIR",
		    "the installation ($COFFER_HOME, /var/lib/coffer)" },
		{ 'n', "check", OPT_FLAG, &a.check, NULL,
		    "check the configuration and exit" },
		{ 'h', "help", OPT_FLAG, &a.help, NULL, "show this" },
		{ 'V', "version", OPT_FLAG, &a.version, NULL,
		    "show the version" },
		/* The last row is there or is the end. */
		{ 0, p->has_teardown ? "teardown" : NULL, OPT_FLAG, &a.teardown,
		    NULL,
		    "remove containers, namespaces and mounts, and exit" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;

	log_init(p->name, LOG_LEVEL_INFO);
	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0) {
		fprintf(stderr, "%s: %s\nusage: %s", p->name,
		    e.code != ERR_NONE ? e.msg : "unexpected argument",
		    p->usage);
		return 2;
	}
	if (a.help) {
		opt_usage(stdout, p->usage, opts);
		return EXIT_SUCCESS;
	}
	if (a.version) {
		printf("%s " VERSION "\n", p->name);
		return EXIT_SUCCESS;
	}
	/* What it makes has its modes by name, whatever the shell has. */
	(void)umask(022);
	return program_run(p, &a);
}
