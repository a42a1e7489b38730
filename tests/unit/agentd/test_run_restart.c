#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/agentd/run_steps.h"

struct fake_driver fake_driver_state;

/* ---- restart ---- */

static void
fix_restart_in(struct fix *f, const char *state_now)
{
	fix_end(f);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    state_now);
	fix_begin(f);
}

static void
a_running_agent_is_followed_over_a_restart(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = {
		.phase = "agent",
		.stays = true,
		.output = "the token is " RUN_TOKEN " ok\n",
	};
	const struct shim_exit good = { .started_at = 1 };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fix_restart_in(f, "[" RUN_ROW("read", "null", "running") "]");
	fake_end("agent", &good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_int_equal(fake_count(&f->c, "/runs/9/token"), 1);
	/* Each phase was started once. */
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw /work/template:ro\n"
	    "agent net=1 /work/tree:ro /work/template:ro "
	    "/run/coffer/out:rw /run/coffer/task:ro\n");
	assert_string_equal(str_cstr(&f->c.log),
	    "the token is ****************************************"
	    " ok\n");
}

/* Its sandbox is not there again yet. */
static void
what_is_stopped_while_it_waits_to_go_on_is_over(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	f->sandboxes.state = SANDBOX_STOPPED;
	f->sandboxes.slow = true;
	fix_restart_in(f, "[" RUN_ROW("read", "null", "running") "]");
	assert_non_null(f->sandboxes.late);
	runs_cancel(f->runs, 9);
	sandbox_fake_tell(f->sandboxes.late);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
	assert_int_equal(fake_count(&f->c, "/finish"), 1);
	/* Nothing was followed once more. */
	assert_int_equal(fake_count(&f->c, "/runs/9/log"), 0);
	assert_string_equal(str_cstr(&fake_driver_state.killed), "");
}

static void
an_agent_that_a_reboot_took_is_told_as_lost(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_driver_state.plan[0].stays = false;
	fix_end(f);
	fake_end("agent", NULL);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(
	    &f->c, "\"failed\",\"why\":\"agent: the sandbox was lost"));
	assert_int_equal(fake_count(&f->c, "/finish"), 1);
}

static void
a_lost_prepare_is_done_anew(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "prepare", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_prepare_is_alive, f));
	fake_driver_state.plan[0].stays = false;
	fake_end("prepare", NULL);
	fix_restart_in(f, "[" RUN_ROW("read", "null", "preparing") "]");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

/* The clone goes on over a restart; the agent beside it waits, or is gone. */
static void
fix_restart_while_preparing(struct fix *f, bool gone)
{
	const struct fake_plan p = { .phase = "prepare", .stays = true };
	const struct shim_exit good = { .started_at = 1 };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_held, f));
	if (gone) {
		fake_let_go(fake_held("agent"));
		fake_end("agent", NULL);
	}
	fix_restart_in(f, "[" RUN_ROW("read", "null", "preparing") "]");
	assert_null(strstr(str_cstr(&fake_driver_state.started), "agent"));
	fake_end("prepare", &good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw /work/template:ro\n"
	    "agent net=1 /work/tree:ro /work/template:ro "
	    "/run/coffer/out:rw /run/coffer/task:ro\n");
}

static void
a_waiting_agent_is_let_go_after_a_restart(void **state)
{
	fix_restart_while_preparing(*state, false);
}

static void
a_waiting_agent_that_is_gone_is_made_anew(void **state)
{
	fix_restart_while_preparing(*state, true);
}

static void
a_half_made_phase_is_made_again(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *alive = NULL;

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fix_end(f);
	fake_end("agent", NULL);
	/* As after a crash between the folder and its shim. */
	dir = xasprintf("%s/runs/9/agent", f->home);
	alive = path_join(dir, "alive");
	assert_int_equal(unlink(alive), 0);
	fake_driver_state.plan[0].stays = false;
	fake_driver_state.plan[0].exit.started_at = 1;
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static bool
fix_has_result(void *arg)
{
	struct fix *f = arg;
	AUTO_FREE char *path = xasprintf("%s/runs/9/result.json", f->home);

	return access(path, F_OK) == 0;
}

static void
a_verdict_is_told_again_not_made_again(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 503, "POST /api/coffer/v1/runs/9/finish", "{}");
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_has_result, f));
	fix_end(f);
	fix_message = "Something else.";
	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs/9/finish", "{}");
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "finishing") "]");
	str_reset(&f->c.seen);
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "All is well."));
	assert_false(fake_saw(&f->c, "Something else."));
}

static bool
fix_was_removed(void *arg)
{
	(void)arg;
	return fix_removed > 0;
}

static void
what_a_crash_left_of_a_finished_run_is_removed(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	AUTO_FREE char *model = NULL;
	struct err e = ERR_INIT;

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	/* cofferd has ended it: it is not in its list. */
	fix_restart_in(f, "[]");
	assert_true(fake_until(&f->c, fix_was_removed, f));
	loop_drain(f->c.loop);
	assert_true(runs_idle(f->runs));
	assert_int_equal(fake_driver_state.destroyed, 3);
	assert_false(fake_saw(&f->c, "/finish"));
	fix_removed = 0;
	fix_restart_in(f, "[]");
	loop_drain(f->c.loop);
	assert_int_equal(fix_removed, 0);
	/* The gateway was not heard to have ended its token of the models. */
	model = xasprintf("%s/runs/9/model", f->home);
	assert_int_equal(path_write_atomic(model, "", 0, 0600, &e), 0);
	fix_restart_in(f, "[]");
	assert_true(fake_until(&f->c, fix_was_removed, f));
}

/* ---- cofferd ---- */

static void
a_refused_report_still_ends_the_run(void **state)
{
	struct fix *f = *state;

	fake_times(&f->c, 1, 422, "POST /api/coffer/v1/runs/9/finish", "{}");
	fix_run(f);
	assert_true(fake_saw(&f->c, "its report was refused"));
	assert_int_equal(fake_count(&f->c, "/finish"), 2);
}

static void
a_lost_reply_does_not_run_it_twice(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/events?after=0&limit=20&wait=50",
	    "{\"events\":[" RUN_EVENT "],\"last\":5}");
	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs", RUN_READ);
	fake_times(&f->c, 1, FAKE_LOST, "POST /api/coffer/v1/runs", "");
	fake_times(
	    &f->c, 1, FAKE_LOST, "POST /api/coffer/v1/runs/9/finish", "");
	fix_begin(f);
	f->reader = reader_new(f->c.loop, f->c.api, "agentd", fix_on_event, f);
	reader_start(f->reader);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(fake_count(&f->c, "POST /api/coffer/v1/runs {"), 2);
	assert_int_equal(fake_count(&f->c, "/finish"), 2);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw /work/template:ro\n"
	    "agent net=1 /work/tree:ro /work/template:ro "
	    "/run/coffer/out:rw /run/coffer/task:ro\n");
	assert_true(
	    fake_saw(&f->c, "PUT /api/coffer/v1/cursors/agentd {\"seq\":5}"));
}

static void
the_order_is_read_again_after_a_restart(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str prompt = STR_INIT;

	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_READ "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(strstr(str_cstr(&prompt), "- Arguments: the parser"));
	assert_non_null(strstr(str_cstr(&prompt), "by ann"));
}

static void
fix_bring_back(void *arg)
{
	struct fix *f = arg;

	f->c.down = false;
	if (f->c.h == NULL)
		fake_up(&f->c);
}

static void
a_cofferd_that_is_away_is_waited_for(void **state)
{
	struct fix *f;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	const struct shim_exit good = { .started_at = 1 };
	struct timer *back;

	for (int refused = 0; refused < 2; refused++) {
		if (refused > 0)
			assert_int_equal(fix_setup(state), 0);
		f = *state;
		fix_plan(&p);
		fix_begin(f);
		fix_order(f);
		assert_true(fake_until(&f->c, fix_agent_is_alive, f));
		if (refused > 0)
			fake_down(&f->c);
		f->c.down = true;
		fake_end("agent", &good);
		back = timer_new(f->c.loop, fix_bring_back, f);
		timer_set(back, 150);
		assert_true(fake_until(&f->c, fix_is_over, f));
		timer_free(back);
		assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
		if (refused == 0)
			(void)fix_teardown(state);
	}
}

static void
a_run_that_is_over_for_cofferd_is_stopped(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fake_rule(&f->c, 409, "PATCH /api/coffer/v1/runs/9", "{}");
	fake_rule(&f->c, 200, "GET /api/coffer/v1/runs/9",
	    RUN_ROW("read", "null", "failed"));
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
strange_answers_fail_the_run_with_a_reason(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs/9/token",
	    "{\"token\":\"a\\nb\"}");
	fix_run(f);
	assert_true(fake_saw(&f->c, "cofferd gave no usable token"));
	assert_int_equal(fake_driver_state.started.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(a_running_agent_is_followed_over_a_restart),
		RUN_TEST(what_is_stopped_while_it_waits_to_go_on_is_over),
		RUN_TEST(an_agent_that_a_reboot_took_is_told_as_lost),
		RUN_TEST(a_lost_prepare_is_done_anew),
		RUN_TEST(a_waiting_agent_is_let_go_after_a_restart),
		RUN_TEST(a_waiting_agent_that_is_gone_is_made_anew),
		RUN_TEST(a_half_made_phase_is_made_again),
		RUN_TEST(a_verdict_is_told_again_not_made_again),
		RUN_TEST(what_a_crash_left_of_a_finished_run_is_removed),
		RUN_TEST(a_refused_report_still_ends_the_run),
		RUN_TEST(a_lost_reply_does_not_run_it_twice),
		RUN_TEST(the_order_is_read_again_after_a_restart),
		RUN_TEST(a_cofferd_that_is_away_is_waited_for),
		RUN_TEST(a_run_that_is_over_for_cofferd_is_stopped),
		RUN_TEST(strange_answers_fail_the_run_with_a_reason),
	};

	if (!fix_may_run())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
