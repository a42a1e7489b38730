#include "lib/io/guard.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* What a signal's handler needs: it may call little. */
static const char *volatile guard_path;
static volatile pid_t guard_pid;

/* A git that is at work there may write once more before it finds that its
 * folder is gone. */
static const char guard_script[] = "rm -rf -- \"$1\"; (sleep 1; rm -rf -- "
				   "\"$1\") </dev/null >/dev/null 2>&1 &";

static void
guard_on_signal(int sig)
{
	const char *const path = guard_path;
	struct sigaction usual = { .sa_handler = SIG_DFL };
	const char *const argv[] = { "sh", "-c", guard_script, "sh", path,
		NULL };
	pid_t pid;

	/* Not in a child between fork and exec. */
	if (path != NULL && getpid() == guard_pid) {
		guard_path = NULL;
		/* fork(3) would wait for locks that may be held here. */
		if ((pid = _Fork()) == 0) {
			(void)execv("/bin/sh", (char *const *)(uintptr_t)argv);
			_exit(1);
		}
		while (pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
	}
	(void)sigaction(sig, &usual, NULL);
	(void)raise(sig);
}

void
guard_folder(const char *path)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction own = { .sa_handler = guard_on_signal }, old;

	guard_pid = getpid();
	guard_path = path;
	(void)sigemptyset(&own.sa_mask);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)sigaddset(&own.sa_mask, sigs[i]);
	/* One that is ignored (nohup) stays so. */
	for (size_t i = 0; path != NULL && i < sizeof(sigs) / sizeof(sigs[0]);
	     i++)
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &own, NULL);
}
