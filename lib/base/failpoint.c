#include "lib/base/failpoint.h"

#ifdef COFFER_TEST

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
failpoint_pass(const char *name)
{
	static atomic_ulong passes;
	const char *want = getenv("COFFER_FAIL");
	size_t n = strlen(name);
	unsigned long nth = 1;

	if (want == NULL || strncmp(want, name, n) != 0)
		return;
	if (want[n] == ':')
		nth = strtoul(want + n + 1, NULL, 10);
	else if (want[n] != '\0')
		return;
	if (atomic_fetch_add(&passes, 1) + 1 == nth)
		(void)kill(getpid(), SIGKILL);
}

#else
/* ISO C wants a declaration in every translation unit. */
extern const int failpoint_is_off;
const int failpoint_is_off = 1;
#endif
