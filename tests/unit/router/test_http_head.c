#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/str.h"
#include "router/http_head.h"

#define HOST "Host: ok.test\r\n"

static enum http_state
head(const char *text, struct http_head *h)
{
	return http_head_read(view_of(text), h);
}

static void
a_head_tells_its_host_and_its_body(void **state)
{
	struct http_head h;

	(void)state;
	assert_int_equal(head("GET /a?b HTTP/1.1\r\nhOST:\tok.test:80 \r\n"
			      "Accept: */*\r\n\r\nrest",
			     &h),
	    HTTP_OK);
	assert_int_equal(h.host_len, 7);
	assert_memory_equal(h.host, "ok.test", 7);
	assert_int_equal(h.body, 0);
	assert_false(h.chunked);
	assert_int_equal(h.len, 53);
	assert_int_equal(
	    head("POST / HTTP/1.1\r\n" HOST "Content-Length: 12\r\n\r\n", &h),
	    HTTP_OK);
	assert_int_equal(h.body, 12);
	assert_int_equal(head("POST / HTTP/1.1\r\n" HOST
			      "Transfer-Encoding: Chunked\r\n\r\n",
			     &h),
	    HTTP_OK);
	assert_true(h.chunked);
	assert_int_equal(
	    head("GET http://OK.test/x HTTP/1.1\r\n" HOST "\r\n", &h), HTTP_OK);
	assert_int_equal(
	    head("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", &h), HTTP_OK);
}

static void
a_head_in_pieces_is_waited_for(void **state)
{
	static const char text[] = "PUT /a HTTP/1.1\r\n" HOST
				   "Content-Length: 0\r\n\r\n";
	struct http_head h;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(
		    http_head_read((struct view){ .p = text, .len = n }, &h),
		    HTTP_MORE);
	assert_int_equal(head(text, &h), HTTP_OK);
}

static void
a_websocket_is_asked_for_and_answered(void **state)
{
	struct http_head h;

	(void)state;
	assert_int_equal(
	    head("GET /s HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n"
		 "Upgrade: WebSocket\r\n\r\n",
		&h),
	    HTTP_OK);
	assert_true(h.websocket);
	assert_int_equal(head("GET / HTTP/1.1\r\n" HOST "\r\n", &h), HTTP_OK);
	assert_false(h.websocket);
	assert_true(http_is_switched(view_of("HTTP/1.1 101 Yes\r\n")));
	assert_false(http_is_switched(view_of("HTTP/1.1 1010")));
	assert_false(http_is_switched(view_of("HTTP/1.1 200 101 ")));
	assert_false(http_is_switched(view_of("HTTP/1.1 101")));
}

static void
each_refusal_has_its_word(void **state)
{
	static const struct {
		const char *text;
		enum http_state want;
	} rows[] = {
		{ "CONNECT evil.test:443 HTTP/1.1\r\n" HOST "\r\n",
		    HTTP_CONNECT },
		{ "GET http://evil.test/ HTTP/1.1\r\n" HOST "\r\n",
		    HTTP_ABSOLUTE },
		{ "GET http://ok.test.evil.test/ HTTP/1.1\r\n" HOST "\r\n",
		    HTTP_ABSOLUTE },
		{ "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "HTTP2-Settings: AA\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket, h2c\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n"
		  "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n"
		  "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "HTTP2-Settings: AA\r\n"
		  "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "POST / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.0\r\n" HOST "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
		  "Upgrade: websocket\r\n\r\n",
		    HTTP_UPGRADE },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
		    HTTP_NO_HOST },
		{ "GET / HTTP/1.0\r\n\r\n", HTTP_NO_HOST },
		{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTP_NO_HOST },
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(head(rows[i].text, &h), rows[i].want);
}

static void
what_could_be_read_in_two_ways_is_bad(void **state)
{
	static const char *const bad[] = {
		"SSH-2.0-OpenSSH_9.2\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"g@t",
		"\r\n",
		"GET /\r\n\r\n",
		"GET / HTTP/1.1\n",
		"GET / HTTP/1.1\r\nHost: ok.test\nX: y\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n",
		"GET  / HTTP/1.1\r\n" HOST "\r\n",
		"GET / x HTTP/1.1\r\n" HOST "\r\n",
		"GET ftp://ok.test/ HTTP/1.1\r\n" HOST "\r\n",
		"GET ok.test HTTP/1.1\r\n" HOST "\r\n",
		"GET http://a@ok.test/ HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\nHost : ok.test\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST HOST "\r\n",
		"GET / HTTP/1.1\r\nHost: ok.test:x\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: ok.test\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\1b\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
		"Content-Length: 1\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked"
		"\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity"
		"\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer_Encoding: chunked"
		"\r\n\r\n",
		"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked"
		"\r\n\r\n",
	};
	struct http_head h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (head(bad[i], &h) != HTTP_BAD)
			fail_msg("not bad: %s", bad[i]);
	assert_int_equal(
	    http_head_read(VIEW_LIT("GET / HTTP/1.1\r\nX: \0\r\n\r\n"), &h),
	    HTTP_BAD);
}

static void
a_head_ends_at_the_limit(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct http_head h;

	(void)state;
	str_add(&s, "GET / HTTP/1.1\r\n" HOST "X: ");
	while (s.len < HTTP_HEAD_MAX - 1)
		str_addc(&s, 'x');
	assert_int_equal(http_head_read(str_view(&s), &h), HTTP_MORE);
	str_addc(&s, 'x');
	assert_int_equal(http_head_read(str_view(&s), &h), HTTP_BAD);
	str_add(&s, "\r\n\r\n");
	assert_int_equal(http_head_read(str_view(&s), &h), HTTP_BAD);
}

/* Feeds text in pieces of n bytes; how much was passed, -1 when broken. */
static long
pass(const struct http_head *h, const char *text, size_t n)
{
	struct http_flow f = { .at = HTTP_AT_HEAD };
	size_t at = 0, have = 0, len = strlen(text), got;

	http_flow_begin(&f, h);
	while (have < len) {
		have = have + n < len ? have + n : len;
		if (http_flow_pass(&f,
			(struct view){ .p = text + at, .len = have - at },
			&got) == -1)
			return -1;
		at += got;
	}
	return (long)at;
}

static void
a_body_ends_where_the_next_head_begins(void **state)
{
	static const struct http_head length = { .body = 5 },
				      chunked = { .chunked = true },
				      none = { .body = 0 };
	static const char text[] = "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n"
				   "T: x\r\n\r\nGET / ";

	(void)state;
	for (size_t n = 1; n < 60; n++) {
		assert_int_equal(pass(&none, "GET / ", n), 0);
		assert_int_equal(pass(&length, "12345GET / ", n), 5);
		assert_int_equal(
		    pass(&chunked, text, n), (long)sizeof(text) - 1 - 6);
	}
}

static void
a_broken_chunk_is_told(void **state)
{
	static const struct http_head chunked = { .chunked = true };
	static const char *const bad[] = { "x\r\n", "\r\n", "3;a=b\r\nabc\r\n",
		"3\nabc\r\n", "3\r\nabcd\r\n", "3\r\nabc\nGET", " 3\r\nabc",
		"0x3\r\nabc", "-1\r\n", "1000000000000000\r\n",
		"000000000000000000000000000000000000000000000000000000000000"
		"00000" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pass(&chunked, bad[i], 100) != -1 ||
		    pass(&chunked, bad[i], 1) != -1)
			fail_msg("not broken: %s", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_tells_its_host_and_its_body),
		cmocka_unit_test(a_head_in_pieces_is_waited_for),
		cmocka_unit_test(a_websocket_is_asked_for_and_answered),
		cmocka_unit_test(each_refusal_has_its_word),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_bad),
		cmocka_unit_test(a_head_ends_at_the_limit),
		cmocka_unit_test(a_body_ends_where_the_next_head_begins),
		cmocka_unit_test(a_broken_chunk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
