/*
 * config: [gateway] of HOME/coffer.conf.  Loaded as root; the paths of keys
 * and prices are read later, as the gateway's own user.
 */
#ifndef AGENTD_GATEWAY_CONFIG_H
#define AGENTD_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/gateway/ledger.h"

struct err;

struct gateway_config {
	char *user;
	uint64_t uid_set, gid_set, router_uid_set, router_gid_set;
	char *budget_text[LEDGER_SCOPES];
	char *unknown_model, *at_limit, *prices, *log_level;
	int64_t freeze_hold_ms, stall_ms, upload_ms;
	uint64_t max_body, max_bodies;
	uint64_t capture_runs;
	bool key_commands, capture;

	uid_t uid, router_uid;
	gid_t gid, router_gid;
	struct ledger_limits limits;
	bool deny_unknown;
	bool freeze_at_limit;
};

int gateway_config_load(
    struct gateway_config *c, const char *home, struct err *e);
void gateway_config_release(struct gateway_config *c);

#endif
