#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "router/ipset.h"
#include "router/nlmsg.h"

enum {
	ADDR_A = 0x0ad60107, /* 10.214.1.7 */
	ADDR_WEB = 0x08080808
};

/* ipset(8) with these words, at most six; its exit status. */
static int
tool(const char *words)
{
	AUTO_FREE char *copy = strdup(words);
	char *argv[8] = { (char *)(uintptr_t) "ipset", NULL }, *save = NULL;

	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL ||
		    freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		for (int i = 1; i < 7; i++)
			argv[i] = strtok_r(i == 1 ? copy : NULL, " ", &save);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static bool
has(const char *set, const char *member)
{
	char words[128];

	snprintf(words, sizeof(words), "test %s %s", set, member);
	return tool(words) == 0;
}

static void
members_of_each_kind_come_and_go(void **state)
{
	const struct ipset_member ip = { .addr = ADDR_A };
	const struct ipset_member bind = { .addr = ADDR_A, .iface = "cfab1p7" };
	const struct ipset_member pin = {
		.addr = ADDR_A, .dst = ADDR_WEB, .port = 443, .timeout_s = 60
	};
	struct err e = ERR_INIT;
	struct nlsock *s;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1 ||
	    tool("create web hash:ip") != 0) {
		print_message("skipped: needs root and ipset\n");
		skip();
	}
	assert_int_equal(tool("create bind hash:net,iface"), 0);
	s = nlsock_new(&e);
	assert_non_null(s);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ipset_add(s, "web", &ip, &e), 0);
	assert_int_equal(ipset_add(s, "bind", &bind, &e), 0);
	assert_true(has("web", "10.214.1.7"));
	assert_true(has("bind", "10.214.1.7,cfab1p7"));
	assert_false(has("bind", "10.214.1.7,cfab1p8"));
	for (int i = 0; i < 2; i++)
		assert_int_equal(ipset_del(s, "web", &ip, &e), 0);
	assert_int_equal(ipset_del(s, "bind", &bind, &e), 0);
	assert_false(has("web", "10.214.1.7"));
	assert_false(has("bind", "10.214.1.7,cfab1p7"));
	/* Of what is not there, and of the wrong kind. */
	assert_int_equal(ipset_add(s, "pin", &pin, &e), -1);
	assert_non_null(strstr(e.msg, "set pin"));
	assert_int_equal(ipset_add(s, "bind", &ip, &e), -1);
	assert_int_equal(tool("create pin hash:ip,port,ip timeout 0"), 0);
	assert_int_equal(ipset_add(s, "pin", &pin, &e), 0);
	assert_true(has("pin", "10.214.1.7,tcp:443,8.8.8.8"));
	assert_false(has("pin", "10.214.1.7,tcp:80,8.8.8.8"));
	assert_int_equal(ipset_del(s, "pin", &pin, &e), 0);
	assert_false(has("pin", "10.214.1.7,tcp:443,8.8.8.8"));
	nlsock_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_each_kind_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
