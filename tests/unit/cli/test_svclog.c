#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/svclog.h"
#include "cli/svcstate.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static int
svclog_setup(void **state)
{
	char *dir = xstrdup("/tmp/coffer-svclog-XXXXXX");
	AUTO_FREE char *run = NULL;

	if (mkdtemp(dir) == NULL)
		return -1;
	run = path_join(dir, "run");
	*state = dir;
	return mkdir(run, 0700);
}

static int
svclog_teardown(void **state)
{
	struct err e = ERR_INIT;
	int rc = path_rmtree(*state, &e);

	free(*state);
	return rc;
}

static off_t
svclog_size(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct stat st;

	return stat(path, &st) == -1 ? -1 : st.st_size;
}

static void
a_log_over_its_limit_becomes_the_old_one(void **state)
{
	AUTO_FREE char *path = path_join(*state, "x.log");
	struct err e = ERR_INIT;
	struct svclog *l = svclog_open(path, 100, &e);
	char line[41];

	assert_non_null(l);
	memset(line, 'a', sizeof(line));
	line[40] = '\n';
	for (int i = 0; i < 5; i++)
		svclog_write(l, line, sizeof(line));
	svclog_close(l);
	assert_int_equal(svclog_size(*state, "x.log"), 41);
	assert_int_equal(svclog_size(*state, "x.log.1"), 82);
}

static void
the_last_lines_are_kept_for_a_message(void **state)
{
	AUTO_FREE char *path = path_join(*state, "y.log");
	struct err e = ERR_INIT;
	struct svclog *l = svclog_open(path, SVCLOG_MAX, &e);

	assert_non_null(l);
	svclog_write(l, "first\n", 6);
	assert_string_equal(svclog_tail(l), "first\n");
	for (int i = 0; i < 1000; i++)
		svclog_write(l, "line\n", 5);
	svclog_write(l, "last\n", 5);
	assert_true(strlen(svclog_tail(l)) <= SVCLOG_TAIL);
	assert_memory_equal(svclog_tail(l), "line\n", 5);
	assert_string_equal(
	    svclog_tail(l) + strlen(svclog_tail(l)) - 5, "last\n");
	svclog_close(l);
}

static void
the_lock_is_taken_once(void **state)
{
	struct err e = ERR_INIT;
	int one = -1, two = -1;

	assert_int_equal(svcstate_holder(*state), 0);
	assert_int_equal(svcstate_lock(*state, &one, &e), 0);
	assert_int_equal(svcstate_lock(*state, &two, &e), 1);
	assert_int_equal(svcstate_holder(*state), getpid());
	(void)close(one);
	assert_int_equal(svcstate_holder(*state), 0);
}

static void
a_pid_given_to_another_process_is_not_taken_for_ours(void **state)
{
	struct svcstate s = { .name = "x", .state = "running" }, back[8];
	struct err e = ERR_INIT;

	s.pid = getpid();
	s.start = svcstate_start_of(getpid());
	assert_true(s.start > 0);
	assert_true(svcstate_alive(&s));
	assert_int_equal(svcstate_write(*state, &s, 1, &e), 0);
	assert_int_equal(svcstate_read(*state, back), 1);
	assert_true(svcstate_alive(&back[0]));
	assert_string_equal(back[0].name, "x");
	s.start++;
	assert_false(svcstate_alive(&s));
	assert_int_equal(svcstate_start_of(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_log_over_its_limit_becomes_the_old_one, svclog_setup,
		    svclog_teardown),
		cmocka_unit_test_setup_teardown(
		    the_last_lines_are_kept_for_a_message, svclog_setup,
		    svclog_teardown),
		cmocka_unit_test_setup_teardown(
		    the_lock_is_taken_once, svclog_setup, svclog_teardown),
		cmocka_unit_test_setup_teardown(
		    a_pid_given_to_another_process_is_not_taken_for_ours,
		    svclog_setup, svclog_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
