#include "server/domain/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "server/domain/types.h"

static const char *const verdict_results[] = {
	[VERDICT_UNTESTABLE] = "untestable",
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
};

const char *
verdict_result_name(enum verdict_result v)
{
	return verdict_results[v];
}

int
verdict_result_parse(const char *s)
{
	for (int i = VERDICT_UNTESTABLE; i <= VERDICT_FAIL; i++)
		if (strcmp(verdict_results[i], s) == 0)
			return i;
	return -1;
}

void
verdict_release(struct verdict *v)
{
	free(v->failed_rows);
	*v = (struct verdict){ .at = 0 };
}

bool
verdict_is_stale(
    const struct verdict *v, const struct project *p, bool lockdown)
{
	const char *now = network_name(
	    lockdown ? NETWORK_NONE : p->settings.network);

	/* "": the router did not say. */
	return v->gone || v->generation != p->sandbox.generation ||
	    (v->network[0] != '\0' && strcmp(v->network, now) != 0);
}
