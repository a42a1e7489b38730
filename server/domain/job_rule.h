/*
 * job_rule: the moves a CI job may make and what its end says of the commit.
 * Pure.
 */
#ifndef SERVER_DOMAIN_JOB_RULE_H
#define SERVER_DOMAIN_JOB_RULE_H

#include <stdbool.h>

#include "server/domain/items.h"
#include "server/domain/work.h"

enum {
	JOB_TAIL_MAX = 4096 /* bytes of a log in check.failed */
};

/* May a runner report this state? */
bool job_rule_is_result(enum job_state s);
/* The commit status of a job in this state. */
enum status_state job_rule_status(enum job_state s);
/* The change under test is to blame: an agent can do something about it. */
bool job_rule_is_fault(enum job_state s);
/* What a check has of the network that it asks for: no more than the project's
 * sandbox has; with lockdown none. */
enum network_mode job_rule_network(
    enum network_mode asked, enum network_mode project, bool lockdown);
/* Does it run on the merge of sha into base_sha, and not on sha? */
bool job_rule_is_merge(const struct job *j);
/* One line for the status' description. */
const char *job_rule_text(enum job_state s);

#endif
