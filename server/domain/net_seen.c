#include "server/domain/net_seen.h"

#include <stdlib.h>
#include <string.h>

static const char *const net_allowed[] = { "answered", "passed" };

void
net_seen_list_release(struct net_seen_list *l)
{
	free(l->at);
	*l = (struct net_seen_list){ .n = 0 };
}

bool
net_verdict_is_allowed(const char *verdict)
{
	for (size_t i = 0; i < sizeof(net_allowed) / sizeof(net_allowed[0]);
	     i++)
		if (strcmp(net_allowed[i], verdict) == 0)
			return true;
	return false;
}
