/* net_log: what a project's sandbox asked for, as `coffer net` shows it. */
#ifndef CLI_NET_LOG_H
#define CLI_NET_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct cli;
struct err;

struct net_log_ask {
	const char *full;      /* OWNER/NAME */
	bool blocked, allowed; /* both or none: all */
	uint64_t limit;        /* 0: the default */
};

int net_log_show(struct cli *c, const struct net_log_ask *ask, struct err *e);
/* What is new, a line each (with --json: an object), until interrupted. */
int net_log_watch(struct cli *c, const struct net_log_ask *ask, struct err *e);

#endif
