#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "tests/unit/agentd/run_steps.h"

struct fake_driver fake_driver_state;

/* Runs without a token end at once: what counts is their order. */
#define ROW(id, project, item, more)                                           \
	"{\"id\":" id ",\"project\":{\"id\":" project                          \
	",\"full_name\":\"own/p" project "\"},\"event\":" id ",\"item\":" item \
	",\"is_pull\":false,\"command\":\"fix\","                              \
	"\"access\":\"read\",\"agent\":\"command\",\"network\":\"web\","       \
	"\"branch\":null,\"base\":\"main\",\"base_sha\":\"aaaa\","             \
	"\"state\":\"queued\"" more "}"
#define PROJECT(id, more)                                            \
	"{\"id\":" id ",\"full_name\":\"own/p" id                    \
	"\",\"state\":\"active\",\"sandbox\":{\"want\":\"running\"," \
	"\"state\":\"absent\"},\"settings\":{\"network\":\"web\","   \
	"\"agent\":\"command\",\"agent_command\":[\"/opt/agent\"],"  \
	"\"memory\":2147483648,\"cpus\":2,\"pids\":512,"             \
	"\"disk\":4294967296,\"wall_s\":60" more "}}"

static void
begin(struct fix *f, const char *projects, const char *rows)
{
	f->max_runs = 1;
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16",
	    projects);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50", rows);
	fix_begin(f);
}

static bool
is_idle(void *arg)
{
	const struct fix *f = arg;

	return runs_idle(f->runs);
}

static bool
is_2_over(void *arg)
{
	const struct fix *f = arg;

	return !runs_knows(f->runs, 2);
}

static void
assert_order(struct fix *f, const char *const *ids)
{
	const char *at = str_cstr(&f->c.seen);

	for (; *ids != NULL; ids++) {
		AUTO_FREE char *what = xasprintf(
		    "POST /api/coffer/v1/runs/%s/finish", *ids);

		at = strstr(at, what);
		if (at == NULL)
			fail_msg("no %s in:\n%s", what, str_cstr(&f->c.seen));
	}
}

static void
projects_are_served_in_turn(void **state)
{
	struct fix *f = *state;
	static const char *const ids[] = { "1", "4", "5", "2", "6", "3", NULL };

	begin(f,
	    "[" PROJECT("7", "") "," PROJECT("8", "") "," PROJECT("9", "") "]",
	    "[" ROW("1", "7", "1", "") "," ROW("2", "7", "2", "") "," ROW(
		"3", "7", "3", "") "," ROW("4", "8", "1", "") "," ROW("5", "9",
		"1", "") "," ROW("6", "8", "2", "") "]");
	assert_true(fake_until(&f->c, is_idle, f));
	assert_order(f, ids);
}

static void
a_paused_project_is_passed_over_and_loses_nothing(void **state)
{
	struct fix *f = *state;
	static const char *const ids[] = { "2", "1", NULL };

	begin(f,
	    "[" PROJECT("7", ",\"runs_paused\":true") "," PROJECT("8", "") "]",
	    "[" ROW("1", "7", "1", "") "," ROW("2", "8", "1", "") "]");
	assert_true(fake_until(&f->c, is_2_over, f));
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/projects/own/p7", PROJECT("7", ""));
	f->loaded = false;
	projects_refresh(f->projects, "own/p7", fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	assert_int_equal(fake_count(&f->c, "/runs/1/"), 0);
	runs_wake(f->runs);
	assert_true(fake_until(&f->c, is_idle, f));
	assert_order(f, ids);
}

/* Of its item; another item's run does not wait for it. */
static void
a_try_waits_for_its_time_unless_a_person_speaks(void **state)
{
	struct fix *f = *state;
	static const char *const ids[] = { "2", "1", NULL };
	struct err e = ERR_INIT;
	struct json *j = json_parse(VIEW_LIT(RUN_EVENT), 0, &e);
	struct watch_event ev;

	begin(f, "[" PROJECT("7", "") "]",
	    "[" ROW("1", "7", "3",
		",\"not_before\":\"2096-01-31T09:05:00Z\"") "," ROW("2", "7",
		"4", "") "]");
	assert_true(fake_until(&f->c, is_2_over, f));
	assert_int_equal(fake_count(&f->c, "/runs/1/"), 0);
	fake_rule(&f->c, 200, "POST /api/coffer/v1/orders/5", "{\"run\":1}");
	assert_int_equal(watch_event_read(j, &ev, &e), 0);
	f->ordered = false;
	runs_answer(f->runs, &ev, "retry", NULL, fix_on_ordered, f);
	assert_true(fake_until(&f->c, is_idle, f));
	assert_order(f, ids);
	json_free(j);
}

static void
a_row_of_somebody_else_is_learned_once(void **state)
{
	struct fix *f = *state;

	begin(f, "[" PROJECT("7", "") "]", "[]");
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/runs/3", ROW("3", "7", "1", ""));
	f->ordered = false;
	runs_learn(f->runs, 3, fix_on_ordered, f);
	assert_true(fake_until(&f->c, fix_is_ordered, f));
	assert_true(fake_until(&f->c, is_idle, f));
	assert_int_equal(
	    fake_count(&f->c, "POST /api/coffer/v1/runs/3/finish"), 1);
}

static void
an_order_that_is_refused_is_no_run(void **state)
{
	struct fix *f = *state;

	begin(f, "[" PROJECT("7", "") "]", "[]");
	fake_rule(
	    &f->c, 200, "POST /api/coffer/v1/runs", "{\"verdict\":\"item\"}");
	fix_order(f);
	assert_true(runs_idle(f->runs));
}

/* It gave no order: what waits there goes on waiting, as in cofferd. */
static void
a_programs_word_ends_no_pause(void **state)
{
	struct fix *f = *state;
	static const char *const ids[] = { "2", NULL };

	begin(f, "[" PROJECT("7", "") "]",
	    "[" ROW(
		"1", "7", "3", ",\"not_before\":\"2096-01-31T09:05:00Z\"") "]");
	fake_rule(
	    &f->c, 200, "POST /api/coffer/v1/runs", "{\"verdict\":\"bot\"}");
	fix_order(f);
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/runs/2", ROW("2", "7", "4", ""));
	f->ordered = false;
	runs_learn(f->runs, 2, fix_on_ordered, f);
	assert_true(fake_until(&f->c, fix_is_ordered, f));
	assert_true(fake_until(&f->c, is_2_over, f));
	assert_order(f, ids);
	assert_int_equal(fake_count(&f->c, "/runs/1/"), 0);
	assert_true(runs_knows(f->runs, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(projects_are_served_in_turn),
		RUN_TEST(a_paused_project_is_passed_over_and_loses_nothing),
		RUN_TEST(a_try_waits_for_its_time_unless_a_person_speaks),
		RUN_TEST(a_row_of_somebody_else_is_learned_once),
		RUN_TEST(an_order_that_is_refused_is_no_run),
		RUN_TEST(a_programs_word_ends_no_pause),
	};

	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
