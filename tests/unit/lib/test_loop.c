#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

struct trace {
	struct loop *loop;
	struct timer *timer;
	struct watch *watch;
	int n;
	char text[64];
};

static struct trace
start(void)
{
	struct err e = ERR_INIT;
	struct trace t = { .loop = loop_new(&e) };

	assert_non_null(t.loop);
	return t;
}

static void
run(struct trace *t)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(t->loop, &e), 0);
}

static void
note(struct trace *t, char c)
{
	assert_true(t->n < 60);
	t->text[t->n++] = c;
}

static void
on_stop(void *arg)
{
	struct trace *t = arg;

	note(t, 's');
	loop_stop(t->loop);
}

static void
on_b(void *arg)
{
	note(arg, 'b');
}

static void
on_a(void *arg)
{
	struct trace *t = arg;

	note(t, 'a');
	loop_defer(t->loop, on_stop, t);
	note(t, 'A');
}

static void
loop_defers_in_order_and_by_one_turn(void **state)
{
	struct trace t = start();

	(void)state;
	loop_defer(t.loop, on_a, &t);
	loop_defer(t.loop, on_b, &t);
	assert_int_equal(t.n, 0);
	run(&t);
	assert_string_equal(t.text, "aAbs");
	loop_free(t.loop);
}

static void
loop_free_runs_what_is_deferred(void **state)
{
	struct trace t = start();

	(void)state;
	loop_defer(t.loop, on_a, &t);
	loop_free(t.loop);
	assert_string_equal(t.text, "aAs");
	loop_free(NULL);
}

static void
loop_stop_before_run_counts(void **state)
{
	struct trace t = start();

	(void)state;
	loop_stop(t.loop);
	run(&t);
	loop_defer(t.loop, on_stop, &t);
	run(&t);
	assert_string_equal(t.text, "s");
	loop_free(t.loop);
}

static void *
post_many(void *arg)
{
	struct trace *t = arg;

	for (int i = 0; i < 20; i++)
		loop_post(t->loop, on_b, t);
	loop_post(t->loop, on_stop, t);
	return NULL;
}

static void
loop_post_wakes_it_from_a_thread(void **state)
{
	struct trace t = start();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, post_many, &t), 0);
	run(&t);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(t.text, "bbbbbbbbbbbbbbbbbbbbs");
	loop_free(t.loop);
}

static void
loop_has_one_handler_for_a_signal(void **state)
{
	struct trace t = start();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(loop_on_signal(t.loop, SIGUSR1, on_stop, &t, &e), 0);
	assert_int_equal(loop_on_signal(t.loop, SIGUSR1, on_b, &t, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_int_equal(raise(SIGUSR1), 0);
	run(&t);
	assert_string_equal(t.text, "s");
	loop_free(t.loop);
}

static void
on_again(void *arg)
{
	struct trace *t = arg;

	note(t, 't');
	assert_false(timer_pending(t->timer));
	if (t->n < 3) {
		timer_set(t->timer, 1);
		return;
	}
	timer_free(t->timer);
	t->timer = NULL;
	loop_stop(t->loop);
}

static void
timer_may_rearm_and_free_itself(void **state)
{
	struct trace t = start();

	(void)state;
	t.timer = timer_new(t.loop, on_again, &t);
	timer_set(t.timer, 60000);
	timer_set(t.timer, 0);
	assert_true(timer_pending(t.timer));
	run(&t);
	assert_string_equal(t.text, "ttt");
	timer_free(NULL);
	loop_free(t.loop);
}

static void
timer_cancel_keeps_it_silent(void **state)
{
	struct trace t = start();
	struct timer *never = timer_new(t.loop, on_b, &t);
	struct timer *last = timer_new(t.loop, on_stop, &t);

	(void)state;
	timer_set(never, 1);
	timer_cancel(never);
	timer_set(last, 20);
	run(&t);
	assert_string_equal(t.text, "s");
	timer_free(never);
	timer_free(last);
	loop_free(t.loop);
}

static void
on_ready(int fd, int what, void *arg)
{
	struct trace *t = arg;
	char c;

	if ((what & WATCH_WRITE) != 0) {
		note(t, 'w');
		watch_set(t->watch, WATCH_READ);
		return;
	}
	assert_int_equal(what, WATCH_READ);
	if (read(fd, &c, 1) == 1) {
		note(t, c);
		return;
	}
	note(t, '.');
	watch_free(t->watch);
	t->watch = NULL;
	loop_stop(t->loop);
}

static void
watch_changes_interest_and_frees_itself(void **state)
{
	struct trace t = start();
	struct err e = ERR_INIT;
	int p[2];

	(void)state;
	assert_int_equal(sock_pair(p, &e), 0);
	assert_int_equal(write(p[1], "xy", 2), 2);
	(void)close(p[1]);
	t.watch = watch_new(t.loop, p[0], on_ready, &t);
	watch_set(t.watch, WATCH_WRITE);
	run(&t);
	assert_string_equal(t.text, "wxy.");
	(void)close(p[0]);
	watch_free(NULL);
	loop_free(t.loop);
}

static void
watch_takes_files_as_always_ready(void **state)
{
	struct trace t = start();
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	assert_true(fputs("ab", f) >= 0 && fflush(f) == 0);
	rewind(f);
	t.watch = watch_new(t.loop, fileno(f), on_ready, &t);
	watch_set(t.watch, WATCH_READ);
	run(&t);
	assert_string_equal(t.text, "ab.");
	(void)fclose(f);
	loop_free(t.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_defers_in_order_and_by_one_turn),
		cmocka_unit_test(loop_free_runs_what_is_deferred),
		cmocka_unit_test(loop_stop_before_run_counts),
		cmocka_unit_test(loop_post_wakes_it_from_a_thread),
		cmocka_unit_test(loop_has_one_handler_for_a_signal),
		cmocka_unit_test(timer_may_rearm_and_free_itself),
		cmocka_unit_test(timer_cancel_keeps_it_silent),
		cmocka_unit_test(watch_changes_interest_and_frees_itself),
		cmocka_unit_test(watch_takes_files_as_always_ready),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
