#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/io/pump.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"

struct scene {
	struct loop *loop;
	struct pump *pump;
	int a, b; /* the far ends */
	int dones;
	uint64_t a_to_b, b_to_a;
	char reason[128];
};

static void
on_done(const struct pump_end *end, void *arg)
{
	struct scene *t = arg;

	t->dones++;
	t->pump = NULL;
	t->a_to_b = end->a_to_b;
	t->b_to_a = end->b_to_a;
	(void)snprintf(t->reason, sizeof(t->reason), "%s", end->reason);
}

static void
open_scene(struct scene *t, const char *first, int64_t idle_ms)
{
	struct err e = ERR_INIT;
	struct pump_spec spec = { .first = first,
		.first_len = first == NULL ? 0 : strlen(first),
		.idle_ms = idle_ms,
		.on_done = on_done,
		.arg = t };
	int p[2], q[2];

	memset(t, 0, sizeof(*t));
	t->loop = loop_new(&e);
	assert_int_equal(sock_pair(p, &e), 0);
	assert_int_equal(sock_pair(q, &e), 0);
	t->a = p[1];
	t->b = q[1];
	spec.a = p[0];
	spec.b = q[0];
	t->pump = pump_start(t->loop, &spec);
}

static void
on_stop(void *arg)
{
	loop_stop(arg);
}

static void
settle(struct scene *t)
{
	struct timer *timer = timer_new(t->loop, on_stop, t->loop);
	struct err e = ERR_INIT;

	for (int i = 0; i < 8; i++) {
		timer_set(timer, 1);
		assert_int_equal(loop_run(t->loop, &e), 0);
	}
	timer_free(timer);
}

static void
close_scene(struct scene *t)
{
	if (t->pump != NULL)
		pump_stop(t->pump, "test end");
	(void)close(t->a);
	(void)close(t->b);
	loop_free(t->loop);
	assert_int_equal(t->dones, 1);
}

static void
expect(int fd, const char *want)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, strlen(want));
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
pump_copies_both_ways_with_first_bytes(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, "first,", 0);
	put(t.a, "ping");
	put(t.b, "pong");
	settle(&t);
	expect(t.b, "first,ping");
	expect(t.a, "pong");
	pump_stop(t.pump, "enough");
	pump_stop(t.pump, "again");
	assert_int_equal(t.dones, 0); /* it comes from the loop */
	settle(&t);
	assert_string_equal(t.reason, "enough");
	assert_int_equal(t.a_to_b, 10);
	assert_int_equal(t.b_to_a, 4);
	close_scene(&t);
}

static void
pump_carries_a_half_close(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, NULL, 0);
	put(t.a, "request");
	assert_int_equal(shutdown(t.a, SHUT_WR), 0);
	settle(&t);
	expect(t.b, "request");
	expect(t.b, ""); /* end of file has come through */
	assert_int_equal(t.dones, 0);
	put(t.b, "response");
	settle(&t);
	expect(t.a, "response");
	assert_int_equal(shutdown(t.b, SHUT_WR), 0);
	settle(&t);
	expect(t.a, "");
	assert_string_equal(t.reason, "eof");
	close_scene(&t);
}

static void
pump_holds_back_for_a_slow_reader(void **state)
{
	static char chunk[16384], sink[65536];
	struct scene t;
	uint64_t sent = 0, got = 0;
	ssize_t n;

	(void)state;
	open_scene(&t, NULL, 0);
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 50; i++) {
		while ((n = write(t.a, chunk, sizeof(chunk))) > 0)
			sent += (uint64_t)n;
		settle(&t);
	}
	assert_int_equal(errno, EAGAIN);
	/* Two socket buffers and ours, not the memory of the machine. */
	assert_true(sent < 4 << 20);
	assert_int_equal(shutdown(t.a, SHUT_WR), 0);
	for (;;) {
		n = read(t.b, sink, sizeof(sink));
		if (n == 0)
			break;
		if (n > 0)
			got += (uint64_t)n;
		else
			settle(&t);
	}
	assert_true(got == sent);
	assert_int_equal(shutdown(t.b, SHUT_WR), 0);
	settle(&t);
	assert_true(t.a_to_b == sent);
	assert_string_equal(t.reason, "eof");
	close_scene(&t);
}

static void
pump_delivers_what_a_gone_reader_had_sent(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, NULL, 0);
	put(t.b, "early answer");
	(void)close(t.b);
	t.b = -1;
	put(t.a, "too late");
	settle(&t);
	expect(t.a, "early answer");
	assert_int_equal(shutdown(t.a, SHUT_WR), 0);
	settle(&t);
	assert_int_equal(t.dones, 1);
	close_scene(&t);
}

static void
pump_ends_when_idle(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, NULL, 20);
	while (t.dones == 0)
		settle(&t);
	assert_string_equal(t.reason, "idle");
	close_scene(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pump_copies_both_ways_with_first_bytes),
		cmocka_unit_test(pump_carries_a_half_close),
		cmocka_unit_test(pump_holds_back_for_a_slow_reader),
		cmocka_unit_test(pump_delivers_what_a_gone_reader_had_sent),
		cmocka_unit_test(pump_ends_when_idle),
	};

	return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
