/*
 * coffer-shim DIR: the parent of one container, started by coffer-agentd and
 * coffer-runner, never by hand.  A program of its own because it starts before
 * every container and stays as long: it links next to nothing.  Also what looks
 * at the files that a container is to share, see share_look.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/share_look.h"
#include "agentd/sandbox/shim.h"
#include "lib/base/log.h"

int
main(int argc, char **argv)
{
	log_init("coffer-shim", LOG_LEVEL_INFO);
	if (argc > 2 && strcmp(argv[1], "--look") == 0)
		return share_look_main(argv + 2);
	if (argc != 2) {
		(void)fprintf(stderr, "usage: coffer-shim DIR (internal)\n");
		return 2;
	}
	return shim_main(argv[1]);
}
