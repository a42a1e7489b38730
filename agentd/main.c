#include "agentd/app.h"
#include "agentd/config.h"
#include "agentd/connect.h"
#include "agentd/program.h"

static int
main_run(struct connection *c, enum program_mode mode, struct err *e)
{
	struct agentd_config cfg;
	int rc = 0;

	if (agentd_config_load(c->home, &cfg, e) == -1)
		return -1;
	if (mode == PROGRAM_SERVE)
		rc = app_serve(c, &cfg, e);
	else if (mode == PROGRAM_TEARDOWN)
		rc = app_teardown(c, &cfg, e);
	agentd_config_release(&cfg);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct program program = {
		.name = "coffer-agentd",
		.usage = "coffer-agentd [--home DIR] [-n | --teardown]\n"
			 "Starts agents in sealed sandboxes as cofferd's "
			 "events ask "
			 "for it.\n",
		.has_teardown = true,
		.run = main_run,
	};

	return program_main(&program, argc, argv);
}
