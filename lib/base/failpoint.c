#include "lib/base/failpoint.h"

#ifdef COFFER_TEST

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
failpoint_file(const char *name)
{
	const char *path = getenv("COFFER_FAIL_FILE");
	char want[128];
	ssize_t n;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, want, sizeof(want) - 1);
	(void)close(fd);
	want[n > 0 ? n : 0] = '\0';
	want[strcspn(want, "\n")] = '\0';
	if (strcmp(want, name) != 0)
		return;
	(void)unlink(path);
	(void)kill(getpid(), SIGKILL);
}

void
failpoint_step(const char *prefix, const char *name, const char *suffix)
{
	char full[128];

	(void)snprintf(full, sizeof(full), "%s %s%s", prefix, name, suffix);
	failpoint_file(full);
}

void
failpoint_pass(const char *name)
{
	static atomic_ulong passes;
	const char *want = getenv("COFFER_FAIL");
	size_t n = strlen(name);
	unsigned long nth = 1;

	failpoint_file(name);
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
