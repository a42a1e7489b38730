#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/watch/projects.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/sandbox_fake.h"

#define PROJECT_ROW(state, want, has, network)                         \
	"{\"id\":7,\"full_name\":\"own/app\",\"state\":\"" state "\"," \
	"\"sandbox\":{\"want\":\"" want "\",\"state\":\"" has "\"},"   \
	"\"settings\":{\"network\":\"" network "\"}}"
#define PROJECT_MINT "POST /api/coffer/v1/projects/own/app/session-token"
#define PROJECT_PUT "PUT /api/coffer/v1/projects/own/app/sandbox"

struct fix {
	struct cofferd c;
	struct sandbox_host host;
	struct sandboxes sandboxes;
	struct projects *projects;
	const char *text; /* that is waited for */
	bool loaded, answered;
	bool waits; /* asks as soon as the project is known */
	struct err e;
};

static void
fix_on_answer(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->answered = true;
	f->e = e == NULL ? ERR_INIT : *e;
}

static void
fix_on_loaded(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->loaded = true;
	f->e = e == NULL ? ERR_INIT : *e;
	if (f->waits)
		projects_when_running(f->projects, 7, fix_on_answer, f);
}

static bool
fix_is_loaded(void *arg)
{
	const struct fix *f = arg;

	return f->loaded;
}

static bool
fix_is_answered(void *arg)
{
	const struct fix *f = arg;

	return f->answered;
}

static bool
fix_has_seen(void *arg)
{
	const struct fix *f = arg;

	return fake_saw(&f->c, f->text);
}

static bool
fix_goes_on(void *arg)
{
	const struct fix *f = arg;

	return f->sandboxes.state == SANDBOX_RUNNING;
}

static void
fix_see(struct fix *f, const char *text)
{
	f->text = text;
	assert_true(fake_until(&f->c, fix_has_seen, f));
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fake_init(&f->c);
	f->host = (struct sandbox_host){ .loop = f->c.loop,
		.home = "/nonexistent",
		.inst = "0000",
		.range = "10.214.0.0" };
	f->sandboxes = (struct sandboxes){ .loop = f->c.loop, .attach_fd = -1 };
	f->projects = projects_new(&f->host, f->c.api);
	projects_set_sandboxes(f->projects, &f->sandboxes);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;

	loop_drain(f->c.loop);
	projects_free(f->projects);
	fake_release(&f->c);
	free(f);
	return 0;
}

static void
fix_load(struct fix *f, const char *row)
{
	AUTO_FREE char *list = xasprintf("[%s]", row);

	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16", list);
	f->loaded = false;
	projects_load(f->projects, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
}

static void
fix_refresh(struct fix *f, const char *row)
{
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects/own/app", row);
	f->loaded = false;
	projects_refresh(f->projects, "own/app", fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
}

static void
a_wanted_sandbox_is_started_and_reported(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "running", "absent", "none"));
	fix_see(f,
	    PROJECT_PUT
	    " {\"state\":\"running\",\"cause\":\"\",\"reason\":\"\","
	    "\"address\":\"10.214.1.7\",\"generation\":0}");
	assert_int_equal(f->sandboxes.starts, 1);
	assert_string_equal(f->sandboxes.mode, "none");
}

static void
a_failing_start_is_told_and_tried_again(void **state)
{
	struct fix *f = *state;

	f->sandboxes.failing = 1;
	f->waits = true;
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_string_equal(f->e.msg, "no loop device");
	fix_see(f, "\"failed\",\"cause\":\"\",\"reason\":\"no loop device\"");
	fix_see(f, "\"state\":\"running\"");
	assert_int_equal(f->sandboxes.starts, 2);
}

static void
waiters_are_answered_later_whatever_the_state(void **state)
{
	struct fix *f = *state;

	projects_when_running(f->projects, 8, fix_on_answer, f);
	assert_false(f->answered);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->e.code, ERR_NOTFOUND);
	fix_load(f, PROJECT_ROW("active", "stopped", "absent", "web"));
	f->answered = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->e.code, ERR_DENIED);
	f->answered = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	projects_forget(f->projects, f);
	fix_refresh(f, PROJECT_ROW("active", "running", "absent", "web"));
	assert_false(f->answered);
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->e.code, ERR_NONE);
}

static void
a_mode_that_could_not_be_set_is_set_again(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	f->sandboxes.failing = 1;
	fix_refresh(f, PROJECT_ROW("active", "running", "running", "none"));
	fix_see(f, "\"state\":\"failed\"");
	/* It runs, but in the wider mode: nothing may begin in it. */
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->sandboxes.starts, 3);
	assert_string_equal(f->sandboxes.mode, "none");
}

static void
a_report_is_repeated_until_it_was_heard(void **state)
{
	struct fix *f = *state;

	fake_times(&f->c, 2, 503, PROJECT_PUT, "{}");
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	/* The newest is told, each after the one before it was answered. */
	assert_true(fake_count(&f->c, PROJECT_PUT) >= 3);
}

static void
stopped_waits_for_the_holders(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	projects_open(f->projects);
	projects_hold(f->projects, 7);
	fix_refresh(f, PROJECT_ROW("active", "stopped", "running", "web"));
	assert_int_equal(f->sandboxes.stops, 0);
	projects_release(f->projects, 7);
	fix_see(f, "\"state\":\"stopped\"");
	assert_int_equal(f->sandboxes.stops, 1);
}

static void
nothing_is_removed_before_the_runs_are_known(void **state)
{
	struct fix *f = *state;

	f->sandboxes.state = SANDBOX_RUNNING;
	fix_load(f, PROJECT_ROW("deleting", "gone", "running", "web"));
	loop_drain(f->c.loop);
	assert_int_equal(f->sandboxes.destroys, 0);
	fake_times(&f->c, 1, FAKE_LOST, PROJECT_PUT, "");
	projects_open(f->projects);
	fix_see(f, "\"state\":\"absent\"");
	assert_int_equal(f->sandboxes.destroys, 1);
	assert_non_null(projects_find(f->projects, 7));
}

static void
a_lost_session_is_started_again(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	str_reset(&f->c.seen);
	f->sandboxes.state = SANDBOX_FAILED;
	projects_on_lost(f->projects, 7, "oom", "out of memory");
	fix_see(f,
	    "\"failed\",\"cause\":\"oom\",\"reason\":\"the session ended: out "
	    "of memory\"");
	fix_see(f, "\"state\":\"running\"");
}

#define PROJECT_AGAIN(generation, settings)                         \
	"{\"id\":7,\"full_name\":\"own/app\",\"state\":\"active\"," \
	"\"sandbox\":{\"want\":\"running\",\"state\":\"running\","  \
	"\"generation\":" generation                                \
	"},\"settings\":{\"network\":\"web\"" settings "}}"

static void
a_sandbox_is_paused_and_goes_on(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	fix_refresh(f, PROJECT_ROW("active", "paused", "running", "web"));
	fix_see(f, "\"state\":\"paused\"");
	assert_int_equal(f->sandboxes.pauses, 1);
	/* Nothing begins in it meanwhile. */
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_non_null(strstr(f->e.msg, "coffer unpause own/app"));
	str_reset(&f->c.seen);
	fix_refresh(f, PROJECT_ROW("active", "running", "paused", "web"));
	fix_see(f, "\"state\":\"running\"");
	f->answered = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->e.code, ERR_NONE);
	assert_int_equal(f->sandboxes.starts, 1);
}

static void
one_that_is_stopped_is_started_and_paused(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "paused", "stopped", "web"));
	fix_see(f, "\"state\":\"paused\"");
	assert_int_equal(f->sandboxes.starts, 1);
	assert_int_equal(f->sandboxes.pauses, 1);
}

static void
what_was_seen_in_a_sandbox_is_told(void **state)
{
	struct fix *f = *state;

	fix_load(f, PROJECT_ROW("active", "stopped", "stopped", "web"));
	projects_look(f->projects, 7, 41, false);
	fix_see(f, PROJECT_PUT "/work {\"clones\":[{\"path\":\"app\",");
	fix_see(f, "\"unpushed\":3,\"stashes\":0}],\"files\":2,");
	fix_see(f, "\"asked\":41}");
	assert_int_equal(f->sandboxes.pauses, 0);
}

/* Nothing new begins between the look and what is done after it. */
static void
one_that_is_to_go_is_frozen_before_it_is_looked_into(void **state)
{
	struct fix *f = *state;

	projects_open(f->projects);
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	/* There is work: it goes on. */
	projects_look(f->projects, 7, 5, true);
	fix_see(f, "\"asked\":5}");
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->sandboxes.pauses, 2);
	assert_int_equal(f->sandboxes.state, SANDBOX_RUNNING);
	/* There is none, but who asked has left. */
	f->sandboxes.idle = true;
	projects_look(f->projects, 7, 6, true);
	fix_see(f, "\"asked\":6}");
	assert_true(fake_until(&f->c, fix_goes_on, f));
	assert_int_equal(f->sandboxes.pauses, 4);
	/* There is none: it is frozen until it is gone. */
	fake_rule(&f->c, 200, PROJECT_PUT "/work", "{\"awaited\":true}");
	projects_look(f->projects, 7, 7, true);
	fix_see(f, "\"asked\":7}");
	assert_int_equal(f->sandboxes.pauses, 5);
	assert_int_equal(f->sandboxes.state, SANDBOX_PAUSED);
	f->answered = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	fix_refresh(f, PROJECT_ROW("active", "running", "running", "web"));
	assert_int_equal(f->sandboxes.state, SANDBOX_PAUSED);
	assert_false(f->answered);
	fix_refresh(f, PROJECT_ROW("deleting", "gone", "running", "web"));
	fix_see(f, "\"state\":\"absent\"");
	assert_int_equal(f->sandboxes.pauses, 5);
	assert_int_equal(f->sandboxes.destroys, 1);
}

static void
another_generation_is_made_anew_once_nobody_holds_it(void **state)
{
	struct fix *f = *state;

	projects_open(f->projects);
	fix_load(f, PROJECT_AGAIN("0", ""));
	fix_see(f, "\"state\":\"running\"");
	projects_hold(f->projects, 7);
	fix_refresh(f, PROJECT_AGAIN("1", ""));
	loop_drain(f->c.loop);
	assert_int_equal(f->sandboxes.renewals, 0);
	projects_release(f->projects, 7);
	f->waits = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(f->e.code, ERR_NONE);
	assert_int_equal(f->sandboxes.renewals, 1);
	assert_int_equal(f->sandboxes.generation, 1);
}

static void
a_renewal_that_agentd_did_not_live_to_end_goes_on(void **state)
{
	struct fix *f = *state;

	f->sandboxes.state = SANDBOX_STOPPED;
	fix_load(f, PROJECT_AGAIN("1", ""));
	loop_drain(f->c.loop);
	assert_int_equal(f->sandboxes.renewals, 0);
	projects_open(f->projects);
	fix_see(f, "\"state\":\"running\"");
	assert_int_equal(f->sandboxes.renewals, 1);
}

static void
what_cannot_be_made_anew_is_told_and_not_tried_for_ever(void **state)
{
	static const char calm[] = "\"state\":\"running\",\"cause\":\"\"";
	struct fix *f = *state;
	unsigned n;

	projects_open(f->projects);
	fix_load(f, PROJECT_AGAIN("0", ""));
	fix_see(f, calm);
	n = fake_count(&f->c, calm);
	f->sandboxes.refuses = true;
	fix_refresh(f, PROJECT_AGAIN("1", ""));
	fix_see(f, "\"state\":\"running\",\"cause\":\"refused\"");
	fix_see(f, "\"generation\":1,\"kept\":0}");
	assert_int_equal(f->sandboxes.renewals, 0);
	/* The old one's token lives: no other was asked for. */
	assert_int_equal(fake_count(&f->c, PROJECT_MINT), 1);
	assert_int_equal(f->sandboxes.state, SANDBOX_RUNNING);
	/* cofferd has taken it back: what can be had later changes nothing. */
	f->sandboxes.refuses = false;
	fix_refresh(f, PROJECT_AGAIN("0", ""));
	assert_int_equal(f->sandboxes.renewals, 0);
	/* The reason stays over another mode, a pause and what is calm. */
	fix_refresh(f, PROJECT_ROW("active", "running", "running", "none"));
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	fix_refresh(f, PROJECT_ROW("active", "paused", "running", "none"));
	fix_see(f, "\"state\":\"paused\",\"cause\":\"refused\"");
	fix_refresh(f, PROJECT_ROW("active", "running", "paused", "none"));
	assert_true(fake_until(&f->c, fix_goes_on, f));
	loop_drain(f->c.loop);
	projects_note(f->projects, 7, "", "");
	assert_int_equal(fake_count(&f->c, calm), n);
	/* What presses is told all the same. */
	projects_note(f->projects, 7, "oom", "it has no memory left");
	fix_see(f, "\"cause\":\"oom\"");
	/* Other settings are another try. */
	fix_refresh(f, PROJECT_AGAIN("1", ",\"branch\":\"dev\""));
	f->answered = false;
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_int_equal(fake_count(&f->c, calm), n + 1);
	assert_int_equal(f->sandboxes.renewals, 1);
	assert_string_equal(f->sandboxes.branch, "dev");
}

#define TOKEN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
a_new_session_has_a_token_and_keeps_it(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, PROJECT_MINT, "{\"token\":\"" TOKEN_A "\"}");
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	assert_non_null(strstr(f->sandboxes.gitconfig,
	    "[http \"http://coffer/\"]\n\textraHeader = Authorization: "
	    "Bearer " TOKEN_A "\n"));
	/* Another mode is no new session: its token must not die. */
	fix_refresh(f, PROJECT_ROW("active", "running", "running", "none"));
	projects_when_running(f->projects, 7, fix_on_answer, f);
	assert_true(fake_until(&f->c, fix_is_answered, f));
	assert_string_equal(f->sandboxes.mode, "none");
	assert_int_equal(fake_count(&f->c, PROJECT_MINT), 1);
}

/* What agentd found, but could not bring up whole. */
static void
a_session_that_is_up_keeps_its_token(void **state)
{
	struct fix *f = *state;

	f->sandboxes.up = true;
	fix_load(f, PROJECT_ROW("active", "running", "running", "web"));
	fix_see(f, "\"state\":\"running\"");
	assert_true(f->sandboxes.kept);
	assert_int_equal(fake_count(&f->c, PROJECT_MINT), 0);
}

/* It would not be known afterwards that the old one is dead. */
static void
no_token_is_asked_for_while_that_cannot_be_written_down(void **state)
{
	struct fix *f = *state;

	f->sandboxes.full = true;
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"failed\",\"cause\":\"\",\"reason\":\"no space left\"");
	assert_int_equal(fake_count(&f->c, PROJECT_MINT), 0);
	f->sandboxes.full = false;
	fix_see(f, "\"state\":\"running\"");
	assert_int_equal(fake_count(&f->c, PROJECT_MINT), 1);
}

static void
a_session_starts_without_a_token_too(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 403, PROJECT_MINT, "{\"message\":\"no\"}");
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	assert_null(strstr(f->sandboxes.gitconfig, "extraHeader"));
	assert_non_null(strstr(f->sandboxes.gitconfig, "[user]"));
}

static void
a_token_that_is_none_is_not_written(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, PROJECT_MINT,
	    "{\"token\":\"" TOKEN_A "\\n[core]\\n\"}");
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, "\"state\":\"running\"");
	assert_null(strstr(f->sandboxes.gitconfig, "extraHeader"));
}

static void
a_stop_before_the_token_came_starts_nothing(void **state)
{
	struct fix *f = *state;

	projects_open(f->projects);
	fake_times(&f->c, 2, 503, PROJECT_MINT, "{}");
	fix_load(f, PROJECT_ROW("active", "running", "absent", "web"));
	fix_see(f, PROJECT_MINT);
	fix_refresh(f, PROJECT_ROW("active", "stopped", "starting", "web"));
	fix_see(f, "\"state\":\"stopped\"");
	assert_int_equal(f->sandboxes.starts, 0);
}

static void
strange_lists_are_refused(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16",
	    "{\"a\":1}");
	projects_load(f->projects, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	assert_int_equal(f->e.code, ERR_PROTO);
	fix_load(f,
	    "{\"id\":-1},{\"id\":\"x\"},7,null,"
	    "{\"id\":65278,\"full_name\":\"a/slot\"}");
	assert_int_equal(f->e.code, ERR_NONE);
	assert_null(projects_find(f->projects, 65278));
}

#define PROJECTS_TEST(t) \
	cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROJECTS_TEST(a_wanted_sandbox_is_started_and_reported),
		PROJECTS_TEST(a_failing_start_is_told_and_tried_again),
		PROJECTS_TEST(waiters_are_answered_later_whatever_the_state),
		PROJECTS_TEST(a_mode_that_could_not_be_set_is_set_again),
		PROJECTS_TEST(a_report_is_repeated_until_it_was_heard),
		PROJECTS_TEST(stopped_waits_for_the_holders),
		PROJECTS_TEST(nothing_is_removed_before_the_runs_are_known),
		PROJECTS_TEST(a_lost_session_is_started_again),
		PROJECTS_TEST(a_new_session_has_a_token_and_keeps_it),
		PROJECTS_TEST(a_session_that_is_up_keeps_its_token),
		PROJECTS_TEST(
		    no_token_is_asked_for_while_that_cannot_be_written_down),
		PROJECTS_TEST(a_session_starts_without_a_token_too),
		PROJECTS_TEST(a_token_that_is_none_is_not_written),
		PROJECTS_TEST(a_stop_before_the_token_came_starts_nothing),
		PROJECTS_TEST(a_sandbox_is_paused_and_goes_on),
		PROJECTS_TEST(one_that_is_stopped_is_started_and_paused),
		PROJECTS_TEST(what_was_seen_in_a_sandbox_is_told),
		PROJECTS_TEST(
		    one_that_is_to_go_is_frozen_before_it_is_looked_into),
		PROJECTS_TEST(
		    another_generation_is_made_anew_once_nobody_holds_it),
		PROJECTS_TEST(
		    a_renewal_that_agentd_did_not_live_to_end_goes_on),
		PROJECTS_TEST(
		    what_cannot_be_made_anew_is_told_and_not_tried_for_ever),
		PROJECTS_TEST(strange_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
