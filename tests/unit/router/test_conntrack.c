#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "router/conntrack.h"
#include "router/nlmsg.h"

enum {
	ADDR_A = 0x0ad60107, /* 10.214.1.7 */
	ADDR_WEB = 0x08080808
};

/* One program, to its end; -1 when it cannot be started. */
static int
run(const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		char *args[24] = { NULL };

		for (int i = 0; i < 23 && argv[i] != NULL; i++)
			args[i] = strdup(argv[i]);
		if (freopen("/dev/null", "w", stderr) == NULL ||
		    freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		execvp(args[0], args);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void
add(const char *src, const char *dst, const char *port, const char *mark)
{
	assert_int_equal(
	    run((const char *const[]){ "conntrack", "-I", "-s", src, "-d", dst,
		"-p", "tcp", "--sport", "40000", "--dport", port, "--state",
		"ESTABLISHED", "--timeout", "60", "-m", mark, NULL }),
	    0);
}

static bool
has(const char *src, const char *dst, const char *port)
{
	return run((const char *const[]){ "conntrack", "-G", "-s", src, "-d",
		   dst, "-p", "tcp", "--sport", "40000", "--dport", port,
		   NULL }) == 0;
}

static void
flows_are_cut_by_what_is_said_and_no_others(void **state)
{
	struct conntrack_match m = { .src = ADDR_A, .mark = 1 };
	struct nlsock *c;
	struct err e = ERR_INIT;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1 ||
	    run((const char *const[]){ "conntrack", "-L", NULL }) != 0) {
		print_message("skipped: needs root and conntrack\n");
		skip();
	}
	add("10.214.1.7", "8.8.8.8", "80", "1");
	add("10.214.1.7", "8.8.8.8", "443", "1");
	add("10.214.1.7", "8.8.4.4", "80", "0");
	add("10.214.1.8", "8.8.8.8", "80", "1");
	c = nlsock_new(&e);
	assert_non_null(c);
	assert_int_equal(
	    conntrack_cut(c, &(struct conntrack_match){ .mark = 1 }, &e), -1);
	m = (struct conntrack_match){
		.src = ADDR_A, .dst = ADDR_WEB, .tcp_port = 80
	};
	if (conntrack_cut(c, &m, &e) == -1) {
		assert_true(e.code == ERR_INVALID || e.code == ERR_NOTFOUND);
		assert_true(has("10.214.1.7", "8.8.8.8", "80"));
		nlsock_free(c);
		print_message("skipped: needs Linux 6.8\n");
		skip();
	}
	assert_false(has("10.214.1.7", "8.8.8.8", "80"));
	assert_true(has("10.214.1.7", "8.8.8.8", "443"));
	assert_true(has("10.214.1.7", "8.8.4.4", "80"));
	assert_true(has("10.214.1.8", "8.8.8.8", "80"));
	m = (struct conntrack_match){ .src = ADDR_A, .mark = 1 };
	assert_int_equal(conntrack_cut(c, &m, &e), 0);
	assert_false(has("10.214.1.7", "8.8.8.8", "443"));
	assert_true(has("10.214.1.7", "8.8.4.4", "80"));
	assert_true(has("10.214.1.8", "8.8.8.8", "80"));
	m = (struct conntrack_match){ .src = ADDR_A };
	assert_int_equal(conntrack_cut(c, &m, &e), 0);
	assert_false(has("10.214.1.7", "8.8.4.4", "80"));
	assert_true(has("10.214.1.8", "8.8.8.8", "80"));
	m = (struct conntrack_match){ .dst = ADDR_WEB };
	assert_int_equal(conntrack_cut(c, &m, &e), 0);
	assert_false(has("10.214.1.8", "8.8.8.8", "80"));
	nlsock_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_cut_by_what_is_said_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
