#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/io/sock.h"
#include "lib/io/watch.h"

static char root[] = "/tmp/test-sock-XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(root) == NULL ? -1 : chdir(root);
}

static int
teardown(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return chdir("/") == -1 ? -1 : path_rmtree(root, &e);
}

static void
sock_text_is_what_parse_took(void **state)
{
	static const char *const good[] = { "127.0.0.1:3000", "0.0.0.0:0",
		"[::1]:3000", "[::]:65535", "unix:/run/x.sock", "unix:x" };
	static const char *const bad[] = { "", ":80", "localhost:80",
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
		"[127.0.0.1]:80", "[::1:80", "[]:80", "1.2.3.4:+5",
		"unix:", "[::1]80" };
	char text[SOCK_TEXT_MAX], longest[160];
	struct err e = ERR_INIT;
	struct sock_addr a;

	(void)state;
	(void)snprintf(longest, sizeof(longest), "unix:/%0106d", 7);
	assert_int_equal(sock_parse(longest, &a, &e), 0);
	assert_string_equal(sock_text(&a, text), longest);
	(void)snprintf(longest, sizeof(longest), "unix:/%0107d", 7);
	assert_int_equal(sock_parse(longest, &a, &e), -1);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(sock_parse(good[i], &a, &e), 0);
		assert_string_equal(sock_text(&a, text), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sock_parse(bad[i], &a, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void
sock_listen_replaces_only_a_stale_path(void **state)
{
	struct err e = ERR_INIT;
	struct sock_addr a;
	struct stat st;
	int fd = -1, second = -1;

	(void)state;
	assert_int_equal(sock_parse("unix:s", &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0620, &fd, &e), 0);
	assert_int_equal(stat("s", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0620);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sock_listen(&a, 0600, &second, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	(void)close(fd);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	(void)close(fd);
	assert_int_equal(sock_parse("unix:file", &a, &e), 0);
	assert_int_equal(path_write_atomic("file", "x", 1, 0600, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_int_equal(access("file", F_OK), 0);
}

struct meeting {
	struct loop *loop;
	struct listener *listener;
	struct watch *watch;
	int accepted;
	int limit; /* frees the listener at this one */
	uid_t uid;
	int connect_rc;
	struct err connect_err;
};

static void
on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct meeting *m = arg;
	struct err e = ERR_INIT;

	assert_int_equal(peer->ss.ss_family, AF_UNIX);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(sock_peer_uid(fd, &m->uid, &e), 0);
	(void)close(fd);
	if (++m->accepted == m->limit) {
		listener_free(m->listener);
		loop_stop(m->loop);
	}
}

static void
listener_accepts_and_frees_itself(void **state)
{
	struct err e = ERR_INIT;
	struct meeting m = { .limit = 3, .uid = (uid_t)-1 };
	struct sock_addr a;
	int fd = -1, c[5];

	(void)state;
	m.loop = loop_new(&e);
	assert_int_equal(sock_parse("unix:l", &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	m.listener = listener_new(m.loop, fd, on_accept, &m);
	listener_pause(m.listener);
	for (int i = 0; i < 5; i++)
		assert_int_equal(sock_connect(&a, &c[i], &e), 0);
	listener_resume(m.listener);
	assert_int_equal(loop_run(m.loop, &e), 0);
	assert_int_equal(m.accepted, 3);
	assert_int_equal(m.uid, getuid());
	for (int i = 0; i < 5; i++)
		(void)close(c[i]);
	listener_free(NULL);
	loop_free(m.loop);
}

static void
on_writable(int fd, int what, void *arg)
{
	struct meeting *m = arg;

	(void)what;
	m->connect_rc = sock_error(fd, &m->connect_err);
	watch_set(m->watch, 0);
	loop_stop(m->loop);
}

/* The result of connecting to an address of TCP that nobody listens on. */
static void
sock_error_tells_a_refused_connection(void **state)
{
	struct err e = ERR_INIT;
	struct meeting m = { 0 };
	struct sockaddr_in bound = { 0 };
	socklen_t len = sizeof(bound);
	struct sock_addr a;
	char text[64];
	int fd = -1;

	(void)state;
	m.loop = loop_new(&e);
	assert_int_equal(sock_parse("127.0.0.1:0", &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0, &fd, &e), 0);
	assert_int_equal(
	    getsockname(fd, (struct sockaddr *)(void *)&bound, &len), 0);
	(void)close(fd);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u",
	    (unsigned)ntohs(bound.sin_port));
	assert_int_equal(sock_parse(text, &a, &e), 0);
	if (sock_connect(&a, &fd, &e) == -1) {
		assert_int_equal(e.sys, ECONNREFUSED);
		loop_free(m.loop);
		return;
	}
	m.watch = watch_new(m.loop, fd, on_writable, &m);
	watch_set(m.watch, WATCH_WRITE);
	assert_int_equal(loop_run(m.loop, &e), 0);
	assert_int_equal(m.connect_rc, -1);
	assert_int_equal(m.connect_err.sys, ECONNREFUSED);
	watch_free(m.watch);
	(void)close(fd);
	loop_free(m.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sock_text_is_what_parse_took),
		cmocka_unit_test(sock_listen_replaces_only_a_stale_path),
		cmocka_unit_test(listener_accepts_and_frees_itself),
		cmocka_unit_test(sock_error_tells_a_refused_connection),
	};

	return cmocka_run_group_tests_name("sock", tests, setup, teardown);
}
