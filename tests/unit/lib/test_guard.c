#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/io/guard.h"

static char folder[] = "/tmp/coffer-guard-XXXXXX";

/* fork(3) runs these, and takes malloc's locks: not in a handler. */
static void
on_fork(void)
{
	_exit(42);
}

/* How a process ends that guards the folder when this signal comes. */
static int
ended_by(int sig, bool guards)
{
	int status = -1;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		guard_folder(folder);
		if (!guards)
			guard_folder(NULL);
		if (pthread_atfork(on_fork, NULL, NULL) == 0)
			(void)raise(sig);
		_exit(43);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void
make(void)
{
	char file[sizeof(folder) + 8];
	FILE *f;

	(void)snprintf(
	    folder, sizeof(folder), "%s", "/tmp/coffer-guard-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	f = fopen(file, "we");
	assert_non_null(f);
	(void)fclose(f);
}

static bool
is_there(void)
{
	struct stat st;

	return stat(folder, &st) == 0;
}

static void
a_signal_takes_the_folder_with_it(void **state)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		make();
		assert_int_equal(ended_by(sigs[i], true), sigs[i]);
		assert_false(is_there());
	}
}

static void
what_is_guarded_no_more_stays(void **state)
{
	char file[sizeof(folder) + 8];

	(void)state;
	make();
	assert_int_equal(ended_by(SIGTERM, false), SIGTERM);
	assert_true(is_there());
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	(void)unlink(file);
	(void)rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_takes_the_folder_with_it),
		cmocka_unit_test(what_is_guarded_no_more_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
