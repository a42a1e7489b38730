/*
 * coffer-engine-shim DIR: follows one container of Docker or Podman, started
 * by coffer-agentd and coffer-runner, never by hand.
 */
#include <stdio.h>

#include "agentd/sandbox/engine_shim.h"
#include "lib/base/log.h"

int
main(int argc, char **argv)
{
	log_init("coffer-engine-shim", LOG_LEVEL_INFO);
	if (argc != 2) {
		(void)fprintf(
		    stderr, "usage: coffer-engine-shim DIR (internal)\n");
		return 2;
	}
	return engine_shim_main(argv[1]);
}
