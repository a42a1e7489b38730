#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"

enum {
	GUARD_MS = 20000,
	ASKED_MAX = 64
};

struct fix {
	struct loop *loop;
	struct httpd *h;
	struct net *n;
	struct timer *guard;
	struct sock_addr addr;
	char *url;
	bool late;
	int asked;
	struct request *waiting[ASKED_MAX];
	int closed;
	int reads;
	int done;
	int good;
};

static void
test_on_close(struct request *q, const char *reason, void *arg)
{
	struct fix *f = arg;

	(void)q;
	(void)reason;
	f->closed++;
	loop_stop(f->loop);
}

/* Some bytes, then a failure. */
static long
test_read_abort(struct request *q, void *p, size_t max, void *arg)
{
	struct fix *f = arg;

	(void)q;
	if (f->reads++ > 0)
		return BODY_ABORT;
	memset(p, 'x', max);
	return (long)max;
}

static const struct body_source test_abort = { test_read_abort };

static void
test_on_request(struct request *q, void *arg)
{
	struct fix *f = arg;

	assert_true(f->asked < ASKED_MAX);
	f->waiting[f->asked++] = q;
	request_on_close(q, test_on_close, f);
	if (strcmp(request_path(q), "/hold") == 0)
		request_hold(q);
	if (strcmp(request_path(q), "/abort") == 0)
		request_reply_stream(q, 200, "text/plain", &test_abort, f);
	loop_stop(f->loop);
}

static void
test_on_turn(void *arg)
{
	struct fix *f = arg;

	loop_stop(f->loop);
}

static void
test_on_guard(void *arg)
{
	struct fix *f = arg;

	f->late = true;
	loop_stop(f->loop);
}

static void
test_on_done(const struct fetch_reply *r, void *arg)
{
	struct fix *f = arg;

	f->done++;
	if (r->error == 0 && r->status == 200)
		f->good++;
	loop_stop(f->loop);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct httpd_spec spec = {
		.max_conns = 2, .on_request = test_on_request, .arg = f
	};
	struct sock_addr a;
	struct err e = ERR_INIT;
	char text[SOCK_TEXT_MAX];

	f->loop = loop_new(&e);
	assert_int_equal(sock_parse("127.0.0.1:0", &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0, &spec.listen_fd, &e), 0);
	a.len = sizeof(a.ss);
	assert_int_equal(getsockname(spec.listen_fd,
			     (struct sockaddr *)(void *)&a.ss, &a.len),
	    0);
	f->url = xasprintf("http://%s/", sock_text(&a, text));
	f->addr = a;
	spec.loop = f->loop;
	f->h = httpd_new(&spec, &e);
	f->n = net_new(f->loop, "test/1", &e);
	assert_non_null(f->h);
	assert_non_null(f->n);
	f->guard = timer_new(f->loop, test_on_guard, f);
	timer_set(f->guard, GUARD_MS);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;

	net_free(f->n);
	httpd_free(f->h);
	timer_free(f->guard);
	loop_free(f->loop);
	free(f->url);
	free(f);
	return 0;
}

static void
fix_ask(struct fix *f)
{
	struct fetch_spec spec = { .method = "GET",
		.url = f->url,
		.on_done = test_on_done,
		.arg = f };
	struct err e = ERR_INIT;

	assert_int_equal(fetch_start(f->n, &spec, NULL, &e), 0);
}

static void
fix_until(struct fix *f, const int *count, int n)
{
	struct err e = ERR_INIT;

	while (*count < n) {
		assert_int_equal(loop_run(f->loop, &e), 0);
		assert_false(f->late);
	}
}

static void
fix_answer(struct fix *f, int i)
{
	request_header(f->waiting[i], "Connection", "close");
	request_reply(f->waiting[i], 200, "text/plain", "x", 1);
}

static void
a_connection_over_the_maximum_waits_its_turn(void **state)
{
	struct fix *f = *state;

	for (int i = 0; i < 8; i++)
		fix_ask(f);
	fix_until(f, &f->asked, 2);
	for (int i = 0; i < 8; i++) {
		assert_true(f->asked <= i + 2);
		fix_until(f, &f->asked, i + 1);
		fix_answer(f, i);
		fix_until(f, &f->done, i + 1);
	}
	assert_int_equal(f->good, 8);
	assert_int_equal(f->asked, 8);
}

static void
after_quiesce_the_open_ones_are_finished(void **state)
{
	struct fix *f = *state;

	fix_ask(f);
	fix_until(f, &f->asked, 1);
	httpd_quiesce(f->h);
	fix_ask(f);
	fix_until(f, &f->done, 1);
	assert_int_equal(f->good, 0);
	fix_answer(f, 0);
	fix_until(f, &f->done, 2);
	assert_int_equal(f->good, 1);
}

/* A plain socket, for what no proper client sends. */
static int
raw_say(const struct fix *f, const char *text)
{
	struct err e = ERR_INIT;
	int fd;

	assert_int_equal(sock_connect(&f->addr, &fd, &e), 0);
	assert_int_equal(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

static void
a_pipelined_request_waits_for_the_first(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(f,
	    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
	    "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	char buf[1024];
	ssize_t n;

	fix_until(f, &f->asked, 1);
	assert_string_equal(request_path(f->waiting[0]), "/1");
	request_reply(f->waiting[0], 200, "text/plain", "first", 5);
	fix_until(f, &f->asked, 2);
	assert_int_equal(f->closed, 1);
	assert_string_equal(request_path(f->waiting[1]), "/2");
	request_reply(f->waiting[1], 200, "text/plain", "second", 6);
	fix_until(f, &f->closed, 2);
	n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "first"));
	assert_non_null(strstr(strstr(buf, "first"), "second"));
	(void)close(fd);
}

/* Without chunks only a reset tells the end from a failure. */
static void
an_aborted_reply_to_http_1_0_is_reset(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(f, "GET /abort HTTP/1.0\r\n\r\n");
	char buf[8192];
	ssize_t n;

	fix_until(f, &f->closed, 1);
	do
		n = recv(fd, buf, sizeof(buf), 0);
	while (n > 0 || (n == -1 && errno == EAGAIN));
	assert_int_equal(n, -1);
	assert_int_equal(errno, ECONNRESET);
	(void)close(fd);
}

/* The end is there before anything is read: no event tells of it later. */
static void
a_client_that_leaves_with_its_last_bytes_is_noticed(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(
	    f, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");

	(void)close(fd);
	fix_until(f, &f->closed, 1);
	assert_false(f->late);
}

static void
test_on_held_body(struct request *q, void *arg)
{
	struct view v = request_body(q);

	(void)arg;
	request_header(q, "Connection", "close");
	request_reply(q, 200, "text/plain", v.p, v.len);
}

/* The request is there and some turns have gone by. */
static void
fix_held(struct fix *f)
{
	struct err e = ERR_INIT;

	fix_until(f, &f->asked, 1);
	for (int i = 0; i < 20; i++) {
		loop_defer(f->loop, test_on_turn, f);
		assert_int_equal(loop_run(f->loop, &e), 0);
	}
}

static void
fix_read(struct fix *f, int fd, const char *end)
{
	char in[2000];
	size_t n = 0;
	ssize_t got;

	fix_until(f, &f->closed, 1);
	while ((got = read(fd, in + n, sizeof(in) - 1 - n)) > 0)
		n += (size_t)got;
	in[n] = '\0';
	(void)close(fd);
	assert_true(strncmp(in, "HTTP/1.1 200", 12) == 0);
	assert_true(n > strlen(end));
	assert_string_equal(in + n - strlen(end), end);
}

static void
a_held_request_s_body_is_still_whole_afterwards(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(f,
	    "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
	    "abcdefghi");

	fix_held(f);
	request_unhold(f->waiting[0]);
	request_collect(f->waiting[0], 100, test_on_held_body, f);
	fix_read(f, fd, "\r\n\r\nabcdefghi");
}

static void
a_held_request_without_a_body_is_answered_later(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(f, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");

	fix_held(f);
	request_unhold(f->waiting[0]);
	request_collect(f->waiting[0], 100, test_on_held_body, f);
	fix_read(f, fd, "\r\n\r\n");
}

static void
a_client_that_leaves_while_held_is_noticed(void **state)
{
	struct fix *f = *state;
	int fd = raw_say(f,
	    "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");

	fix_held(f);
	(void)close(fd);
	fix_until(f, &f->closed, 1);
	assert_false(f->late);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_connection_over_the_maximum_waits_its_turn, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    after_quiesce_the_open_ones_are_finished, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    a_pipelined_request_waits_for_the_first, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    an_aborted_reply_to_http_1_0_is_reset, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    a_client_that_leaves_with_its_last_bytes_is_noticed,
		    fix_setup, fix_teardown),
		cmocka_unit_test_setup_teardown(
		    a_held_request_s_body_is_still_whole_afterwards, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    a_held_request_without_a_body_is_answered_later, fix_setup,
		    fix_teardown),
		cmocka_unit_test_setup_teardown(
		    a_client_that_leaves_while_held_is_noticed, fix_setup,
		    fix_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
