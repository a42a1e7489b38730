#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"

enum {
	GUARD_MS = 20000,
	IN_MAX = 4096,
	OUT_MAX = 8192
};

struct scene {
	struct loop *loop;
	struct stream *s;
	struct timer *guard;
	int peer;
	bool take;  /* on_data takes everything */
	bool pause; /* on_data pauses */
	struct str got;
	size_t shown; /* length of the last input shown */
	size_t taken; /* bytes, in all */
	int shows, drains, eofs, closes;
	char reason[128];
};

static void
on_guard(void *arg)
{
	struct scene *t = arg;

	(void)arg;
	loop_stop(t->loop);
	fail_msg("the stream did not come to its end");
}

static void
on_data(struct stream *s, struct view in, void *arg)
{
	struct scene *t = arg;

	t->shows++;
	t->shown = in.len;
	if (t->take) {
		str_addv(&t->got, in);
		t->taken += in.len;
		stream_take(s, in.len);
	}
	if (t->pause)
		stream_pause(s);
}

static void
on_drain(struct stream *s, void *arg)
{
	struct scene *t = arg;

	assert_false(stream_is_full(s));
	t->drains++;
}

static void
on_eof(struct stream *s, void *arg)
{
	struct scene *t = arg;

	(void)s;
	t->eofs++;
	loop_stop(t->loop);
}

static void
on_close(struct stream *s, const char *reason, void *arg)
{
	struct scene *t = arg;

	assert_int_equal(stream_fd(s), -1);
	t->closes++;
	t->s = NULL;
	str_reset(&t->got);
	(void)snprintf(t->reason, sizeof(t->reason), "%s", reason);
	loop_stop(t->loop);
}

static void
open_scene(struct scene *t, struct stream_spec spec)
{
	struct err e = ERR_INIT;
	int p[2];

	memset(t, 0, sizeof(*t));
	t->loop = loop_new(&e);
	assert_int_equal(sock_pair(p, &e), 0);
	t->peer = p[1];
	spec.fd = p[0];
	spec.in_max = IN_MAX;
	spec.out_max = OUT_MAX;
	spec.on_data = on_data;
	spec.on_drain = on_drain;
	spec.on_eof = on_eof;
	spec.on_close = on_close;
	spec.arg = t;
	t->s = stream_new(t->loop, &spec);
	t->guard = timer_new(t->loop, on_guard, t);
	timer_set(t->guard, GUARD_MS);
}

static void
run(struct scene *t)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(t->loop, &e), 0);
}

static void
on_stop(void *arg)
{
	loop_stop(arg);
}

/* Turns that let everything that is ready happen. */
static void
settle(struct scene *t)
{
	struct timer *timer = timer_new(t->loop, on_stop, t->loop);

	for (int i = 0; i < 8; i++) {
		timer_set(timer, 1);
		run(t);
	}
	timer_free(timer);
}

static void
close_scene(struct scene *t)
{
	if (t->s != NULL) {
		stream_close(t->s, "test end");
		run(t);
		assert_string_equal(t->reason, "test end");
	}
	assert_int_equal(t->closes, 1);
	timer_free(t->guard);
	if (t->peer != -1)
		(void)close(t->peer);
	str_release(&t->got);
	loop_free(t->loop);
}

/* Everything that the peer can read now; its length. */
static size_t
drain_peer(const struct scene *t, bool *eof)
{
	static char buf[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(t->peer, buf, sizeof(buf))) > 0)
		sum += (size_t)n;
	*eof = n == 0;
	return sum;
}

static void
stream_passes_bytes_both_ways(void **state)
{
	struct scene t;
	bool eof;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.take = true;
	assert_int_equal(write(t.peer, "hello", 5), 5);
	settle(&t);
	assert_string_equal(str_cstr(&t.got), "hello");
	stream_write(t.s, "world", 5);
	assert_int_equal(drain_peer(&t, &eof), 5);
	assert_false(eof);
	close_scene(&t);
}

static void
stream_stops_reading_at_its_limit(void **state)
{
	static char bytes[3 * IN_MAX];
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	assert_int_equal(write(t.peer, bytes, sizeof(bytes)), sizeof(bytes));
	settle(&t);
	assert_int_equal(t.shown, IN_MAX);
	assert_int_equal(stream_input(t.s).len, IN_MAX);
	stream_take(t.s, 100);
	settle(&t);
	assert_int_equal(t.shown, IN_MAX);
	t.take = true;
	stream_take(t.s, 1);
	settle(&t);
	assert_int_equal(t.got.len, sizeof(bytes) - 101);
	close_scene(&t);
}

static void
stream_resume_shows_what_was_left(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.pause = true;
	assert_int_equal(write(t.peer, "abc", 3), 3);
	settle(&t);
	assert_int_equal(t.shows, 1);
	assert_int_equal(write(t.peer, "def", 3), 3);
	settle(&t);
	assert_int_equal(t.shows, 1);
	t.pause = false;
	t.take = true;
	stream_resume(t.s);
	assert_int_equal(t.shows, 1);
	settle(&t);
	assert_string_equal(str_cstr(&t.got), "abcdef");
	close_scene(&t);
}

static void
fill(struct scene *t)
{
	static const char bytes[1024];

	for (int i = 0; i < 4096 && !stream_is_full(t->s); i++)
		stream_write(t->s, bytes, sizeof(bytes));
	assert_true(stream_is_full(t->s));
}

static void
stream_says_full_and_then_drained(void **state)
{
	struct scene t;
	bool eof;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	fill(&t);
	settle(&t);
	assert_int_equal(t.drains, 0);
	while (t.drains == 0) {
		(void)drain_peer(&t, &eof);
		settle(&t);
	}
	assert_int_equal(t.drains, 1);
	close_scene(&t);
}

static void
stream_closes_on_overrun(void **state)
{
	static const char bytes[1024];
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	fill(&t);
	for (int i = 0; i < 2 * OUT_MAX / 1024; i++)
		stream_write(t.s, bytes, sizeof(bytes));
	assert_int_equal(t.closes, 0); /* it comes from the loop */
	run(&t);
	assert_string_equal(t.reason, "output queue overrun");
	close_scene(&t);
}

static void
stream_finish_sends_the_whole_queue_first(void **state)
{
	static const char bytes[1024];
	size_t sent = 0, got = 0;
	struct scene t;
	bool eof = false;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	for (; !stream_is_full(t.s); sent += sizeof(bytes))
		stream_write(t.s, bytes, sizeof(bytes));
	assert_int_equal(write(t.peer, "unread", 6), 6);
	stream_finish(t.s);
	stream_write(t.s, bytes, sizeof(bytes)); /* too late: ignored */
	while (!eof) {
		settle(&t);
		got += drain_peer(&t, &eof);
	}
	assert_int_equal(got, sent);
	assert_int_equal(t.closes, 0);
	(void)close(t.peer);
	t.peer = -1;
	run(&t);
	assert_string_equal(t.reason, "finished");
	assert_int_equal(t.shows, 0);
	close_scene(&t);
}

static void
stream_does_not_linger_for_ever(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	stream_finish(t.s);
	run(&t); /* the peer stays */
	assert_string_equal(t.reason, "finished");
	close_scene(&t);
}

static void
stream_closes_at_end_of_file(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	assert_int_equal(write(t.peer, "last", 4), 4);
	(void)close(t.peer);
	t.peer = -1;
	run(&t);
	assert_int_equal(t.shown, 4);
	assert_string_equal(t.reason, "eof");
	close_scene(&t);
}

static void
stream_keeps_the_other_half(void **state)
{
	struct scene t;
	bool eof;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1, .keep_half = true });
	assert_int_equal(shutdown(t.peer, SHUT_WR), 0);
	run(&t);
	assert_int_equal(t.eofs, 1);
	assert_int_equal(t.closes, 0);
	stream_write(t.s, "answer", 6);
	stream_shutdown(t.s);
	assert_int_equal(drain_peer(&t, &eof), 6);
	assert_true(eof);
	run(&t);
	assert_string_equal(t.reason, "eof");
	close_scene(&t);
}

static void
stream_closes_when_idle(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1, .idle_ms = 30 });
	run(&t);
	assert_string_equal(t.reason, "idle");
	close_scene(&t);
}

static void
stream_names_a_write_error(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	(void)close(t.peer);
	t.peer = -1;
	stream_write(t.s, "x", 1);
	stream_close(t.s, "later");
	stream_write(t.s, "x", 1);
	run(&t);
	assert_string_equal(t.reason, "write: Broken pipe");
	close_scene(&t);
}

/* As one that says why, and ends before it read all. */
static void
stream_tells_what_came_before_a_write_error(void **state)
{
	struct scene t;

	(void)state;
	for (int closed = 0; closed < 2; closed++) {
		open_scene(&t, (struct stream_spec){ .fd = -1 });
		assert_int_equal(write(t.peer, "why", 3), 3);
		(void)close(t.peer);
		t.peer = -1;
		stream_write(t.s, "x", 1);
		/* Who closed it himself wants no more of it. */
		if (closed)
			stream_close(t.s, "later");
		run(&t);
		assert_int_equal(t.shows, closed ? 0 : 1);
		assert_int_equal(t.shown, closed ? 0 : 3);
		assert_int_equal(t.closes, 1);
		assert_string_equal(t.reason, "write: Broken pipe");
		close_scene(&t);
	}
}

/* As a program's last words while nobody has room for them. */
static void
stream_shows_what_a_pause_left_before_the_end(void **state)
{
	static const char bytes[IN_MAX / 2];
	struct scene t;

	(void)state;
	for (int half = 0; half < 2; half++) {
		open_scene(&t,
		    (struct stream_spec){ .fd = -1, .keep_half = half == 1 });
		t.pause = true;
		assert_int_equal(
		    write(t.peer, bytes, sizeof(bytes)), sizeof(bytes));
		settle(&t);
		assert_int_equal(t.shows, 1);
		(void)close(t.peer);
		t.peer = -1;
		stream_resume(t.s); /* there is still none: paused again */
		settle(&t);
		assert_int_equal(t.shows, 2);
		assert_int_equal(t.closes + t.eofs, 0);
		t.pause = false;
		t.take = true;
		stream_resume(t.s);
		run(&t);
		assert_int_equal(t.taken, sizeof(bytes));
		assert_int_equal(t.eofs, half);
		assert_int_equal(t.closes, 1 - half);
		close_scene(&t);
	}
}

static void
stream_ends_after_a_pause_in_which_all_was_taken(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.pause = true;
	assert_int_equal(write(t.peer, "abc", 3), 3);
	settle(&t);
	(void)close(t.peer);
	t.peer = -1;
	stream_resume(t.s);
	settle(&t);
	stream_take(t.s, 3);
	settle(&t);
	assert_int_equal(t.closes, 0);
	stream_resume(t.s);
	run(&t);
	assert_string_equal(t.reason, "eof");
	close_scene(&t);
}

static void
stream_tells_all_that_came_before_a_write_error(void **state)
{
	static const char bytes[8 * IN_MAX];
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.take = true;
	assert_int_equal(write(t.peer, bytes, sizeof(bytes)), sizeof(bytes));
	(void)close(t.peer);
	t.peer = -1;
	stream_write(t.s, "x", 1);
	stream_write(t.s, "x", 1);
	run(&t);
	assert_int_equal(t.taken, sizeof(bytes));
	assert_string_equal(t.reason, "write: Broken pipe");
	close_scene(&t);
}

static void
stream_does_not_wait_for_a_paused_peer_that_is_gone(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.pause = true;
	assert_int_equal(write(t.peer, "abc", 3), 3);
	settle(&t);
	(void)close(t.peer);
	t.peer = -1;
	stream_write(t.s, "x", 1);
	run(&t);
	assert_string_equal(t.reason, "write: Broken pipe");
	close_scene(&t);
}

static void
stream_close_after_resume_is_safe(void **state)
{
	struct scene t;

	(void)state;
	open_scene(&t, (struct stream_spec){ .fd = -1 });
	t.pause = true;
	assert_int_equal(write(t.peer, "abc", 3), 3);
	settle(&t);
	stream_resume(t.s);
	close_scene(&t);
	assert_int_equal(t.shows, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_passes_bytes_both_ways),
		cmocka_unit_test(stream_stops_reading_at_its_limit),
		cmocka_unit_test(stream_resume_shows_what_was_left),
		cmocka_unit_test(stream_says_full_and_then_drained),
		cmocka_unit_test(stream_closes_on_overrun),
		cmocka_unit_test(stream_finish_sends_the_whole_queue_first),
		cmocka_unit_test(stream_does_not_linger_for_ever),
		cmocka_unit_test(stream_closes_at_end_of_file),
		cmocka_unit_test(stream_keeps_the_other_half),
		cmocka_unit_test(stream_closes_when_idle),
		cmocka_unit_test(stream_names_a_write_error),
		cmocka_unit_test(stream_tells_what_came_before_a_write_error),
		cmocka_unit_test(stream_shows_what_a_pause_left_before_the_end),
		cmocka_unit_test(
		    stream_ends_after_a_pause_in_which_all_was_taken),
		cmocka_unit_test(
		    stream_tells_all_that_came_before_a_write_error),
		cmocka_unit_test(
		    stream_does_not_wait_for_a_paused_peer_that_is_gone),
		cmocka_unit_test(stream_close_after_resume_is_safe),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
