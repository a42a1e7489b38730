/* config: section [agentd] of HOME/coffer.conf. */
#ifndef AGENTD_CONFIG_H
#define AGENTD_CONFIG_H

#include <stdint.h>

struct err;

struct agentd_config {
	char *server;      /* NULL: the address that cofferd wrote down */
	char *prompts_dir; /* NULL: next to the program */
	char *driver;
	char *engine_socket; /* NULL: the usual one */
	char *runtime;       /* NULL: the default */
	char *providers;     /* of models: as modelgate takes it */
	char *model;         /* NULL: the agent's default */
	char *repo_commands; /* repo_policy_parse takes it */
	uint64_t max_runs;
	uint64_t keep_days;  /* records of runs; 0: for ever */
	uint64_t keep_bytes; /* 0: without a limit */
	char *log_level;
};

int agentd_config_load(
    const char *home, struct agentd_config *out, struct err *e);
void agentd_config_release(struct agentd_config *c);

#endif
