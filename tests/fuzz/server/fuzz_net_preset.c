#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/domain/net_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a preset gives is normalised already; an error has a text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_rule_list l;
	struct err e = ERR_INIT;
	int rc = net_preset_parse(
	    (struct view){ (const char *)data, size }, &l, &e);

	if (rc == -1 && e.msg[0] == '\0')
		abort();
	for (size_t i = 0; i < l.n; i++) {
		struct net_rule again = { .list = NET_ALLOW };

		if (net_rule_set_domain(&again, view_of(l.at[i].domain), &e) ==
			-1 ||
		    strcmp(again.domain, l.at[i].domain) != 0)
			abort();
		(void)net_rule_warning(&l.at[i]);
	}
	net_rule_list_release(&l);
	return 0;
}
