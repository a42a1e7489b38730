#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/routerctl.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	GUARD_MS = 30000
};

/* A router that a test starts, kills and starts again. */
struct fixture {
	struct loop *loop;
	struct timer *guard;
	struct routerctl *ctl;
	char dir[64];
	char *path;
	struct listener *listener;
	struct stream *stream; /* its last client */
	struct str heard;
	int die;          /* so many requests kill it, unanswered */
	struct view says; /* what it answers instead */
	int asked, good, bad, wait;
	bool late;
};

static void
router_stop(struct fixture *f)
{
	listener_free(f->listener);
	f->listener = NULL;
	(void)unlink(f->path);
	if (f->stream != NULL)
		stream_close(f->stream, "killed");
}

static void
router_on_data(struct stream *s, struct view in, void *arg)
{
	static const char yes[] = "{\"ok\":true}\n";
	struct fixture *f = arg;
	const char *nl = memchr(in.p, '\n', in.len);

	if (nl == NULL || s != f->stream)
		return;
	str_addn(&f->heard, in.p, (size_t)(nl - in.p) + 1);
	stream_take(s, (size_t)(nl - in.p) + 1);
	if (f->die > 0) {
		f->die--;
		stream_close(s, "killed");
		return;
	}
	if (f->says.len > 0)
		stream_write(s, f->says.p, f->says.len);
	else
		stream_write(s, yes, sizeof(yes) - 1);
}

static void
router_on_close(struct stream *s, const char *reason, void *arg)
{
	struct fixture *f = arg;

	(void)reason;
	if (f->stream == s)
		f->stream = NULL;
}

static void
router_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct fixture *f = arg;

	(void)peer;
	f->stream = stream_new(f->loop,
	    &(struct stream_spec){ .fd = fd,
		.on_data = router_on_data,
		.on_close = router_on_close,
		.arg = f });
}

static void
router_start(void *arg)
{
	struct fixture *f = arg;
	AUTO_FREE char *text = xasprintf("unix:%s", f->path);
	struct sock_addr a;
	struct err e = ERR_INIT;
	int fd;

	assert_int_equal(sock_parse(text, &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	f->listener = listener_new(f->loop, fd, router_on_accept, f);
}

static void
on_guard(void *arg)
{
	struct fixture *f = arg;

	f->late = true;
	loop_stop(f->loop);
}

static void
on_reply(const struct json *reply, const struct err *e, void *arg)
{
	struct fixture *f = arg;

	assert_true((reply == NULL) == (e != NULL));
	if (e == NULL)
		f->good++;
	else
		f->bad++;
	if (--f->wait == 0)
		loop_stop(f->loop);
}

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/coffer-routerctl.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	f->path = path_join(f->dir, "sock");
	f->loop = loop_new(&e);
	f->guard = timer_new(f->loop, on_guard, f);
	f->ctl = routerctl_new(f->loop, f->path);
	f->heard = STR_INIT;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	routerctl_free(f->ctl);
	router_stop(f);
	timer_free(f->guard);
	loop_free(f->loop);
	(void)rmdir(f->dir);
	str_release(&f->heard);
	free(f->path);
	free(f);
	return 0;
}

/* Until n replies have come. */
static void
replies(struct fixture *f, int n)
{
	struct err e = ERR_INIT;

	f->wait = n;
	timer_set(f->guard, GUARD_MS);
	assert_int_equal(loop_run(f->loop, &e), 0);
	assert_false(f->late);
}

static void
a_request_waits_for_a_router_that_starts(void **state)
{
	struct fixture *f = *state;
	struct timer *t = timer_new(f->loop, router_start, f);

	routerctl_hello(f->ctl, on_reply, f);
	routerctl_project_set(f->ctl, 7, "web", NULL, on_reply, f);
	timer_set(t, 200);
	replies(f, 2);
	assert_int_equal(f->good, 2);
	assert_string_equal(str_cstr(&f->heard),
	    "{\"op\":\"hello\"}\n"
	    "{\"op\":\"project.set\",\"id\":7,\"mode\":\"web\"}\n");
	timer_free(t);
}

static void
a_request_is_repeated_when_the_router_dies_of_it(void **state)
{
	struct fixture *f = *state;

	router_start(f);
	f->die = 2;
	routerctl_project_del(f->ctl, 7, on_reply, f);
	routerctl_hello(f->ctl, on_reply, f);
	replies(f, 2);
	assert_int_equal(f->good, 2);
	assert_string_equal(str_cstr(&f->heard),
	    "{\"op\":\"project.del\",\"id\":7}\n"
	    "{\"op\":\"project.del\",\"id\":7}\n"
	    "{\"op\":\"project.del\",\"id\":7}\n"
	    "{\"op\":\"hello\"}\n");
}

/* Its numbers are of one router. */
static void
who_follows_the_log_is_told_that_the_router_is_away(void **state)
{
	struct fixture *f = *state;

	routerctl_follow(f->ctl, 5, on_reply, f);
	replies(f, 1);
	assert_int_equal(f->bad, 1);
	router_start(f);
	f->die = 1;
	routerctl_follow(f->ctl, 5, on_reply, f);
	replies(f, 1);
	assert_int_equal(f->bad, 2);
}

/* What is behind the NUL is of the line, too. */
static void
a_reply_with_a_nul_in_it_is_none(void **state)
{
	struct fixture *f = *state;
	char line[4096] = "";

	memset(line + 1, 'x', sizeof(line) - 2);
	line[sizeof(line) - 1] = '\n';
	f->says = (struct view){ .p = line, .len = sizeof(line) };
	router_start(f);
	routerctl_follow(f->ctl, 5, on_reply, f);
	replies(f, 1);
	assert_int_equal(f->bad, 1);
	f->says.len = 0;
	routerctl_follow(f->ctl, 5, on_reply, f);
	replies(f, 1);
	assert_int_equal(f->good, 1);
}

static void
on_connect(void *arg)
{
	struct fixture *f = arg;

	if (++f->asked == 2)
		loop_stop(f->loop);
	else
		stream_close(f->stream, "killed");
}

static void
one_that_is_kept_is_told_of_each_connection(void **state)
{
	struct fixture *f = *state;

	router_start(f);
	routerctl_hello(f->ctl, on_reply, f);
	replies(f, 1);
	routerctl_keep(f->ctl, on_connect, f);
	stream_close(f->stream, "killed");
	replies(f, 0);
	assert_int_equal(f->asked, 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_request_waits_for_a_router_that_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_request_is_repeated_when_the_router_dies_of_it, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    who_follows_the_log_is_told_that_the_router_is_away, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_reply_with_a_nul_in_it_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    one_that_is_kept_is_told_of_each_connection, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
