/* netns_priv: what netns and uplink share.  Visible in this folder only. */
#ifndef AGENTD_SANDBOX_NETNS_PRIV_H
#define AGENTD_SANDBOX_NETNS_PRIV_H

#include <stdbool.h>

struct err;

/* /proc/sys/net/KEY of the thread's namespace. */
int netns_set(const char *key, const char *value, struct err *e);
bool netns_has_link(const char *ns, char *link);

#endif
