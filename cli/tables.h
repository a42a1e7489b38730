/* tables: the rows that each command file exports; commands.c joins them. */
#ifndef CLI_TABLES_H
#define CLI_TABLES_H

#include "cli/command.h"

extern const struct command cmd_setup[];
extern const struct command cmd_up[];
extern const struct command cmd_down[];
extern const struct command cmd_status[];
extern const struct command cmd_unsetup[];
extern const struct command cmd_open[];
extern const struct command cmd_top[];
extern const struct command cmd_doctor[];
extern const struct command cmd_config[];
extern const struct command cmd_logs[];
extern const struct command cmd_create[];
extern const struct command cmd_project[];
extern const struct command cmd_settings[];
extern const struct command cmd_profile[];
extern const struct command cmd_seed[];
extern const struct command cmd_init[];
extern const struct command cmd_net[];
extern const struct command cmd_credential[];
extern const struct command cmd_sync[];
extern const struct command cmd_kept[];
extern const struct command cmd_issue[];
extern const struct command cmd_pr[];
extern const struct command cmd_finding[];
extern const struct command cmd_review[];
extern const struct command cmd_run[];
extern const struct command cmd_run_start[];
extern const struct command cmd_record[];
extern const struct command cmd_approvals[];
extern const struct command cmd_check[];
extern const struct command cmd_runner[];
extern const struct command cmd_audit[];
extern const struct command cmd_attach[];
extern const struct command cmd_ssh[];
extern const struct command cmd_cp[];
extern const struct command cmd_prove[];
extern const struct command cmd_user[];
extern const struct command cmd_admin[];
extern const struct command cmd_model[];
extern const struct command cmd_budget[];
extern const struct command cmd_wait[];
extern const struct command cmd_fetch[];
extern const struct command cmd_applied[];
extern const struct command cmd_look[];
extern const struct command cmd_propose[];
extern const struct command cmd_verify[];
extern const struct command cmd_fetch_rules[];
extern const struct command cmd_reviewer[];
extern const struct command cmd_completion[];
extern const struct command cmd_help[];

#endif
