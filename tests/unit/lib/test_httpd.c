#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"

enum {
	GUARD_MS = 30000,
	UPLOAD = 50 << 20,
	DOWNLOAD = 20 << 20,
	SUM_START = 5381
};

struct fix {
	struct loop *loop;
	struct httpd *h;
	struct sock_addr addr;
	struct timer *guard;
	bool late;
	/* seen by the handlers */
	int asked;
	struct request *hanging;
	const char *closed;
	uint32_t up_sum;
	size_t up_len;
	unsigned up_rest;
	size_t down_sent;
	unsigned down_turn;
};

/* The client's side of one connection. */
struct peer {
	struct fix *f;
	struct stream *s;
	struct str in;
	bool closed;
	/* pattern to upload */
	size_t to_send;
	size_t sent;
	uint32_t sum;
};

static uint32_t
sum_add(uint32_t sum, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		sum = sum * 33 + b[i];
	return sum;
}

static unsigned char
pattern_at(size_t i)
{
	return (unsigned char)(i * 7 + (i >> 11));
}

static void
test_wake(void *arg)
{
	request_resume(arg);
}

static void
test_on_close(struct request *q, const char *reason, void *arg)
{
	struct fix *f = arg;

	(void)q;
	f->closed = reason;
	loop_stop(f->loop);
}

static void
test_on_echo(struct request *q, void *arg)
{
	struct view v = request_body(q);

	(void)arg;
	request_reply(q, 200, "text/plain", v.p, v.len);
}

/* Takes odd pieces and lets the connection wait between them. */
static size_t
test_on_up(struct request *q, const void *p, size_t n, void *arg)
{
	struct fix *f = arg;
	size_t take = n;

	if (++f->up_rest % 3 == 0) {
		take = n / 2;
		loop_defer(f->loop, test_wake, q);
	}
	f->up_sum = sum_add(f->up_sum, p, take);
	f->up_len += take;
	return take;
}

static void
test_on_up_end(struct request *q, void *arg)
{
	struct fix *f = arg;
	struct str out = STR_INIT;

	str_addf(&out, "%zu %u", f->up_len, (unsigned)f->up_sum);
	request_reply_str(q, 200, "text/plain", &out);
}

static const struct body_sink test_sink = { test_on_up, test_on_up_end };

static long
test_read_down(struct request *q, void *p, size_t max, void *arg)
{
	struct fix *f = arg;
	unsigned char *out = p;
	size_t n = DOWNLOAD - f->down_sent;

	if (n == 0)
		return BODY_END;
	if (++f->down_turn % 5 == 0) {
		loop_defer(f->loop, test_wake, q);
		return 0;
	}
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		out[i] = pattern_at(f->down_sent + i);
	f->down_sent += n;
	return (long)n;
}

static long
test_read_abort(struct request *q, void *p, size_t max, void *arg)
{
	struct fix *f = arg;

	(void)q;
	if (f->down_turn++ > 0)
		return BODY_ABORT;
	memset(p, 'x', max < 10 ? max : 10);
	return max < 10 ? (long)max : 10;
}

static const struct body_source test_down = { test_read_down };
static const struct body_source test_abort = { test_read_abort };

static void
test_reply_file(struct request *q)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	assert_int_equal(write(fd, "from a file", 11), 11);
	request_reply_file(q, 200, "text/plain", fd, 0, 11);
}

static void
test_reply_facts(struct request *q)
{
	struct str out = STR_INIT;
	char peer[SOCK_TEXT_MAX];
	const char *a = request_query(q, "a");

	request_peer(q, peer);
	str_addf(&out, "path=%s raw=%s a=%s label=%s peer=%.9s\n",
	    request_path(q), request_raw_path(q), a == NULL ? "(none)" : a,
	    request_label(q), peer);
	request_reply_str(q, 200, "text/plain", &out);
}

static void
test_on_request(struct request *q, void *arg)
{
	struct fix *f = arg;
	const char *path = request_path(q);

	f->asked++;
	if (strcmp(path, "/hello") == 0) {
		request_reply(q, 200, "application/json", "{\"a\":1}", 7);
	} else if (strcmp(path, "/echo") == 0) {
		request_collect(q, 1000, test_on_echo, f);
	} else if (strcmp(path, "/up") == 0) {
		request_stream(q, &test_sink, f);
	} else if (strcmp(path, "/down") == 0) {
		request_reply_stream(q, 200, "text/plain", &test_down, f);
	} else if (strcmp(path, "/abort") == 0) {
		request_reply_stream(q, 200, "text/plain", &test_abort, f);
	} else if (strcmp(path, "/hang") == 0) {
		f->hanging = q;
		request_on_close(q, test_on_close, f);
		loop_stop(f->loop);
	} else if (strcmp(path, "/inject") == 0) {
		request_header(q, "X-Bad", "a\r\nX-Evil: 1");
		request_header(q, "X-Good", "fine");
		request_reply(q, 200, NULL, "ok", 2);
	} else if (strcmp(path, "/file") == 0) {
		test_reply_file(q);
	} else {
		test_reply_facts(q);
	}
}

static void
test_on_guard(void *arg)
{
	struct fix *f = arg;

	f->late = true;
	loop_stop(f->loop);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	struct httpd_spec spec = { .on_request = test_on_request, .arg = f };

	f->up_sum = SUM_START;
	f->loop = loop_new(&e);
	assert_int_equal(sock_parse("127.0.0.1:0", &f->addr, &e), 0);
	assert_int_equal(sock_listen(&f->addr, 0, &spec.listen_fd, &e), 0);
	f->addr.len = sizeof(f->addr.ss);
	assert_int_equal(
	    getsockname(spec.listen_fd, (struct sockaddr *)(void *)&f->addr.ss,
		&f->addr.len),
	    0);
	spec.loop = f->loop;
	f->h = httpd_new(&spec, &e);
	assert_non_null(f->h);
	f->guard = timer_new(f->loop, test_on_guard, f);
	timer_set(f->guard, GUARD_MS);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;

	httpd_free(f->h);
	timer_free(f->guard);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void
peer_on_data(struct stream *s, struct view in, void *arg)
{
	struct peer *p = arg;

	str_addv(&p->in, in);
	stream_take(s, in.len);
	loop_stop(p->f->loop);
}

static void
peer_on_close(struct stream *s, const char *reason, void *arg)
{
	struct peer *p = arg;

	(void)s;
	(void)reason;
	p->closed = true;
	p->s = NULL;
	loop_stop(p->f->loop);
}

static void
peer_upload(struct stream *s, void *arg)
{
	struct peer *p = arg;
	unsigned char buf[4096];

	while (p->sent < p->to_send && !stream_is_full(s)) {
		size_t n = p->to_send - p->sent;

		if (n > sizeof(buf))
			n = sizeof(buf);
		for (size_t i = 0; i < n; i++)
			buf[i] = pattern_at(p->sent + i);
		p->sum = sum_add(p->sum, buf, n);
		p->sent += n;
		stream_write(s, buf, n);
	}
}

static void
peer_start(struct peer *p, struct fix *f, int fd)
{
	struct stream_spec spec = { .fd = fd,
		.on_data = peer_on_data,
		.on_drain = peer_upload,
		.on_close = peer_on_close,
		.arg = p };

	*p = (struct peer){ .f = f, .sum = SUM_START };
	p->s = stream_new(f->loop, &spec);
}

static void
peer_dial(struct peer *p, struct fix *f)
{
	struct err e = ERR_INIT;
	int fd;

	assert_int_equal(sock_connect(&f->addr, &fd, &e), 0);
	peer_start(p, f, fd);
}

static void
peer_say(struct peer *p, const char *text)
{
	stream_write(p->s, text, strlen(text));
}

static void
fix_turn(struct fix *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->loop, &e), 0);
	assert_false(f->late);
}

static int
peer_count(const struct peer *p, const char *needle)
{
	const char *at = str_cstr(&p->in);
	int n = 0;

	while ((at = strstr(at, needle)) != NULL) {
		at += strlen(needle);
		n++;
	}
	return n;
}

/* Until the text was received so many times, or the server closed. */
static void
peer_wait(struct peer *p, const char *needle, int count)
{
	while (peer_count(p, needle) < count && !p->closed)
		fix_turn(p->f);
	assert_int_equal(peer_count(p, needle), count);
}

static void
peer_wait_close(struct peer *p)
{
	while (!p->closed)
		fix_turn(p->f);
}

static void
peer_end(struct peer *p)
{
	if (!p->closed) {
		stream_close(p->s, "test ends");
		peer_wait_close(p);
	}
	str_release(&p->in);
}

static void
a_kept_connection_answers_again_and_again(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	for (int i = 1; i <= 3; i++) {
		peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
		peer_wait(&p, "{\"a\":1}", i);
	}
	assert_int_equal(peer_count(&p, "HTTP/1.1 200 OK"), 3);
	assert_int_equal(peer_count(&p, "Content-Type: application/json"), 3);
	assert_false(p.closed);
	peer_end(&p);
}

static void
pipelined_requests_are_answered_in_order(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "GET /x?a=1 HTTP/1.1\r\nHost: a\r\n\r\n"
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
	    "GET /x?a=2 HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "a=2", 1);
	assert_true(
	    strstr(str_cstr(&p.in), "a=1") < strstr(str_cstr(&p.in), "abc"));
	assert_true(
	    strstr(str_cstr(&p.in), "abc") < strstr(str_cstr(&p.in), "a=2"));
	peer_end(&p);
}

static void
head_has_the_length_but_no_body(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"
	    "GET /x?a=after HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "a=after", 1);
	assert_int_equal(peer_count(&p, "Content-Length: 7"), 1);
	assert_int_equal(peer_count(&p, "{\"a\":1}"), 0);
	peer_end(&p);
}

static void
a_body_is_collected_with_length_chunks_or_expect(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
	    "hello");
	peer_wait(&p, "\r\n\r\nhello", 1);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
	peer_wait(&p, "\r\n\r\nabcdefg", 1);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
	    "Expect: 100-continue\r\n\r\n");
	peer_wait(&p, "100 Continue", 1);
	peer_say(&p, "last");
	peer_wait(&p, "\r\n\r\nlast", 1);
	assert_false(p.closed);
	peer_end(&p);
}

static void
a_body_over_the_maximum_is_413(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
	for (int i = 0; i < 1001; i++)
		stream_write(p.s, "x", 1);
	peer_wait(&p, "{\"message\":", 1);
	assert_int_equal(peer_count(&p, "HTTP/1.1 413"), 1);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3e9\r\n");
	for (int i = 0; i < 1001; i++)
		stream_write(p.s, "y", 1);
	peer_say(&p, "\r\n0\r\n\r\n");
	peer_wait(&p, "{\"message\":", 2);
	assert_int_equal(peer_count(&p, "HTTP/1.1 413"), 2);
	assert_int_equal(peer_count(&p, "yyy"), 0);
	peer_end(&p);
}

static void
a_refused_body_is_not_waited_for(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n"
	    "Expect: 100-continue\r\n\r\n");
	peer_wait(&p, "HTTP/1.1 413", 1);
	assert_int_equal(peer_count(&p, "100 Continue"), 0);
	peer_wait_close(&p);
	peer_end(&p);
}

static void
a_body_nobody_asked_for_is_dropped(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"
	    "unread"
	    "GET /x?a=next HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "a=next", 1);
	assert_int_equal(peer_count(&p, "{\"a\":1}"), 1);
	peer_end(&p);
}

static void
a_streamed_body_survives_50_mb_with_pauses(void **state)
{
	struct fix *f = *state;
	struct str want = STR_INIT;
	struct peer p;

	peer_dial(&p, f);
	peer_say(&p,
	    "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 52428800\r\n\r\n");
	p.to_send = UPLOAD;
	peer_upload(p.s, &p);
	peer_wait(&p, "HTTP/1.1 200", 1);
	str_addf(&want, "%d %u", UPLOAD, (unsigned)p.sum);
	assert_int_equal(peer_count(&p, str_cstr(&want)), 1);
	str_release(&want);
	peer_end(&p);
}

/* HTTP/1.0: no chunks, the end of the connection is the end of the body. */
static void
a_streamed_reply_waits_and_is_woken(void **state)
{
	struct fix *f = *state;
	struct peer p;
	const char *at;

	peer_dial(&p, f);
	peer_say(&p, "GET /down HTTP/1.0\r\n\r\n");
	peer_wait_close(&p);
	at = strstr(str_cstr(&p.in), "\r\n\r\n") + 4;
	assert_int_equal(p.in.p + p.in.len - at, DOWNLOAD);
	for (size_t i = 0; i < DOWNLOAD; i++)
		if ((unsigned char)at[i] != pattern_at(i))
			fail_msg("byte %zu differs", i);
	peer_end(&p);
}

static void
a_chunked_reply_carries_every_byte(void **state)
{
	struct fix *f = *state;
	struct peer p;
	const char *at;
	size_t total = 0;

	peer_dial(&p, f);
	peer_say(&p, "GET /down HTTP/1.1\r\nHost: a\r\n\r\n");
	while (f->down_sent < DOWNLOAD || p.in.len < DOWNLOAD ||
	    memcmp(p.in.p + p.in.len - 5, "0\r\n\r\n", 5) != 0)
		fix_turn(f);
	at = strstr(str_cstr(&p.in), "\r\n\r\n") + 4;
	for (;;) {
		char *end;
		size_t n = strtoul(at, &end, 16);

		at = end + 2;
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)at[i] != pattern_at(total + i))
				fail_msg("byte %zu differs", total + i);
		total += n;
		at += n + 2;
	}
	assert_int_equal(total, DOWNLOAD);
	assert_false(p.closed);
	peer_end(&p);
}

static void
an_aborted_reply_does_not_look_complete(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p, "GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait_close(&p);
	assert_int_equal(peer_count(&p, "\r\n0\r\n"), 0);
	peer_end(&p);
}

static void
a_client_that_leaves_while_waiting_is_noticed(void **state)
{
	struct fix *f = *state;
	struct peer p;

	peer_dial(&p, f);
	peer_say(&p, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
	while (f->hanging == NULL)
		fix_turn(f);
	peer_end(&p);
	while (f->closed == NULL)
		fix_turn(f);
	assert_string_equal(f->closed, "client left");
}

static void
freeing_the_server_closes_what_waits(void **state)
{
	struct fix *f = *state;
	struct peer p;

	peer_dial(&p, f);
	peer_say(&p, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
	while (f->hanging == NULL)
		fix_turn(f);
	httpd_free(f->h);
	f->h = NULL;
	assert_string_equal(f->closed, "shutdown");
	peer_end(&p);
}

static void
a_late_reply_is_sent(void **state)
{
	struct fix *f = *state;
	struct peer p;

	peer_dial(&p, f);
	peer_say(&p, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
	while (f->hanging == NULL)
		fix_turn(f);
	request_reply(f->hanging, 200, NULL, "later", 5);
	assert_true(request_replied(f->hanging));
	peer_wait(&p, "later", 1);
	while (f->closed == NULL)
		fix_turn(f);
	assert_string_equal(f->closed, "done");
	peer_end(&p);
}

static void
messages_with_two_ends_are_refused(void **state)
{
	static const char *const bad[] = {
		"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		"Content-Length: 4\r\n\r\nabcd",
		"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		"content-length: 3\r\n\r\nabc",
		"POST /hello HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: gzip\r\n\r\nabc",
		"POST /hello HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n"
		"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"POST /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n"
		"\r\nabc",
		"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET /hello HTTP/1.1\r\n\r\n",
		"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET hello HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	struct fix *f = *state;
	struct peer p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		peer_dial(&p, f);
		peer_say(&p, bad[i]);
		peer_wait_close(&p);
		if (peer_count(&p, "HTTP/1.1 400") != 1 ||
		    peer_count(&p, "{\"message\":\"") != 1)
			fail_msg("%s\n gave %s", bad[i], str_cstr(&p.in));
		peer_end(&p);
	}
	assert_int_equal(f->asked, 0);
}

static void
a_header_that_is_too_large_is_431(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\nX: ");
	for (int i = 0; i < 40000; i++)
		stream_write(p.s, "x", 1);
	peer_say(&p, "\r\n\r\n");
	peer_wait_close(&p);
	assert_int_equal(peer_count(&p, "HTTP/1.1 431"), 1);
	peer_end(&p);
}

static void
a_header_value_cannot_start_another_header(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p, "GET /inject HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "\r\n\r\nok", 1);
	assert_int_equal(peer_count(&p, "X-Evil"), 0);
	assert_int_equal(peer_count(&p, "X-Good: fine"), 1);
	peer_end(&p);
}

static void
paths_and_queries_are_decoded_once(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p,
	    "GET /p%2541//../b?x=1&a=%26+%3d&a=2 HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "peer=127.0.0.1\n", 1);
	assert_int_equal(
	    peer_count(&p, "path=/p%41//../b raw=/p%2541//../b a=& = "), 1);
	peer_say(&p, "BREW http://a/y?b HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "path=/y raw=/y a=(none) label= ", 1);
	peer_end(&p);
}

static void
a_file_is_sent(void **state)
{
	struct peer p;

	peer_dial(&p, *state);
	peer_say(&p, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "\r\n\r\nfrom a file", 1);
	peer_end(&p);
}

static void
a_handed_over_socket_keeps_its_label(void **state)
{
	struct fix *f = *state;
	struct sock_addr peer = { .len = sizeof(sa_family_t) };
	struct err e = ERR_INIT;
	struct peer p;
	int fds[2];

	peer.ss.ss_family = AF_UNIX;
	assert_int_equal(sock_pair(fds, &e), 0);
	assert_int_equal(
	    httpd_add_connection(f->h, fds[1], &peer, "project-7", &e), 0);
	peer_start(&p, f, fds[0]);
	peer_say(&p, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_wait(&p, "label=project-7", 1);
	peer_end(&p);
}

#define HTTPD_TEST(t) \
	cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HTTPD_TEST(a_kept_connection_answers_again_and_again),
		HTTPD_TEST(pipelined_requests_are_answered_in_order),
		HTTPD_TEST(head_has_the_length_but_no_body),
		HTTPD_TEST(a_body_is_collected_with_length_chunks_or_expect),
		HTTPD_TEST(a_body_over_the_maximum_is_413),
		HTTPD_TEST(a_refused_body_is_not_waited_for),
		HTTPD_TEST(a_body_nobody_asked_for_is_dropped),
		HTTPD_TEST(a_streamed_body_survives_50_mb_with_pauses),
		HTTPD_TEST(a_streamed_reply_waits_and_is_woken),
		HTTPD_TEST(a_chunked_reply_carries_every_byte),
		HTTPD_TEST(an_aborted_reply_does_not_look_complete),
		HTTPD_TEST(a_client_that_leaves_while_waiting_is_noticed),
		HTTPD_TEST(freeing_the_server_closes_what_waits),
		HTTPD_TEST(a_late_reply_is_sent),
		HTTPD_TEST(messages_with_two_ends_are_refused),
		HTTPD_TEST(a_header_that_is_too_large_is_431),
		HTTPD_TEST(a_header_value_cannot_start_another_header),
		HTTPD_TEST(paths_and_queries_are_decoded_once),
		HTTPD_TEST(a_file_is_sent),
		HTTPD_TEST(a_handed_over_socket_keeps_its_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
