#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"

static void
err_wrap_keeps_code_and_cause(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, ERR_NOTFOUND, "open %s", "x"), -1);
	assert_int_equal(err_wrap(&e, "merge %d", 7), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(
	    e.msg, "merge 7: open x: No such file or directory");
	assert_string_equal(err_name(e.code), "notfound");
	assert_string_equal(err_name(ERR_CODE_MAX), "unknown");
}

static void
err_cuts_what_does_not_fit(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, ERR_IO, "%0400d", 1);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	err_wrap(&e, "%0238d", 1);
	assert_int_equal(strlen(e.msg), 238);
	err_set(&e, ERR_IO, "%0230d", 1);
	err_wrap(&e, "%0200d", 2);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
}

/* What one log call writes to standard error. */
static size_t
capture(char *buf, size_t size, void (*log_one)(void))
{
	AUTO_CLOSE int saved = dup(STDERR_FILENO);
	int p[2];
	ssize_t n;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	log_one();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(p[1]);
	n = read(p[0], buf, size - 1);
	(void)close(p[0]);
	assert_true(n >= 0);
	buf[n] = '\0';
	return (size_t)n;
}

static void
log_two_vals(void)
{
	log_info("run set-state from=%s why=%s", log_val("queued"),
	    log_val("a \"b\"\n\033[1m"));
}

static void
log_raw_newline(void)
{
	log_warn("sub event text=%s", "one\ntwo");
}

static void
log_hidden(void)
{
	log_debug("sub event hidden=1");
}

static void
log_long(void)
{
	log_info("%05000d", 1);
}

static void
log_writes_one_escaped_line(void **state)
{
	char buf[8192];

	(void)state;
	log_init("unit", LOG_LEVEL_INFO);
	(void)capture(buf, sizeof(buf), log_two_vals);
	assert_non_null(strstr(buf,
	    "Z unit info run set-state from=queued "
	    "why=\"a \\x22b\\x22\\x0a\\x1b[1m\"\n"));
	(void)capture(buf, sizeof(buf), log_raw_newline);
	assert_non_null(strstr(buf, " warn sub event text=one?two\n"));
	assert_int_equal(capture(buf, sizeof(buf), log_hidden), 0);
	assert_int_equal(capture(buf, sizeof(buf), log_long), 4095);
	assert_int_equal(buf[4094], '\n');
}

static void
log_val_cuts_long_text(void **state)
{
	char text[1001];

	(void)state;
	memset(text, 1, sizeof(text) - 1);
	text[1000] = '\0';
	assert_int_equal(strlen(log_val(text)), 4 * 200 + 2 + 3);
	assert_string_equal(log_val(NULL), "\"\"");
}

#ifdef COFFER_TEST
/* The status of a process that passes the point n times. */
static int
pass_points(const char *want, int n)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setenv("COFFER_FAIL", want, 1);
		for (int i = 0; i < n; i++)
			FAIL_POINT(store_commit);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
failpoint_kills_at_the_named_pass(void **state)
{
	(void)state;
	assert_true(WIFSIGNALED(pass_points("store_commit", 1)));
	assert_int_equal(pass_points("store_commit:3", 2), 0);
	assert_int_equal(WTERMSIG(pass_points("store_commit:3", 3)), SIGKILL);
	assert_int_equal(pass_points("store", 3), 0);
	assert_int_equal(pass_points("store_commits", 3), 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_wrap_keeps_code_and_cause),
		cmocka_unit_test(err_cuts_what_does_not_fit),
		cmocka_unit_test(log_writes_one_escaped_line),
		cmocka_unit_test(log_val_cuts_long_text),
#ifdef COFFER_TEST
		cmocka_unit_test(failpoint_kills_at_the_named_pass),
#endif
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
