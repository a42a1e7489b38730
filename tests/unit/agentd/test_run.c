#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/command/repo.h"
#include "lib/base/esc.h"
#include "tests/unit/agentd/run_steps.h"

struct fake_driver fake_driver_state;

/* ---- the phases ---- */

static void
a_read_run_sees_a_read_only_tree_and_has_no_finish(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str prompt = STR_INIT;
	static const char *const states[] = {
		"\"from\":\"queued\",\"state\":\"preparing\"",
		"\"from\":\"preparing\",\"state\":\"running\"",
		"\"from\":\"running\",\"state\":\"finishing\"",
		"/finish {\"state\":\"done\"",
		NULL,
	};

	fix_run(f);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw /work/template:ro\n"
	    "agent net=1 /work/tree:ro /work/template:ro "
	    "/run/coffer/out:rw /run/coffer/task:ro\n");
	fix_assert_states(f, states);
	assert_true(fake_saw(&f->c, "\"message\":\"All is well.\""));
	assert_non_null(
	    strstr(str_cstr(&fake_driver_state.gitconfig), RUN_TOKEN));
	assert_int_equal(fake_driver_state.wall_ms, 60000);
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(strstr(str_cstr(&prompt), "- Arguments: the parser"));
	assert_non_null(strstr(str_cstr(&prompt), "It breaks"));
	assert_int_equal(fix_removed, 1);
}

static void
a_write_run_has_a_finish_phase(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_non_null(strstr(
	    str_cstr(&fake_driver_state.started), "agent net=1 /work/tree:rw"));
	assert_non_null(
	    strstr(str_cstr(&fake_driver_state.started), "finish net=1"));
}

/* One that shields the host better is worth nothing in the session alone. */
static void
each_phase_has_the_runtime_of_the_project(void **state)
{
	struct fix *f = *state;
	const char *at;
	size_t n = 0;

	f->sandboxes.runtime = "runsc";
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	at = str_cstr(&fake_driver_state.started);
	while ((at = strstr(at, " runtime=runsc\n")) != NULL) {
		at++;
		n++;
	}
	assert_int_equal(n, 3);
}

static void
neither_answer_nor_change_is_a_failure(void **state)
{
	struct fix *f = *state;

	fix_message = "";
	/* A branch that was made at its base is no change. */
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/branches/agent/fix-3",
	    "{\"commit\":{\"id\":\"aaaa\"}}");
	fake_times(&f->c, 1, 404,
	    "GET /api/v1/repos/own/app/branches/agent/fix-3", "{}");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the agent "
	    "left neither an answer nor a change\""));
}

static void
a_change_without_a_word_is_done(void **state)
{
	struct fix *f = *state;

	fix_message = "";
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/branches/agent/fix-3",
	    "{\"commit\":{\"id\":\"bbbb\"}}");
	fake_times(&f->c, 1, 404,
	    "GET /api/v1/repos/own/app/branches/agent/fix-3", "{}");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static void
an_unreadable_answer_is_none(void **state)
{
	struct fix *f = *state;

	fix_message = NULL;
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the agent "
	    "left no answer\""));
	assert_true(fake_saw(&f->c, "not a regular file"));
}

static void
ends_have_their_reasons(void **state)
{
	static const struct {
		struct fake_plan plan;
		const char *told;
	} cases[] = {
		{ { .phase = "agent",
		      .exit = { .exit_code = 3, .started_at = 1 } },
		    "\"failed\",\"why\":\"the agent ended with status 3\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1,
			  .signal = 15,
			  .timed_out = true,
			  .started_at = 1 } },
		    "\"timed_out\",\"why\":\"agent: out of time\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1,
			  .signal = 9,
			  .oom = true,
			  .started_at = 1 } },
		    "\"failed\",\"why\":\"agent: out of memory\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1, .error = "no such file" } },
		    "\"failed\",\"why\":\"agent: no such file\"" },
		{ { .phase = "agent", .fail = "no space" },
		    "\"failed\",\"why\":\"agent: no space\"" },
		{ { .phase = "prepare",
		      .output = "fatal: the branch\n```\nis gone\n",
		      .exit = { .exit_code = 128, .started_at = 1 } },
		    "\"failed\",\"why\":\"prepare failed with status 128\","
		    "\"message\":\"The end of its output:\\n\\n"
		    "    fatal: the branch\\n    ```\\n    is gone\\n\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fix *f;

		assert_int_equal(fix_setup(state), 0);
		f = *state;
		fix_plan(&cases[i].plan);
		fix_run(f);
		if (!fake_saw(&f->c, cases[i].told))
			fail_msg("no %s in:\n%s", cases[i].told,
			    str_cstr(&f->c.seen));
		assert_int_equal(fake_count(&f->c, "/finish"), 1);
		(void)fix_teardown(state);
	}
}

static void
a_finish_that_cannot_start_still_ends_the_run(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "finish", .fail = "no space" };

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c, "\"why\":\"finish: no space\""));
}

static bool
fix_was_shown(void *arg)
{
	const struct fix *f = arg;

	return f->sandboxes.attached > 0;
}

static void
the_session_shows_the_agent_at_work(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	const struct shim_exit good = { .started_at = 1 };
	AUTO_FREE char *live = xasprintf("%s/sandboxes/7/live", f->home);
	AUTO_FREE char *log = path_join(live, "run-9.log");
	struct err e = ERR_INIT;
	struct stat st;
	int fds[2];

	assert_int_equal(path_mkdirs(live, 0755, &e), 0);
	assert_int_equal(sock_pair(fds, &e), 0);
	(void)close(fds[1]);
	f->sandboxes.attach_fd = fds[0];
	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_was_shown, f));
	assert_int_equal(lstat(log, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_gid, host_project_uid_base(7) + HOST_AGENT_UID);
	fake_end("agent", &good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(f->sandboxes.attached, 1);
	assert_int_equal(lstat(log, &st), -1);
}

/* ---- the repository's own command ---- */

/* text as the file .coffer/commands/fix.md of the project. */
static void
fix_repo(struct fix *f, struct repo_policy *p, const char *text)
{
	AUTO_STR struct str content = STR_INIT;
	AUTO_FREE char *body = NULL;

	*p = (struct repo_policy){ .all = &f->commands };
	f->env.repo = p;
	esc_base64(&content, view_of(text));
	body = xasprintf("{\"type\":\"file\",\"size\":%zu,\"content\":\"%s\"}",
	    strlen(text), str_cstr(&content));
	fake_rule(&f->c, 200,
	    "GET /api/v1/repos/own/app/contents/.coffer/commands/fix.md", body);
}

/* As if the order had come with a file of that text. */
static void
fix_ordered_with(struct fix *f, const char *text)
{
	sha256_hex(view_of(text), f->commands.v[0].sha);
	fix_order(f);
}

static void
the_repositorys_command_is_what_the_run_is_told(void **state)
{
	struct fix *f = *state;
	struct repo_policy p;
	AUTO_STR struct str prompt = STR_INIT, kept = STR_INIT;
	static const char
	    text[] = "---\ndescription: d\nturns: 3\n---\nOur way.";

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_begin(f);
	fix_repo(f, &p, text);
	fix_ordered_with(f, text);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(strstr(str_cstr(&prompt), "Our way."));
	fix_file(f, "command.md", &kept);
	assert_non_null(strstr(str_cstr(&kept), "access: write\n"));
	assert_non_null(strstr(str_cstr(&kept), "turns: 3\n"));
}

static void
a_command_that_was_changed_after_the_order_does_not_run(void **state)
{
	struct fix *f = *state;
	struct repo_policy p;

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_begin(f);
	fix_repo(f, &p, "---\ndescription: d\n---\nLook elsewhere.");
	fix_ordered_with(f, "---\ndescription: d\n---\nLook.");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "was changed after it was ordered"));
	assert_int_equal(fake_driver_state.started.len, 0);
}

static void
a_command_that_was_removed_after_the_order_does_not_run(void **state)
{
	struct fix *f = *state;
	struct repo_policy p = { .all = &f->commands };
	struct commands *now = xmalloc(sizeof(*now));

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_begin(f);
	fake_rule(&f->c, 404,
	    "GET /api/v1/repos/own/app/contents/.coffer/commands/fix.md", "{}");
	*now = f->commands;
	f->env.commands = now;
	f->env.repo = &p;
	fix_ordered_with(f, "---\ndescription: d\n---\nLook.");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "was changed after it was ordered"));
	assert_int_equal(fake_driver_state.started.len, 0);
	f->env.commands = &f->commands;
	free(now);
}

static void
an_operators_command_that_takes_less_by_now_does_not_run(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_begin(f);
	f->commands.v[0].access = COMMAND_READ;
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "was changed after it was ordered"));
	assert_int_equal(fake_driver_state.started.len, 0);
}

/* ---- the form of the answer ---- */

#define RUN_PULL                                                         \
	"{\"id\":9,\"project\":{\"id\":7,\"full_name\":\"own/app\"},"    \
	"\"event\":5,\"item\":3,\"is_pull\":true,\"command\":\"fix\","   \
	"\"access\":\"read\",\"agent\":\"command\",\"network\":\"web\"," \
	"\"branch\":null,\"base\":\"main\",\"base_sha\":\"aaaa\","       \
	"\"state\":\"queued\"}"
#define RUN_SHA "0123456789012345678901234567890123456789"

/* A run of a pull request whose command asks for a form. */
static void
fix_form_run(struct fix *f, const char *front)
{
	AUTO_FREE char *text = xasprintf(
	    "---\ndescription: d\n%s---\nLook.\n", front);
	struct command c;
	struct err e = ERR_INIT;

	if (command_parse("f", "fix", view_of(text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(commands_add(&f->commands, &c, &e), 0);
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_PULL);
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/pulls/3",
	    "{\"head\":{\"sha\":\"" RUN_SHA "\"}}");
	fix_run(f);
}

static void
a_review_is_reported_with_the_commit_that_was_seen(void **state)
{
	struct fix *f = *state;

	fix_message = "In short.";
	fix_form = "{\"comments\":[{\"path\":\"a\",\"line\":2,\"body\":"
		   "\"b " RUN_TOKEN "\"}]}";
	fix_form_run(f, "output: review\n");
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_true(fake_saw(&f->c, "\"message\":\"In short.\""));
	assert_true(fake_saw(&f->c,
	    "\"review\":{\"commit\":\"" RUN_SHA "\",\"comments\":[{\"path\":"
	    "\"a\",\"line\":2,\"side\":\"new\",\"body\":\"b ***"));
}

static void
a_review_may_stand_in_the_answer(void **state)
{
	struct fix *f = *state;

	fix_message = "In short.\n```json\n{\"comments\":[{\"path\":\"a\","
		      "\"line\":2,\"body\":\"b\"}]}\n```\n";
	fix_form_run(f, "output: review\n");
	assert_true(fake_saw(&f->c, "\"message\":\"In short.\""));
	assert_true(fake_saw(&f->c, "\"line\":2,\"side\":\"new\""));
}

static void
a_wrong_review_is_an_answer_without_comments(void **state)
{
	struct fix *f = *state;

	fix_message = "In short.";
	fix_form = "{\"comments\":[{\"path\":\"a\",\"body\":\"b\"}]}";
	fix_form_run(f, "output: review\n");
	assert_true(fake_saw(&f->c,
	    "/finish {\"state\":\"done\",\"why\":\"\",\"message\":\"In "
	    "short.\\n\\n(Its comments on lines could not be read: "
	    "comments[0].line"));
	assert_false(fake_saw(&f->c, "\"review\":"));
}

static void
a_value_that_does_not_fit_is_a_failure(void **state)
{
	struct fix *f = *state;

	fix_message = "```json\n{}\n```";
	fix_form_run(f,
	    "output: structured\n"
	    "schema: {\"type\":\"object\",\"required\":[\"n\"]}\n");
	assert_true(fake_saw(&f->c,
	    "/finish {\"state\":\"failed\",\"why\":\"its answer is not in the "
	    "form of /fix: $.n: is missing\""));
}

static void
a_value_that_fits_is_the_answer(void **state)
{
	struct fix *f = *state;

	fix_message = "So be it.";
	fix_form = "{ \"n\": 1 }";
	fix_form_run(f,
	    "output: structured\n"
	    "schema: {\"type\":\"object\",\"required\":[\"n\"]}\n");
	assert_true(fake_saw(&f->c,
	    "/finish {\"state\":\"done\",\"why\":\"\",\"message\":\"So be "
	    "it.\\n\\n```json\\n{\\\"n\\\":1}\\n```\\n\""));
}

/* ---- attachments ---- */

#define RUN_UUID(n) "00000000-0000-0000-0000-00000000000" #n

static void
files_of_the_item_are_handed_on_within_limits(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str prompt = STR_INIT, one = STR_INIT;

	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/issues/3",
	    "{\"title\":\"T\",\"body\":\"b\",\"user\":{\"login\":\"bob\"},"
	    "\"assets\":["
	    "{\"uuid\":\"" RUN_UUID(
		1) "\",\"name\":\"../a b\\n.png\",\"size\":3},"
		   "{\"uuid\":\"" RUN_UUID(
		       2) "\",\"name\":\"run.exe\",\"size\":3},"
			  "{\"uuid\":\"" RUN_UUID(
			      3) "\",\"name\":\"big.log\",\"size\":99999999},"
				 "{\"uuid\":\"../"
				 "admin\",\"name\":\"x.log\",\"size\":1}]}");
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/issues/3/comments",
	    "[{\"user\":{\"login\":\"eve\"},\"assets\":["
	    "{\"uuid\":\"" RUN_UUID(
		4) "\",\"name\":\"gone.txt\",\"size\":3}]}]");
	fake_rule(&f->c, 200, "GET /attachments/" RUN_UUID(1), "PNG");
	fake_rule(&f->c, 404, "GET /attachments/" RUN_UUID(4), "{}");
	fix_run(f);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	fix_file(f, "task/attachments/01-.._a_b_.png", &one);
	assert_string_equal(str_cstr(&one), "PNG");
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(
	    strstr(str_cstr(&prompt), "| 01-.._a_b_.png, named ../a b\n"));
	assert_non_null(strstr(str_cstr(&prompt),
	    "named run.exe, by bob: not taken, it is of no type"));
	assert_non_null(strstr(
	    str_cstr(&prompt), "named big.log, by bob: not taken, it is over"));
	assert_non_null(strstr(str_cstr(&prompt),
	    "named gone.txt, by eve: not taken, it could not be had"));
	assert_null(strstr(str_cstr(&prompt), "x.log"));
	assert_false(fake_saw(&f->c, "admin"));
	assert_false(fake_saw(&f->c, "/attachments/" RUN_UUID(2)));
	assert_false(fake_saw(&f->c, "/attachments/" RUN_UUID(3)));
}

static void
a_run_without_attachments_has_no_folder_for_them(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *dir = NULL;
	struct stat st;

	fix_run(f);
	dir = xasprintf("%s/runs/9/task/attachments", f->home);
	assert_int_equal(lstat(dir, &st), -1);
}

/* ---- cancel ---- */

static void
cancelled_while_loading_ends_without_a_container(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 503, "POST /api/coffer/v1/runs/9/token", "{}");
	fix_begin(f);
	fix_order(f);
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(fake_driver_state.started.len, 0);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
cancelled_while_preparing_never_starts_the_agent(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "prepare", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_held, f));
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_null(strstr(str_cstr(&fake_driver_state.started), "agent"));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
	assert_string_equal(
	    str_cstr(&fake_driver_state.killed), "prepare\nagent now\n");
}

static void
cancelled_while_running_saves_the_work(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_non_null(strstr(str_cstr(&fake_driver_state.started), "finish"));
	assert_string_equal(str_cstr(&fake_driver_state.killed), "agent\n");
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
a_cancel_outlives_the_process(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_driver_state.deaf = true;
	runs_cancel(f->runs, 9);
	fix_end(f);
	fake_driver_state.deaf = false;
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
a_stopped_sandbox_ends_its_runs_first(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects/own/app",
	    "{\"id\":7,\"full_name\":\"own/app\",\"state\":\"deleting\","
	    "\"sandbox\":{\"want\":\"running\",\"state\":\"running\"},"
	    "\"settings\":{\"network\":\"web\"}}");
	projects_refresh(f->projects, "own/app", NULL, NULL);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "the sandbox was stopped"));
	loop_drain(f->c.loop);
	assert_int_equal(f->sandboxes.destroys, 1);
	assert_null(projects_find(f->projects, 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(a_read_run_sees_a_read_only_tree_and_has_no_finish),
		RUN_TEST(a_write_run_has_a_finish_phase),
		RUN_TEST(each_phase_has_the_runtime_of_the_project),
		RUN_TEST(neither_answer_nor_change_is_a_failure),
		RUN_TEST(a_change_without_a_word_is_done),
		RUN_TEST(an_unreadable_answer_is_none),
		cmocka_unit_test(ends_have_their_reasons),
		RUN_TEST(a_finish_that_cannot_start_still_ends_the_run),
		RUN_TEST(the_session_shows_the_agent_at_work),
		RUN_TEST(the_repositorys_command_is_what_the_run_is_told),
		RUN_TEST(
		    a_command_that_was_changed_after_the_order_does_not_run),
		RUN_TEST(
		    a_command_that_was_removed_after_the_order_does_not_run),
		RUN_TEST(
		    an_operators_command_that_takes_less_by_now_does_not_run),
		RUN_TEST(a_review_is_reported_with_the_commit_that_was_seen),
		RUN_TEST(a_review_may_stand_in_the_answer),
		RUN_TEST(a_wrong_review_is_an_answer_without_comments),
		RUN_TEST(a_value_that_does_not_fit_is_a_failure),
		RUN_TEST(a_value_that_fits_is_the_answer),
		RUN_TEST(files_of_the_item_are_handed_on_within_limits),
		RUN_TEST(a_run_without_attachments_has_no_folder_for_them),
		RUN_TEST(cancelled_while_loading_ends_without_a_container),
		RUN_TEST(cancelled_while_preparing_never_starts_the_agent),
		RUN_TEST(cancelled_while_running_saves_the_work),
		RUN_TEST(a_cancel_outlives_the_process),
		RUN_TEST(a_stopped_sandbox_ends_its_runs_first),
	};

	if (!fix_may_run())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
