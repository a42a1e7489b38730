#include "cli/command.h"
#include "lib/base/log.h"

int
main(int argc, char **argv)
{
	log_init("coffer", LOG_LEVEL_INFO);
	return command_main(command_tables, argc, argv);
}
