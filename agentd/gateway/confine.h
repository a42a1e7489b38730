/*
 * confine: giving up privileges for good: another user, no capability, no way
 * to get one; and a filter of what only an intruder would call.
 */
#ifndef AGENTD_GATEWAY_CONFINE_H
#define AGENTD_GATEWAY_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

int confine_become(uid_t uid, gid_t gid, struct err *e); /* from root */
/* Not traceable, no core, no new program but with programs. */
int confine_filter(bool programs, struct err *e);

#endif
