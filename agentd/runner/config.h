/* config: section [runner] of HOME/coffer.conf. */
#ifndef AGENTD_RUNNER_CONFIG_H
#define AGENTD_RUNNER_CONFIG_H

#include <stdint.h>

struct err;

struct runner_config {
	char *server; /* NULL: the address that cofferd wrote down */
	char *name;
	char *labels; /* NULL: none */
	char *driver;
	char *engine_socket; /* NULL: the usual one */
	char *runtime;       /* NULL: the default */
	uint64_t slots;
	uint64_t disk; /* bytes of a job's tree */
	uint64_t pids;
	uint64_t cpus;
	char *log_level;
};

int runner_config_load(
    const char *home, struct runner_config *out, struct err *e);
void runner_config_release(struct runner_config *c);

#endif
