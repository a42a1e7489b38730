#include <string.h>

#include "agentd/connect.h"
#include "agentd/program.h"
#include "agentd/runner/config.h"
#include "agentd/runner/registration.h"
#include "agentd/runner/runner.h"

static int
main_run(struct connection *c, enum program_mode mode, struct err *e)
{
	struct runner_config cfg;
	int rc = 0;

	if (runner_config_load(c->home, &cfg, e) == -1)
		return -1;
	if (mode == PROGRAM_SERVE)
		rc = runner_serve(c, &cfg, e);
	runner_config_release(&cfg);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct program program = {
		.name = "coffer-runner",
		.usage = "coffer-runner [--home DIR] [-n]\n"
			 "       coffer-runner --register URL TOKEN\n"
			 "Runs the checks of pull requests in clean "
			 "sandboxes.\n",
		.run = main_run,
	};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--register") == 0)
			return registration_main(argc, argv);
	return program_main(&program, argc, argv);
}
