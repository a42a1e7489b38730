/*
 * config: section [router] of HOME/coffer.conf, HOME/instance, and the paths
 * that follow from HOME.  Filled once at start, constant after.
 */
#ifndef ROUTER_CONFIG_H
#define ROUTER_CONFIG_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/log.h"
#include "router/policy.h"

struct err;

enum {
	CONFIG_INST_MAX = 5 /* four hex digits and a NUL */
};

struct config {
	/* As written. */
	char *range_text, *address, *user, *upstream_dns, *log_level;
	char *never_text;
	uint64_t uid_set, gid_set; /* 0: by the user's name */
	uint64_t proxy_gid, proxy_port;
	uint64_t upload_rate; /* bytes a second, 0: no bound */
	/* What follows. */
	struct policy_range range;
	struct policy_net exempt;
	struct policy_nets never;
	enum log_level level;
	uid_t uid;
	gid_t gid;
	char inst[CONFIG_INST_MAX];
	char *run, *control, *xtlock, *book, *clock; /* paths */
};

/* home: --home or NULL for $COFFER_HOME and the default. */
const char *config_home(const char *home);
int config_load(struct config *c, const char *home, struct err *e);
void config_release(struct config *c);

#endif
