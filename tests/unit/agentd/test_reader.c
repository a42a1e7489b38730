#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/watch/reader.h"
#include "tests/unit/agentd/cofferd_loop.h"

#define EVENTS_AFTER(n) "GET /api/coffer/v1/events?after=" n "&limit=20&wait=50"
#define EVENT(n) "{\"seq\":" n ",\"kind\":\"branch.updated\"}"

struct fix {
	struct cofferd c;
	struct reader *reader;
	struct str got;
	int retries; /* so many events are not handled at first */
	bool deaf;   /* never answers, as in a crash */
	const char *text;
};

static void
fix_on_event(const struct watch_event *ev, void *arg)
{
	struct fix *f = arg;

	str_addf(&f->got, "%lld ", (long long)ev->seq);
	if (f->deaf)
		return;
	if (f->retries > 0) {
		f->retries--;
		reader_next(f->reader, true);
	} else {
		reader_next(f->reader, false);
	}
}

static void
fix_begin(struct fix *f)
{
	f->reader = reader_new(f->c.loop, f->c.api, "agentd", fix_on_event, f);
	reader_start(f->reader);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fake_init(&f->c);
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/cursors/agentd", "{\"seq\":4}");
	fake_rule(&f->c, 200, EVENTS_AFTER("4"),
	    "{\"events\":[" EVENT("5") "," EVENT("6") "]}");
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;

	reader_free(f->reader);
	fake_release(&f->c);
	str_release(&f->got);
	free(f);
	return 0;
}

static bool
fix_has_seen(void *arg)
{
	const struct fix *f = arg;

	return fake_saw(&f->c, f->text) || strstr(str_cstr(&f->got), f->text);
}

static void
fix_see(struct fix *f, const char *text)
{
	f->text = text;
	assert_true(fake_until(&f->c, fix_has_seen, f));
}

static void
events_come_in_order_from_the_cursor(void **state)
{
	struct fix *f = *state;

	fix_begin(f);
	fix_see(f, "cursors/agentd {\"seq\":6}");
	fix_see(f, "events?after=6");
	assert_string_equal(str_cstr(&f->got), "5 6 ");
}

static void
an_event_that_was_not_handled_comes_again(void **state)
{
	struct fix *f = *state;

	f->retries = 1;
	fix_begin(f);
	fix_see(f, "cursors/agentd {\"seq\":6}");
	assert_string_equal(str_cstr(&f->got), "5 5 6 ");
}

static void
after_a_crash_they_come_again_from_what_was_stored(void **state)
{
	struct fix *f = *state;

	f->deaf = true;
	fix_begin(f);
	fix_see(f, "5 ");
	assert_false(fake_saw(&f->c, "PUT"));
	reader_free(f->reader);
	f->deaf = false;
	fix_begin(f);
	fix_see(f, "cursors/agentd {\"seq\":6}");
	assert_string_equal(str_cstr(&f->got), "5 5 6 ");
}

static void
broken_and_repeated_events_are_passed_over(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, EVENTS_AFTER("4"),
	    "{\"events\":[7,null,{\"seq\":-1},{\"seq\":5},{\"seq\":6,"
	    "\"kind\":8}," EVENT("3") "," EVENT("9") "," EVENT("9") "]}");
	fix_begin(f);
	fix_see(f, "events?after=9");
	assert_string_equal(str_cstr(&f->got), "9 ");
}

static void
a_cofferd_that_is_away_or_strange_is_asked_again(void **state)
{
	struct fix *f = *state;

	fake_times(&f->c, 1, 503, "GET /api/coffer/v1/cursors/agentd", "{}");
	fake_times(&f->c, 1, FAKE_LOST, EVENTS_AFTER("4"), "");
	fake_times(&f->c, 1, 200, EVENTS_AFTER("4"), "{\"events\":[{}]}");
	fix_begin(f);
	fix_see(f, "6 ");
	assert_string_equal(str_cstr(&f->got), "5 6 ");
	/* An empty reply that did not wait is followed by a pause. */
	fix_see(f, "events?after=6");
	loop_drain(f->c.loop);
	assert_int_equal(fake_count(&f->c, "events?after=6"), 1);
}

#define READER_TEST(t) \
	cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		READER_TEST(events_come_in_order_from_the_cursor),
		READER_TEST(an_event_that_was_not_handled_comes_again),
		READER_TEST(after_a_crash_they_come_again_from_what_was_stored),
		READER_TEST(broken_and_repeated_events_are_passed_over),
		READER_TEST(a_cofferd_that_is_away_or_strange_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
