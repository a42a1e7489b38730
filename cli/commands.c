#include "cli/tables.h"

const struct command *const command_tables[] = {
	cmd_setup,
	cmd_up,
	cmd_down,
	cmd_status,
	cmd_create,
	cmd_project,
	cmd_settings,
	cmd_sync,
	cmd_attach,
	cmd_issue,
	cmd_pr,
	cmd_review,
	cmd_wait,
	cmd_run,
	cmd_check,
	cmd_fetch,
	cmd_reviewer,
	cmd_user,
	cmd_help,
	NULL,
};
