#include "agentd/sandbox/barrier.h"

#ifdef COFFER_TEST

#include <stdlib.h>

#include "lib/base/view.h"

bool
barrier_is_off(const char *name)
{
	struct view rest = view_of(getenv("COFFER_TEST_WITHOUT")), one;

	while (view_split(&rest, ',', &one)) {
		if (view_is(one, name))
			return true;
	}
	return false;
}

#else

/* A release has no such thing; a file without anything is not ISO C. */
extern const char barrier_none;

#endif
