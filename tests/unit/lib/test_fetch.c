#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	GUARD_MS = 20000,
	PIECES = 1000,
	PIECE = 4096
};

struct fix {
	struct loop *loop;
	struct httpd *h;
	struct net *n;
	struct timer *guard;
	char *base; /* "http://127.0.0.1:PORT" */
	bool late;
	/* server */
	unsigned pieces;
	const char *closed;
	struct str seen;
	/* client */
	int done;
	int error;
	struct str text;
	int status;
	struct str body;
	struct str location;
	struct fetch *fetch;
	bool sent; /* all of a body */
	size_t streamed;
	size_t stop_at;
	unsigned pulled;
	int released;
};

static long
test_read_pieces(struct request *q, void *p, size_t max, void *arg)
{
	struct fix *f = arg;
	size_t n = max < PIECE ? max : PIECE;

	(void)q;
	if (f->pieces == PIECES)
		return BODY_END;
	f->pieces++;
	memset(p, 'p', n);
	return (long)n;
}

static const struct body_source test_pieces = { test_read_pieces };

static void
test_on_body(struct request *q, void *arg)
{
	size_t len = request_body(q).len;
	AUTO_STR struct str body = STR_INIT;

	(void)arg;
	request_take_body(q, &body);
	assert_int_equal(body.len, len);
	assert_int_equal(request_body(q).len, 0);
	request_reply(q, 200, "text/plain", body.p, body.len);
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
test_on_request(struct request *q, void *arg)
{
	struct fix *f = arg;
	const char *path = request_path(q);
	const char *auth = request_header_in(q, "Authorization");

	str_reset(&f->seen);
	str_addf(&f->seen, "%s %s auth=%s", request_method(q), path,
	    auth == NULL ? "" : auth);
	if (strcmp(path, "/echo") == 0) {
		request_collect(q, 1 << 20, test_on_body, f);
	} else if (strcmp(path, "/pieces") == 0) {
		request_reply_stream(q, 200, "text/plain", &test_pieces, f);
	} else if (strcmp(path, "/hang") == 0) {
		request_on_close(q, test_on_close, f);
		if (f->fetch != NULL && f->stop_at == 1)
			fetch_cancel(f->fetch);
	} else if (strcmp(path, "/away") == 0) {
		request_header(q, "Location", "/echo");
		request_reply(q, 302, NULL, "gone", 4);
	} else if (strcmp(path, "/taken") == 0) {
		request_reply(q, 409, "application/json",
		    "{\"message\":\"name is taken\"}", 27);
	} else if (strcmp(path, "/html") == 0) {
		request_reply(q, 200, "text/html", "<p>", 3);
	} else if (strcmp(path, "/empty") == 0) {
		request_reply(q, 204, NULL, "", 0);
	} else {
		request_reply(q, 200, "application/json", "{\"ok\":true}", 11);
	}
}

static void
test_on_guard(void *arg)
{
	struct fix *f = arg;

	f->late = true;
	loop_stop(f->loop);
}

static void
test_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct fix *f = arg;
	struct err e = ERR_INIT;

	assert_int_equal(httpd_add_connection(f->h, fd, peer, "unix", &e), 0);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct httpd_spec spec = { .on_request = test_on_request, .arg = f };
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
	f->base = xasprintf("http://%s", sock_text(&a, text));
	spec.loop = f->loop;
	f->h = httpd_new(&spec, &e);
	assert_non_null(f->h);
	f->n = net_new(f->loop, "test/1", &e);
	assert_non_null(f->n);
	f->guard = timer_new(f->loop, test_on_guard, f);
	timer_set(f->guard, GUARD_MS);
	f->stop_at = SIZE_MAX;
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
	str_release(&f->seen);
	str_release(&f->text);
	str_release(&f->body);
	str_release(&f->location);
	free(f->base);
	free(f);
	return 0;
}

static void
test_on_done(const struct fetch_reply *r, void *arg)
{
	struct fix *f = arg;
	const char *location = fetch_header(f->fetch, "location");

	f->done++;
	assert_int_equal(f->released, 0);
	f->sent = fetch_body_sent(f->fetch);
	f->error = r->error;
	f->status = r->status;
	str_add(&f->text, r->error == 0 ? "" : r->error_text);
	str_addv(&f->body, r->body);
	assert_int_equal(r->body.p[r->body.len], 0);
	str_add(&f->location, location == NULL ? "" : location);
	f->fetch = NULL;
	loop_stop(f->loop);
}

static void
test_on_free(void *arg)
{
	struct fix *f = arg;

	f->released++;
}

static bool
test_on_data(struct view chunk, void *arg)
{
	struct fix *f = arg;

	f->streamed += chunk.len;
	return f->streamed <= f->stop_at;
}

static long
test_pull(void *p, size_t max, void *arg)
{
	struct fix *f = arg;
	size_t n = max < PIECE ? max : PIECE;

	if (f->pulled++ == 20)
		return f->stop_at == 2 ? -1 : 0;
	memset(p, 'u', n);
	return (long)n;
}

static void
fix_turn(struct fix *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->loop, &e), 0);
	assert_false(f->late);
}

static void
fix_start(struct fix *f, const char *path, struct fetch_spec spec)
{
	AUTO_FREE char *url = xasprintf("%s%s", f->base, path);
	struct err e = ERR_INIT;

	spec.url = url;
	spec.on_done = test_on_done;
	spec.on_free = test_on_free;
	spec.arg = f;
	f->released = 0;
	if (fetch_start(f->n, &spec, &f->fetch, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(f->done, 0);
}

static void
fix_wait(struct fix *f)
{
	while (f->done == 0)
		fix_turn(f);
	assert_int_equal(f->done, 1);
	f->done = 0;
}

static void
get_gives_status_type_and_body(void **state)
{
	struct fix *f = *state;

	for (int i = 0; i < 3; i++) {
		str_reset(&f->body);
		fix_start(f, "/x", (struct fetch_spec){ .method = "GET" });
		fix_wait(f);
		assert_int_equal(f->error, 0);
		assert_int_equal(f->status, 200);
		assert_string_equal(str_cstr(&f->body), "{\"ok\":true}");
		assert_int_equal(f->released, 1);
	}
}

static void
post_sends_the_body(void **state)
{
	struct fix *f = *state;
	static const char *const headers[] = { "Authorization: Bearer t",
		NULL };

	fix_start(f, "/echo",
	    (struct fetch_spec){ .method = "POST",
		.headers = headers,
		.body = VIEW_LIT("some text") });
	fix_wait(f);
	assert_string_equal(str_cstr(&f->body), "some text");
	assert_string_equal(str_cstr(&f->seen), "POST /echo auth=Bearer t");
}

static void
a_body_that_is_kept_is_not_copied(void **state)
{
	struct fix *f = *state;
	char text[] = "some text";

	fix_start(f, "/echo",
	    (struct fetch_spec){ .method = "POST",
		.body = { text, sizeof(text) - 1 },
		.body_kept = true });
	assert_false(fetch_body_sent(f->fetch));
	text[0] = 'S';
	fix_wait(f);
	assert_string_equal(str_cstr(&f->body), "Some text");
	assert_true(f->sent);
}

static void
a_pulled_body_is_sent_in_chunks(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/echo",
	    (struct fetch_spec){
		.method = "POST", .read_body = test_pull, .read_len = -1 });
	fix_wait(f);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->body.len, (size_t)20 * PIECE);
}

static void
a_body_that_fails_aborts(void **state)
{
	struct fix *f = *state;

	f->stop_at = 2;
	fix_start(f, "/echo",
	    (struct fetch_spec){
		.method = "POST", .read_body = test_pull, .read_len = -1 });
	fix_wait(f);
	assert_int_equal(f->error, ERR_IO);
	assert_string_equal(str_cstr(&f->text), "stopped by the caller");
}

static void
a_reply_is_streamed(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/pieces",
	    (struct fetch_spec){ .method = "GET", .on_data = test_on_data });
	fix_wait(f);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->streamed, (size_t)PIECES * PIECE);
	assert_int_equal(f->body.len, 0);
}

static void
a_streamed_reply_can_be_stopped(void **state)
{
	struct fix *f = *state;

	f->stop_at = 100000;
	fix_start(f, "/pieces",
	    (struct fetch_spec){ .method = "GET", .on_data = test_on_data });
	fix_wait(f);
	assert_int_equal(f->error, ERR_IO);
	assert_true(f->streamed < (size_t)PIECES * PIECE);
}

static void
a_reply_over_the_limit_is_an_error(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/pieces",
	    (struct fetch_spec){ .method = "GET", .max_reply = 10000 });
	fix_wait(f);
	assert_int_equal(f->error, ERR_LIMIT);
	assert_true(f->body.len <= 10000);
}

static void
a_slow_reply_times_out(void **state)
{
	struct fix *f = *state;

	fix_start(
	    f, "/hang", (struct fetch_spec){ .method = "GET", .limit_ms = 50 });
	fix_wait(f);
	assert_int_equal(f->error, ERR_TIMEOUT);
}

static void
cancel_reports_later_and_once(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/hang", (struct fetch_spec){ .method = "GET" });
	fetch_cancel(f->fetch);
	fetch_cancel(f->fetch);
	assert_int_equal(f->done, 0);
	fix_wait(f);
	assert_int_equal(f->error, ERR_IO);
	assert_string_equal(str_cstr(&f->text), "cancelled");
	/* and one that the server has seen */
	str_reset(&f->text);
	f->stop_at = 1;
	fix_start(f, "/hang", (struct fetch_spec){ .method = "GET" });
	fix_wait(f);
	assert_string_equal(str_cstr(&f->text), "cancelled");
	while (f->closed == NULL)
		fix_turn(f);
	assert_string_equal(f->closed, "client left");
}

static void
freeing_the_net_releases_without_done(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/hang", (struct fetch_spec){ .method = "GET" });
	net_free(f->n);
	f->n = NULL;
	assert_int_equal(f->done, 0);
	assert_int_equal(f->released, 1);
}

static void
a_redirect_is_not_followed(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/away", (struct fetch_spec){ .method = "GET" });
	fix_wait(f);
	assert_int_equal(f->status, 302);
	assert_string_equal(str_cstr(&f->body), "gone");
	assert_string_equal(str_cstr(&f->location), "/echo");
}

static void
a_unix_socket_can_be_dialled(void **state)
{
	struct fix *f = *state;
	char dir[] = "/tmp/test-fetch.XXXXXX";
	AUTO_FREE char *path = NULL, *text = NULL;
	struct err e = ERR_INIT;
	struct sock_addr a;
	struct listener *s;
	int fd;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/s", dir);
	text = xasprintf("unix:%s", path);
	assert_int_equal(sock_parse(text, &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	s = listener_new(f->loop, fd, test_on_accept, f);
	fix_start(f, "/x",
	    (struct fetch_spec){ .method = "GET", .unix_socket = path });
	fix_wait(f);
	listener_free(s);
	(void)unlink(path);
	(void)rmdir(dir);
	assert_int_equal(f->error, 0);
	assert_string_equal(str_cstr(&f->body), "{\"ok\":true}");
}

static void
bad_requests_do_not_start(void **state)
{
	struct fix *f = *state;
	static const char *const bad_headers[] = { "X: a\r\nEvil: 1", NULL };
	struct fetch_spec spec = { .method = "GET",
		.url = "file:///etc/passwd",
		.on_done = test_on_done,
		.arg = f };
	struct err e = ERR_INIT;

	assert_int_equal(fetch_start(f->n, &spec, NULL, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	spec.url = "http://127.0.0.1/";
	spec.headers = bad_headers;
	assert_int_equal(fetch_start(f->n, &spec, NULL, &e), -1);
	spec.headers = NULL;
	spec.method = "GET /x";
	assert_int_equal(fetch_start(f->n, &spec, NULL, &e), -1);
}

static void
nobody_listening_is_an_io_error(void **state)
{
	struct fix *f = *state;
	struct fetch_spec spec = { .method = "GET",
		.url = "http://user:secret@127.0.0.1:1/",
		.on_done = test_on_done,
		.arg = f };
	struct err e = ERR_INIT;

	assert_int_equal(fetch_start(f->n, &spec, &f->fetch, &e), 0);
	fix_wait(f);
	assert_int_equal(f->error, ERR_IO);
	assert_null(strstr(str_cstr(&f->text), "secret"));
}

static void
test_on_api(const struct err *fail, int status, const struct json *j, void *arg)
{
	struct fix *f = arg;

	f->done++;
	f->error = fail == NULL ? 0 : (int)fail->code;
	f->status = status;
	str_reset(&f->text);
	str_add(&f->text, fail == NULL ? "" : fail->msg);
	str_reset(&f->body);
	if (j != NULL)
		json_print(j, &f->body);
	loop_stop(f->loop);
}

static void
api_replies_become_json_or_errors(void **state)
{
	static const struct {
		const char *path;
		int error;
		int status;
		const char *text; /* of the error, or the JSON */
	} cases[] = {
		{ "/x", 0, 200, "{\"ok\":true}" },
		{ "/empty", 0, 204, "" },
		{ "/taken", ERR_EXISTS, 409, "name is taken (HTTP 409)" },
		{ "/away", ERR_PROTO, 302, "gone (HTTP 302)" },
		{ "/html", ERR_PROTO, 200,
		    "the reply is no JSON: JSON: "
		    "expected a value at byte 0" },
		{ "/a b", ERR_INVALID, 0,
		    "URL using bad/illegal format "
		    "or missing URL" },
	};
	struct fix *f = *state;
	struct apiclient *c = apiclient_new(f->n, f->base, "tok");
	struct str body = STR_INIT;

	str_add(&body, "{}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct api_call call = { .method = "POST",
			.path = cases[i].path,
			.body = &body,
			.done = test_on_api,
			.arg = f };

		(void)api_start(c, &call);
		assert_int_equal(f->done, 0);
		fix_wait(f);
		assert_int_equal(f->error, cases[i].error);
		if (cases[i].status != 0)
			assert_int_equal(f->status, cases[i].status);
		assert_string_equal(
		    str_cstr(f->error == 0 ? &f->body : &f->text),
		    cases[i].text);
	}
	assert_non_null(strstr(str_cstr(&f->seen), "auth=Bearer tok"));
	str_release(&body);
	apiclient_free(c);
}

static void
a_call_that_cannot_start_fails_later(void **state)
{
	struct fix *f = *state;
	struct apiclient *c = apiclient_new(f->n, "ftp://x", NULL);
	struct api_call call = {
		.method = "GET", .path = "/", .done = test_on_api, .arg = f
	};

	assert_null(api_start(c, &call));
	assert_int_equal(f->done, 0);
	fix_wait(f);
	assert_int_equal(f->error, ERR_INVALID);
	assert_null(api_start(c, &call));
	call.path = "/hang";
	apiclient_free(c);
	c = apiclient_new(f->n, f->base, NULL);
	assert_non_null(api_start(c, &call));
	apiclient_free(c);
	assert_int_equal(f->done, 0);
}

static bool
test_dial(const struct sockaddr *sa, socklen_t len, void *arg)
{
	struct fix *f = arg;

	assert_int_equal(sa->sa_family, AF_INET);
	assert_true(len >= sizeof(struct sockaddr_in));
	return f->stop_at == 3;
}

static void
an_address_that_is_refused_is_not_dialled(void **state)
{
	const struct fetch_spec spec = { .method = "GET",
		.may_dial = test_dial };
	struct fix *f = *state;

	/* A connection of the pool is there by now. */
	fix_start(f, "/x", (struct fetch_spec){ .method = "GET" });
	fix_wait(f);
	str_reset(&f->seen);
	fix_start(f, "/x", spec);
	fix_wait(f);
	assert_int_equal(f->error, ERR_DENIED);
	assert_int_equal(f->status, 0);
	assert_int_equal(f->seen.len, 0);
	f->stop_at = 3;
	fix_start(f, "/x", spec);
	fix_wait(f);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->status, 200);
}

static void
a_reply_may_be_cut(void **state)
{
	struct fix *f = *state;

	fix_start(f, "/pieces",
	    (struct fetch_spec){
		.method = "GET", .max_reply = 1000, .cut_reply = true });
	fix_wait(f);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->status, 200);
	assert_int_equal(f->body.len, 1000);
}

#define FETCH_TEST(t) \
	cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FETCH_TEST(get_gives_status_type_and_body),
		FETCH_TEST(post_sends_the_body),
		FETCH_TEST(a_body_that_is_kept_is_not_copied),
		FETCH_TEST(a_pulled_body_is_sent_in_chunks),
		FETCH_TEST(a_body_that_fails_aborts),
		FETCH_TEST(a_reply_is_streamed),
		FETCH_TEST(a_streamed_reply_can_be_stopped),
		FETCH_TEST(a_reply_over_the_limit_is_an_error),
		FETCH_TEST(a_reply_may_be_cut),
		FETCH_TEST(an_address_that_is_refused_is_not_dialled),
		FETCH_TEST(a_slow_reply_times_out),
		FETCH_TEST(cancel_reports_later_and_once),
		FETCH_TEST(freeing_the_net_releases_without_done),
		FETCH_TEST(a_redirect_is_not_followed),
		FETCH_TEST(a_unix_socket_can_be_dialled),
		FETCH_TEST(bad_requests_do_not_start),
		FETCH_TEST(nobody_listening_is_an_io_error),
		FETCH_TEST(api_replies_become_json_or_errors),
		FETCH_TEST(a_call_that_cannot_start_fails_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
