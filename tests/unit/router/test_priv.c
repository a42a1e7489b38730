#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "router/priv.h"

enum {
	ROUTER_ID = 64102
};

static int
denied(int fd)
{
	int sys = errno;

	if (fd >= 0)
		(void)close(fd);
	return fd == -1 && sys == EPERM;
}

/* What the filters forbid and let, told by an exit status: the failed line. */
#define MUST(x)                                 \
	do {                                    \
		if (!(x))                       \
			_exit(__LINE__ & 0xff); \
	} while (0)

static void
main_process_probe(void)
{
	struct err e = ERR_INIT;

	MUST(priv_keep_net_admin(ROUTER_ID, ROUTER_ID, &e) == 0);
	MUST(getuid() == ROUTER_ID && geteuid() == ROUTER_ID);
	MUST(setuid(0) == -1);
	MUST(denied(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)));
	MUST(denied(socket(AF_PACKET, SOCK_RAW, 0)));
	MUST(denied(socket(AF_VSOCK, SOCK_STREAM, 0)));
	MUST(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) >= 0);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	MUST(denied(unshare(CLONE_NEWUSER)));
	_exit(0);
}

static void
worker_probe(void)
{
	struct err e = ERR_INIT;

	MUST(priv_drop_all(ROUTER_ID, ROUTER_ID, &e) == 0);
	MUST(priv_confine(&e) == 0);
	MUST(denied(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)));
	MUST(denied(socket(AF_PACKET, SOCK_RAW, 0)));
	MUST(denied(socket(AF_INET, SOCK_RAW, 1)));
	MUST(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	MUST(socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
	MUST(denied(execl("/bin/true", "true", (char *)NULL)));
	MUST(denied(unlink("/nothing")));
	_exit(0);
}

static int
run(void (*probe)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		probe();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
main_process_has_netlink_for_netfilter_alone(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(run(main_process_probe), 0);
}

static void
worker_can_start_nothing_and_has_plain_sockets(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(run(worker_probe), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_process_has_netlink_for_netfilter_alone),
		cmocka_unit_test(
		    worker_can_start_nothing_and_has_plain_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
