#include "lib/io/foreground.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>

#include "lib/base/err.h"

enum {
	FOREGROUND_SIGNAL_BASE = 128
};

/* posix_spawn(3) does not write to them; its type cannot say so. */
static char *const *
foreground_vector(const char *const *v)
{
	char *const *out;

	memcpy(&out, &v, sizeof(out));
	return out;
}

/* What the terminal sends is for the program; it has the signals as they were
 * before. */
static int
foreground_spawn(const char *const *argv, const char *const *envp, pid_t *pid)
{
	posix_spawnattr_t attr;
	sigset_t set;
	int rc;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGQUIT);
	if ((rc = posix_spawnattr_init(&attr)) != 0)
		return rc;
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, argv[0], NULL, &attr, foreground_vector(argv),
	    foreground_vector(envp));
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

int
foreground_run(const char *const *argv, const char *const *envp, int *status,
    struct err *e)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction was_int, was_quit;
	pid_t pid;
	int rc, st = 0;

	(void)sigaction(SIGINT, &ignore, &was_int);
	(void)sigaction(SIGQUIT, &ignore, &was_quit);
	rc = foreground_spawn(argv, envp, &pid);
	while (rc == 0 && waitpid(pid, &st, 0) == -1)
		if (errno != EINTR)
			rc = errno;
	(void)sigaction(SIGINT, &was_int, NULL);
	(void)sigaction(SIGQUIT, &was_quit, NULL);
	if (rc != 0) {
		errno = rc;
		return err_sys(e, ERR_IO, "start %s", argv[0]);
	}
	*status = WIFEXITED(st) ? WEXITSTATUS(st)
				: FOREGROUND_SIGNAL_BASE + WTERMSIG(st);
	return 0;
}
