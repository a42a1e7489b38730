/* coffer-record DIR: the record of a run, see recorder.h. */
#include <stdio.h>

#include "agentd/recorder/recorder.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	log_init("coffer-record", LOG_LEVEL_WARN);
	if (argc != 2 || argv[1][0] != '/') {
		(void)fprintf(stderr, "usage: coffer-record DIR (internal)\n");
		return 2;
	}
	if (recorder_run(argv[1], &e) == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", e.msg);
	return 1;
}
